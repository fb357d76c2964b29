import JSONLines
import KernelPool
import Platform
import PoolFuzzing
import PoolInvariants
import PoolOracles
import PropertyTesting

/// What there is to know of a trace that fails, on one page: the rule and where it is published, the
/// steps with the pages that they changed, the certificate, the cause, and what to do next.
struct TraceExplanation {
  private let path: String
  private let found: FoundTrace
  private let command: String?
  private let execution: Execution
  private let time: CorruptionTime
  /// What the trace's author expects and the model does otherwise, where no rule is broken.
  private let unmet: TraceVerdict?

  /// Operations that are drawn at most: the last ones.
  private static let mostDrawn = 16

  /// Reads a trace, and the certificate that lies beside it, and runs it.
  init(path: String) throws(CommandFailure) {
    self.path = path
    let (read, header) = try FoundTrace.reading(path)
    let place = (path.hasSuffix(".trace") ? String(path.dropLast(6)) : path) + ".certificate"
    var certificate: Certificate?
    if path != "-", Files.exists(place) {
      let text = try textOfFile(place)
      do throws(CertificateError) {
        certificate = try Certificate(parsing: text)
      } catch {
        throw CommandFailure(message: "\(place): \(error)", code: .badInput)
      }
    }
    execution = PoolShrinker.execute(read.trace)
    let identity =
      read.identity != FailureIdentity("") ? read.identity : execution.failure?.identities.first
    found = FoundTrace(read.trace, identity ?? FailureIdentity(""), certificate)
    command = header.command?.value
    time = CorruptionTime(of: read.trace)
    unmet = execution.failure == nil ? try TraceVerdict.unmetExpectation(path) : nil
  }

  private var fails: Bool {
    execution.shows(found.identity)
      || healthyFails
        && execution.shows(FailureIdentity("\(PoolShrinker.healthyPrefix)\(found.identity)"))
  }
  /// Whether the model fails the trace without the planted bug too.
  private var healthyFails: Bool {
    execution.failure?.identities.contains { "\($0)".hasPrefix(PoolShrinker.healthyPrefix) }
      ?? false
  }
  private var mutant: Mutant { found.trace.configuration.mutant }
  /// The broken rule: the identity without the operation that showed it.
  private var rule: String {
    let identity = "\(found.identity)"
    return identity.range(of: " after ").map { String(identity[..<$0.lowerBound]) } ?? identity
  }

  // MARK: The rule

  /// What the rule demands, or what it objects to, and who published it.
  private var statement: (text: String, source: String?) {
    if let invariant = Invariant.named(rule) { return (invariant.statement, invariant.source) }
    if let oracle = OracleRule(rawValue: rule) { return (oracle.objection, oracle.source) }
    return rule.hasPrefix("bugcheck-")
      ? ("The kernel stops with a bug check.", "Microsoft, bug check reference")
      : ("The kernel does not go on.", nil)
  }

  // MARK: The cause

  private var cause: [String] {
    var lines: [String] = []
    if mutant != .none {
      lines.append("the planted bug \(mutant.rawValue), in the mechanism '\(mutant.mechanism)';")
      lines.append(
        healthyFails
          ? "the healthy model fails the trace too" : "the healthy model passes the trace")
    } else if let step = misuse {
      lines.append(
        "operation \(step) is misuse by its caller: what follows is the driver's doing, not the pool's"
      )
    } else {
      lines.append(
        "no bug is planted and no operation is misuse: the model, or the check, is wrong")
    }
    if let first = time.cause { lines.append("the pool is wrong since operation \(first + 1)") }
    return lines
  }

  private var misuse: UInt64? {
    var machine = CheckedPool(configuration: found.trace.configuration)
    var failures: [PoolFailure] = []
    for operation in found.trace.operations {
      _ = machine.perform(operation, &failures)
      if machine.misuse != nil || !failures.isEmpty { break }
    }
    return machine.misuse
  }

  private var certificate: [String] {
    guard let certificate = found.certificate else {
      return ["none: the trace may not be minimal; 'poolfuzz shrink' reduces it and writes one"]
    }
    guard certificate.identity == found.identity,
      certificate.operations.count == found.trace.operations.count
    else { return ["the one beside it is of another trace"] }
    return [
      certificate.isMinimal
        ? "no operation and no lifetime can be left out" : "something can be left out",
      "\(certificate.length)",
    ]
  }

