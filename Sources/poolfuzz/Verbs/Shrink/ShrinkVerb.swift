import Platform
import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting
import Synchronization
import TextDecoding

extension Verb {
  /// `poolfuzz shrink`: reduces a failing trace.
  static let shrink = Verb(
    name: "shrink", operands: "TRACE | --challenge",
    summary: "reduces a failing trace and writes it with its certificate",
    examples: [
      ("poolfuzz shrink big.trace", "writes big.min.trace and big.min.certificate"),
      ("poolfuzz shrink --mutant lookaside-fifo big.trace -o small.trace", "a planted bug"),
      (
        "poolfuzz shrink --statistics --others 0 big.trace", "what each pass did; this failure only"
      ),
      ("poolfuzz shrink --challenge", "the shrinker beside published ones on fixed hard traces"),
      (
        "poolfuzz shrink --challenge --seeds 1000 --own --mutant no-forward-merge",
        "one bug from a thousand traces of 1,000 operations: executions, optima, final forms"
      ),
    ],
    options: [
      .mutant(isRepeatable: true), .output("where the result goes (beside the trace)"),
      Option(
        name: "--executions", argument: .quantity("N", .count()),
        help: "most traces executed (20000); 0 certifies the trace as it is"),
      Option(
        name: "--search", argument: .quantity("N", .count()),
        help: "traces executed to prove the result shortest, or find a shorter one (3000)"),
      Option(
        name: "--failure", argument: .value("WORDS"),
        help: "the failure to keep, as printed; the first one by default"),
      Option(
        name: "--others", argument: .quantity("N", .count()),
        help: "most failures met on the way that are reduced in turn (8)"),
      Option(name: "--statistics", argument: .none, help: "what each pass did"),
      Option(
        name: "--challenge", argument: .none,
        help: "runs the shrinking challenge instead; takes no trace"),
      Option(
        name: "--seeds", argument: .quantity("N", .count()),
        help: "in the challenge: seeds 1 to N of each bug instead of its fixed hard ones"),
      Option(
        name: "--own", argument: .none,
        help: "in the challenge: this suite's shrinker only, without the published strategies"),
      Option(
        name: "--jobs", argument: .quantity("N", .count()),
        help: "in the challenge: threads (all processors)"),
    ],
    run: { arguments, streams in
      if arguments.has("--challenge") { return try ChallengeCommand(arguments, streams).run() }
      return try ShrinkCommand(arguments, streams).run()
    })
}

