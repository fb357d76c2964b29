import Foundation
import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting

extension Verb {
  /// `poolfuzz shrink`: reduces a failing trace.
  static let shrink = Verb(
    name: "shrink", operands: "TRACE",
    summary: "reduces a failing trace and writes it with its certificate",
    examples: [
      ("poolfuzz shrink big.trace", "writes big.min.trace and big.min.certificate"),
      ("poolfuzz shrink --mutant lookaside-fifo big.trace --output small.trace", "a planted bug"),
    ],
    options: [
      Option(name: "--mutant", argument: .value("NAME"), help: "plants a bug in the model"),
      Option(name: "--output", argument: .value("FILE"), help: "where the result goes"),
      Option(
        name: "--executions", argument: .value("N"), help: "most traces executed (20000)"),
      Option(
        name: "--failure", argument: .value("WORDS"),
        help: "the failure to keep, as printed; the first one by default"),
    ],
    run: { arguments, streams in try ShrinkCommand(arguments, streams).run() })
}

/// Reads, reduces, writes.
private struct ShrinkCommand {
  let arguments: ParsedArguments
  let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) {
    self.arguments = arguments
    self.streams = streams
  }

  func run() throws(CommandFailure) -> ExitCode {
    guard arguments.operands.count == 1 else { throw .usage("shrink takes one trace") }
    let path = arguments.operands[0]
    let trace = try read(path)
    let identity: FailureIdentity
    if let words = arguments.value("--failure") {
      identity = FailureIdentity(words)
    } else if let found = PoolShrinker.identity(of: trace) {
      identity = found
    } else {
      streams.note("\(path): nothing is wrong with this trace")
      return .held
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let limit = Int(clamping: try arguments.number("--executions") ?? 20_000)
    let outcome = PoolShrinker.shrink(
      trace, identity, budget: ShrinkBudget(executionLimit: limit))
    guard let certificate = outcome.certificate else {
      throw CommandFailure(
        message: "\(path): the trace does not show '\(identity)'", code: .badInput)
    }
    let found = FoundTrace(outcome.trace, identity, certificate)
    let base = output(path)
    do throws(AtomicFile.Failure) {
      try AtomicFile.write("\(certificate)", to: base + ".certificate")
      try AtomicFile.write(found.text, to: base + ".trace")
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
    let (seconds, attoseconds) = (clock.now - begin).components
    show(trace, outcome, base, seconds: Double(seconds) + Double(attoseconds) / 1e18)
    return .found
  }

  private func read(_ path: String) throws(CommandFailure) -> PoolFuzzTrace {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(message: "\(path): cannot be read", code: .environment)
    }
    let text = String(decoding: data, as: UTF8.self)
    var found: PoolFuzzTrace
    do {
      found = try FoundTrace(text: text, certificate: nil).trace
    } catch let error as TraceError {
      throw CommandFailure(message: error.description(file: path), code: .badInput)
    } catch {
      throw CommandFailure(message: "\(path): \(error)", code: .badInput)
    }
    let named = try arguments.choice("--mutant", default: Mutant.none)
    if named != .none { found.configuration.mutant = named }
    return found
  }

  private func output(_ path: String) -> String {
    let given = arguments.value("--output")
    let base = given ?? path
    let stem = base.hasSuffix(".trace") ? String(base.dropLast(6)) : base
    return given == nil ? stem + ".min" : stem
  }

  private func show(
    _ trace: PoolFuzzTrace, _ outcome: PoolShrinker.Outcome, _ base: String, seconds: Double
  ) {
    let before = trace.operations.count
    let after = outcome.trace.operations.count
    if arguments.has("--json") {
      streams.print(
        JSONValue.object([
          ("identity", .string(outcome.identity.description)),
          ("operations_before", .integer(Int64(before))),
          ("operations_after", .integer(Int64(after))),
          ("executions", .integer(Int64(outcome.executionCount))), ("seconds", .number(seconds)),
          ("one_minimal", .bool(outcome.isOneMinimal)),
          ("certificate", .string(base + ".certificate")), ("trace", .string(base + ".trace")),
        ]).text)
      return
    }
    streams.print("\(outcome.identity): \(before) operations, now \(after)")
    streams.print(outcome.trace.text())
    if let cause = outcome.causeStep {
      streams.print("wrong since operation \(cause + 1)")
    }
    streams.print("written to \(base).trace and \(base).certificate")
    guard !arguments.has("--quiet") else { return }
    streams.note(outcome.statistics)
    streams.note("\(outcome.executionCount) executions, \(seconds) s")
  }
}