  // MARK: What to do next

  private var next: [(command: String, purpose: String)] {
    let file = StandardStreams.quoted(path)
    let page = PathText.name(of: path.hasSuffix(".trace") ? String(path.dropLast(6)) : path)
    var commands = [
      (command?.replacing("FILE", with: file) ?? "poolfuzz replay \(file)", "judges it again"),
      ("poolfuzz replay --step \(file)", "what each operation changed"),
      (
        "poolfuzz view \(file) -o \(StandardStreams.quoted(page + ".html"))",
        "the pool over time, in a browser"
      ),
    ]
    if found.certificate == nil, fails {
      commands.append(("poolfuzz shrink \(file)", "the shortest trace that fails so"))
    }
    if mutant != .none {
      commands.append(("poolfuzz replay --mutant none \(file)", "the same on the healthy model"))
      commands.append(
        ("poolfuzz mutants --mutant \(mutant.rawValue) --seeds 2", "how soon fuzzing finds it"))
    }
    return commands
  }

  // MARK: Output

  /// The page for people.
  var lines: [String] {
    let operations = found.trace.operations
    let machine = "\(found.trace.configuration)".replacing("config format=1 ", with: "")
    guard let failure = execution.failure else {
      let recorded = found.identity == FailureIdentity("") ? "" : ": '\(found.identity)' is gone"
      let count = counted(operations.count, "operation")
      let verdict =
        unmet.map { $0.lines + ["no rule is broken: it is the trace that expects something else"] }
        ?? ["\(path): nothing is wrong with \(count)\(recorded)"]
      return verdict + ["", "Next"] + nextLines
    }
    let identity = fails ? found.identity : failure.identities[0]
    let place =
      failure.step < operations.count
      ? "operation \(failure.step + 1) of \(operations.count)"
      : "the end, after \(counted(operations.count, "operation"))"
    var lines = ["\(path): \(identity), shown at \(place)"]
    if !fails { lines.append("recorded was '\(found.identity)', which does not occur") }
    lines += section("Rule", [rule, statement.text])
    if let source = statement.source { lines += section("Source", [source]) }
    lines += section("Machine", [machine])
    lines += section("Cause", cause)
    lines += section("Certificate", certificate)
    let first = max(0, min(failure.step + 1, operations.count) - Self.mostDrawn)
    lines += ["", first == 0 ? "Steps" : "The last \(Self.mostDrawn) steps"]
    lines += StepStrip.lines(found.trace, found.certificate, from: first).map { "  " + $0 }
    return lines + ["", "Next"] + nextLines
  }

  private var nextLines: [String] {
    let width = next.map(\.command.count).max() ?? 0
    return next.map {
      "  \($0.command)\(String(repeating: " ", count: width - $0.command.count))   # \($0.purpose)"
    }
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    lines.enumerated().map { index, line in
      let head = index == 0 ? title : ""
      return head + String(repeating: " ", count: 13 - head.count) + line
    }
  }

  /// The same for programs.
  var json: JSONValue {
    func number(_ step: Int?) -> JSONValue { step.map { .integer(Int64($0 + 1)) } ?? .null }
    let isWrong = execution.failure != nil
    return .object([
      ("trace", .string(path)), ("identity", isWrong ? .string("\(found.identity)") : .null),
      ("occurs", .bool(fails)), ("unmet_expectation", .optional(unmet?.lines.first)),
      ("rule", isWrong ? .string(rule) : .null),
      ("statement", isWrong ? .string(statement.text) : .null),
      ("source", .optional(isWrong ? statement.source : nil)),
      ("mutant", .string(mutant.rawValue)),
      ("operations", .integer(Int64(found.trace.operations.count))),
      ("shows_at", number(execution.failure?.step)),
      ("first_corrupt_operation", number(isWrong ? time.cause : nil)),
      ("one_minimal", found.certificate.map { .bool($0.isMinimal) } ?? .null),
      ("length", found.certificate.map { .string("\($0.length)") } ?? .null),
      ("next", .array(next.map { .string($0.command) })),
    ])
  }
}