/// Reads a failing trace, reduces it and the failures met on the way, writes what is left.
struct ShrinkCommand {
  private let arguments: ParsedArguments
  private let report: ShrinkReport
  private let streams: StandardStreams
  private let budget: ShrinkBudget
  private let mostOthers: Int

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    guard arguments.operands.count == 1 else { throw .usage("shrink takes one trace") }
    for name in ["--seeds", "--own", "--jobs"] where arguments.has(name) {
      throw .usage("\(name) goes with --challenge")
    }
    self.arguments = arguments
    self.streams = streams
    report = ShrinkReport(arguments, streams)
    let limit = Int(clamping: try arguments.number("--executions") ?? 20_000)
    let searchLimit =
      try arguments.number("--search").map { Int(clamping: $0) }
      ?? PoolShrinker.standardBudget.searchLimit
    budget =
      limit == 0
      ? .off
      : ShrinkBudget(
        executionLimit: limit, operationLimit: 2_000_000_000, searchLimit: searchLimit)
    mostOthers = Int(clamping: try arguments.number("--others") ?? 8)
  }

  func run() throws(CommandFailure) -> ExitCode {
    Interruption.install()
    let path = arguments.operands[0]
    let given = try read(path)
    var trace = given.trace
    let identity: FailureIdentity
    if let words = arguments.value("--failure") {
      identity = FailureIdentity(words)
    } else if TraceProcess.isNeeded(for: given.identity) {
      identity = given.identity
    } else if given.identity != FailureIdentity(""),
      PoolShrinker.execute(trace).shows(given.identity)
    {
      identity = given.identity
    } else if let found = PoolShrinker.triage(trace) {
      identity = found.identity
      if found.trace.configuration.mutant != trace.configuration.mutant {
        streams.note(
          "\(path): the healthy model shows '\(identity)' as well: reduced without the planted bug")
        trace = found.trace
      }
    } else {
      if let unmet = try TraceVerdict.unmetExpectation(path) {
        unmet.lines.forEach(streams.note)
        streams.note("\(path): no rule is broken, and broken rules are what is reduced")
        return unmet.code
      }
      streams.note("\(path): nothing is wrong with this trace, there is nothing to reduce")
      return .held
    }
    // What follows ends by the budget of the reduction.
    ProcessLimits.endInput()
    var done: Set<FailureIdentity> = []
    var waiting = [(identity: identity, trace: trace)]
    while !waiting.isEmpty, done.count <= mostOthers {
      let next = waiting.removeFirst()
      let outcome = try reduce(next.trace, next.identity, path, number: done.count)
      done.insert(next.identity)
      if outcome.ending == .interrupted { return .interrupted }
      for entry in outcome.others.entries where !done.contains(entry.identity) {
        if let place = waiting.firstIndex(where: { $0.identity == entry.identity }) {
          if TraceOrder.isSmaller(entry.trace, than: waiting[place].trace) {
            waiting[place].trace = entry.trace
          }
        } else {
          waiting.append((entry.identity, entry.trace))
        }
      }
    }
    if !waiting.isEmpty, !arguments.has("--quiet") {
      streams.note("not reduced: \(waiting.map(\.identity.description).joined(separator: ", "))")
    }
    return .found
  }

  /// Reduces one failure and writes it; the first is the one asked for.
  private func reduce(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ path: String, number: Int
  ) throws(CommandFailure) -> PoolShrinker.Outcome {
    let clock = ContinuousClock()
    let begin = clock.now
    let base = output(path) + (number == 0 ? "" : ".other-\(number)")
    let isBeside = TraceProcess.isNeeded(for: identity)
    let execute = TraceProcess.executing(identity, seconds: ProcessLimits.seconds)
    // What is planted in traces is planted where they are executed.
    let running = isBeside ? RunningTraces() : SlowWork.traces()
    let smallest = SmallestTrace(trace)
    var shrinker = PoolShrinker(budget: budget)
    shrinker.executes = { trace in
      let execution = running.executing((trace, ""), 0) { execute(trace) }
      if execution.shows(identity) { smallest.take(trace) }
      return execution
    }
    var looks = 0
    shrinker.isInterrupted = { [streams] in
      looks += 1
      streams.progress(
        "\(path): \(counted(trace.operations.count, "operation")), \(counted(looks, "step")) tried")
      return Interruption.isRequested
    }
    // A trace that has no end can only be ended with the process, and some end it.
    let slow = SlowWork(seconds: isBeside ? .infinity : ProcessLimits.seconds)
    let outcome = try slow.watch([running]) { run, ending in
      guard running.isExecuting(run) else { return }
      Self.end(with: run.subject.trace, ending, smallest.trace, identity, path, base)
    } during: { () throws(CommandFailure) in
      shrinker.shrink(trace, identity)
    }
    guard outcome.ending != .notReproduced else {
      throw CommandFailure(
        message: "\(path): the trace does not show '\(identity)'", code: .badInput)
    }
    let found = FoundTrace(outcome.trace, identity, outcome.certificate)
    do throws(SystemError) {
      if let certificate = outcome.certificate {
        try AtomicFile.write("\(certificate)", to: base + ".certificate")
      } else {
        // A certificate of an earlier run would be about another trace.
        try Files.remove(base + ".certificate")
      }
      try AtomicFile.write(found.text, to: base + ".trace")
    } catch {
      throw CommandFailure(error)
    }
    let (seconds, attoseconds) = (clock.now - begin).components
    report.show(
      trace, outcome, base, isFirst: number == 0,
      seconds: Double(seconds) + Double(attoseconds) / 1e18)
    return outcome
  }

  /// Files a trace that cannot be executed beside what the reduction has come to, and ends the process.
  private static func end(
    with trace: PoolFuzzTrace, _ ending: SlowWork.Ending, _ smallest: PoolFuzzTrace,
    _ identity: FailureIdentity,
    _ path: String, _ base: String
  ) -> Never {
    let found = FoundTrace(smallest, identity, nil)
    let tracePath = "\(base).\(ending.identity).trace"
    var text =
      "\(path): a trace of the reduction \(ending.words): \(tracePath);"
      + " what it came to: \(base).trace"
    do throws(SystemError) {
      try AtomicFile.write(FoundTrace(trace, ending.identity, nil).text, to: tracePath)
      try Files.remove(base + ".certificate")
      try AtomicFile.write(found.text, to: base + ".trace")
    } catch {
      text += "; not written: \(error.message)"
    }
    StandardStreams.remark(text)
    ProcessStart.end(ExitCode.environment.rawValue)
  }

  private func read(_ path: String) throws(CommandFailure) -> FoundTrace {
    let found = try FoundTrace.reading(path).found
    let names = arguments.values("--mutant")
    guard names.count < 2 else { throw .usage("--mutant is given twice") }
    guard let named = try arguments.mutant() else { return found }
    var trace = found.trace
    trace.configuration.mutant = named
    return FoundTrace(trace, found.identity, nil)
  }

  private func output(_ path: String) -> String {
    let given = arguments.value("--output")
    let base = given ?? (path == "-" ? "standard-input" : path)
    let stem = base.hasSuffix(".trace") ? String(base.dropLast(6)) : base
    return given == nil ? stem + ".min" : stem
  }
}

