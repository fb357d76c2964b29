import Platform
import JSONLines
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting
import Synchronization

extension Verb {
  /// `poolfuzz enumerate`: every small trace.
  static let enumerate = Verb(
    name: "enumerate", operands: "",
    summary: "executes every trace up to a length and checks everything after each operation",
    examples: [
      ("poolfuzz enumerate", "all traces of up to 7 operations over five sizes on x86"),
      (
        "poolfuzz enumerate --mutant no-backward-merge --operations 5",
        "the shortest trace of each failure of a planted bug"
      ),
      (
        "poolfuzz enumerate --machine 'profile=windows-7-x86 lookaside=0' --sizes 0,4097",
        "another machine, other sizes"
      ),
    ],
    options: [
      Option(
        name: "--operations", argument: .quantity("K", .count()), help: "the greatest length (7)"),
      Option(
        name: "--sizes", argument: .value("LIST"),
        help: "bytes of requests, separated by commas (0,249,2041,4081,4097)"),
      Option(
        name: "--types", argument: .value("LIST"),
        help: "pool types, separated by commas (NonPaged)"),
      Option(
        name: "--machine", argument: .value("WORDS"),
        help: "a config line's words (windows-2003-x86 with small regions and tables)"),
      .mutant(),
      Option(
        name: "--end", argument: .none,
        help: "also empties the pool after each trace and checks what remains"),
      Option(
        name: "--jobs", argument: .quantity("N", .count()),
        help: "threads (all processors); the result is the same for any number"),
    ],
    run: { arguments, streams in try EnumerateCommand(arguments, streams).run() })
}

/// Enumerates and tells what was found.
private struct EnumerateCommand {
  private let streams: StandardStreams
  private let isJSON: Bool
  private let isQuiet: Bool
  private let limit: Int
  private let jobs: Int
  private let checksEnd: Bool
  private let setup: PoolSetup
  private let alphabet: PoolAlphabet

  private static let smallMachine =
    "nonpaged_pages=32 paged_pages=16 session_pages=16 contiguous_pages=16 tracker=64 bigtable=64"
  private static let standardSizes = "0,249,2041,4081,4097"

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    guard arguments.operands.isEmpty else { throw .usage("enumerate takes no operands") }
    self.streams = streams
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    checksEnd = arguments.has("--end")
    let count = try arguments.number("--operations") ?? 7
    guard (1...32).contains(count) else { throw .usage("--operations is a number from 1 to 32") }
    limit = Int(count)
    jobs = min(try arguments.jobs(), 1024)
    let sizes = try (arguments.value("--sizes") ?? Self.standardSizes).split(separator: ",")
      .map { word throws(CommandFailure) -> UInt64 in
        try Quantity.bytes().value(of: String(word), for: "each of --sizes")
      }
    let mutant = try arguments.choice("--mutant", default: Mutant.none)
    let types = (arguments.value("--types") ?? "NonPaged").split(separator: ",")
    let machine = arguments.value("--machine") ?? Self.smallMachine
    // The language's own parser reads machine and types, and words its objections.
    let text = "config \(machine)\n" + types.map { "alloc a \($0) 0 Test\nfree a\n" }.joined()
    let parsed: PoolFuzzTrace
    do throws(TraceError) {
      parsed = try PoolFuzzTrace.reading(text, mutant: mutant)
    } catch {
      throw .usage("--machine or --types: \(error.description(file: "line"))")
    }
    setup = parsed.configuration
    let words = parsed.operations.compactMap { operation -> PoolType? in
      guard case .alloc(_, let type, _, _) = operation.operation else { return nil }
      return type
    }
    alphabet = PoolAlphabet(types: words, sizes: sizes)
  }

  func run() throws(CommandFailure) -> ExitCode {
    guard CheckedPool(configuration: setup).problem == nil else {
      throw .usage("--machine: this machine cannot be set up")
    }
    Interruption.install()
    let clock = ContinuousClock()
    let begin = clock.now
    let tried = OperationCount()
    let (scope, checksEnd, jobs) = (scope(counting: tried), checksEnd, jobs)
    // How many there will be nobody knows before: what fails is not gone on from.
    let report = waiting {
      scope.search(CheckedPool.self, checksEnd: checksEnd, jobs: jobs)
    } meanwhile: {
      streams.progress("\(tried.value.load(ordering: .relaxed)) operations tried")
    }
    let (seconds, attoseconds) = (clock.now - begin).components
    show(report, seconds: Double(seconds) + Double(attoseconds) / 1e18)
    if Interruption.isRequested { return .interrupted }
    return report.minima.isEmpty ? .held : .found
  }

  private func scope(counting tried: OperationCount) -> SmallScope<PoolSetup, PoolOperation> {
    var scope = alphabet.scope(setup, operationLimit: limit)
    scope.isInterrupted = {
      tried.value.add(1, ordering: .relaxed)
      return Interruption.isRequested
    }
    return scope
  }

  private func show(_ report: SmallScopeReport<PoolSetup, PoolOperation>, seconds: Double) {
    guard !isJSON else {
      streams.print(json(report, seconds: seconds))
      return
    }
    for (identity, trace) in report.minima {
      let isOfHealthyModel = PoolShrinker.healthyIdentity(of: trace) != nil
      streams.print(
        "\(isOfHealthyModel ? PoolShrinker.healthyPrefix : "")\(identity):"
          + " \(counted(trace.operations.count, "operation"))")
      if !isQuiet { trace.operations.forEach { streams.print("  \($0)") } }
    }
    let counts = report.executionCounts.map { "\($0)" }.joined(separator: " ")
    streams.print(
      "\(counted(report.executionCount, "trace")) of up to \(counted(limit, "operation")) over"
        + " \(counted(alphabet.operations.count, "kind")) of operation (by length: \(counts)),"
        + " \(counted(report.minima.count, "failure"))\(report.isComplete ? "" : ", not all traces")"
    )
    streams.note("\((seconds * 10).rounded() / 10) s")
  }

  private func json(
    _ report: SmallScopeReport<PoolSetup, PoolOperation>, seconds: Double
  ) -> JSONValue {
    .object([
      ("operations", .integer(Int64(limit))),
      ("alphabet", .array(alphabet.operations.map { .string($0.description) })),
      ("traces", .array(report.executionCounts.map { .integer(Int64($0)) })),
      ("complete", .bool(report.isComplete)), ("seconds", .number(seconds)),
      (
        "failures",
        .array(
          report.minima.map { identity, trace in
            .object([
              ("identity", .string(identity.description)),
              ("healthy_model", .bool(PoolShrinker.healthyIdentity(of: trace) != nil)),
              ("operations", .array(trace.operations.map { .string($0.description) })),
            ])
          })
      ),
    ])
  }
}

/// How many operations the threads of an enumeration have tried.
private final class OperationCount: Sendable {
  let value = Atomic<UInt64>(0)
}