/// The smallest trace so far that shows a failure, for whoever watches a reduction.
private final class SmallestTrace: Sendable {
  private let kept: Mutex<PoolFuzzTrace>

  init(_ trace: PoolFuzzTrace) { kept = Mutex(trace) }

  var trace: PoolFuzzTrace { kept.withLock { $0 } }

  func take(_ trace: PoolFuzzTrace) {
    kept.withLock { if TraceOrder.isSmaller(trace, than: $0) { $0 = trace } }
  }
}

extension FoundTrace {
  /// More operations are refused: they would take longer than anybody waits, and more memory than
  /// a trace is worth.
  private static let mostOperations = 4_000_000

  /// The trace of a file, and what its comments say. Throws where it is none, is one of another
  /// allocator, is empty or longer than anybody waits for.
  static func reading(
    _ path: String
  ) throws(CommandFailure) -> (found: FoundTrace, header: TraceHeader) {
    let file = try InputFile(path: path)
    var bytes: [UInt8] = []
    var isTooLong = false
    try file.forEachPiece { piece in
      // No operation takes less than two bytes; what is too long is not kept.
      if bytes.count > Self.mostOperations * 128 { isTooLong = true } else { bytes += piece }
    }
    let found: FoundTrace
    let header: TraceHeader
    do {
      let text = String(decoding: TextEncoding.utf8(of: bytes), as: UTF8.self)
      header = try PoolFuzzTrace.readingWithHeader(text).header
      if let target = header.target {
        throw CommandFailure(
          message: TraceVerdict.recordedAgainst(target.value, header, path).lines[0]
            + ", and 'poolfuzz fuzz --target' reduces what it finds", code: .badInput)
      }
      found = try FoundTrace(text: text, certificate: nil)
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as TraceError {
      throw CommandFailure(error, of: path, beginningWith: bytes.prefix(1 << 16))
    } catch {
      throw CommandFailure(message: "\(path): \(error)", code: .badInput)
    }
    guard !isTooLong, found.trace.operations.count <= Self.mostOperations else {
      throw CommandFailure(
        message:
          "\(path): more than \(counted(Self.mostOperations, "operation")); 'poolfuzz replay --check"
          + " fast' tells where it fails, and what comes after that can be cut off",
        code: .badInput)
    }
    guard !found.trace.operations.isEmpty || bytes.contains(where: { $0 > 0x20 }) else {
      throw CommandFailure(message: "\(path): not judged: the trace is empty", code: .badInput)
    }
    return (found, header)
  }
}
