import KernelPool
import Platform
import PoolFuzzing
import PoolOracles
import PropertyTesting

/// A trace executed in a process of its own, for failures that end the process: this program once more,
/// which a trap, a full stack or a computation without end ends in its stead.
struct TraceProcess {
  /// The word behind the program's name that makes it the other side, with the seconds that the trace may
  /// take, its planted bug and its oracles. Not for users.
  static let word = "trace-worker"

  /// What a reduction of a campaign may cost: an execution begins a process, which takes some milliseconds.
  static let budget = ShrinkBudget(executionLimit: 1000, operationLimit: .max, searchLimit: 0)

  /// Seconds that a trace may take.
  let seconds: Double

  /// Whether a failure can only be seen from another process.
  static func isNeeded(for identity: FailureIdentity) -> Bool {
    identity.description.hasPrefix("crash.") || identity == SlowWork.Ending.time(0).identity
  }

  /// How traces are executed where that failure is looked for.
  static func executing(
    _ identity: FailureIdentity, seconds: Double
  ) -> (PoolFuzzTrace) -> Execution {
    guard isNeeded(for: identity) else { return PoolShrinker.execute }
    // An hour is for whole files.
    return TraceProcess(seconds: min(seconds, SlowWork.usualSeconds)).execute
  }

  /// Executes a trace. Nothing but how the process ends is known of it: a failure counts as the last
  /// operation's. Ends this process where the system makes no other.
  func execute(_ trace: PoolFuzzTrace) -> Execution {
    var ending: SlowWork.Ending?
    do throws(SystemError) {
      let words = [
        Self.word, "\(seconds)", trace.configuration.mutant.rawValue,
        "\(trace.configuration.oracles.rawValue)",
      ]
      switch try ProcessStart.runBeside(words, handing: trace.text()) {
      case .signalled(let number): ending = .signal(Processes.signalName(number))
      case .exited(ExitCode.environment.rawValue): ending = .time(seconds)
      case .exited: break
      }
    } catch {
      StandardStreams.remark(error.message)
      ProcessStart.end(ExitCode.environment.rawValue)
    }
    let count = trace.operations.count
    return Execution(
      failure: ending.map { .init(step: max(count, 1) - 1, identities: [$0.identity]) },
      skippedSteps: [], operationCount: count)
  }

  /// The other side. Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    guard words.count == 3, let seconds = Double(words[0]), let mutant = Mutant(rawValue: words[1]),
      let oracles = OracleSet.RawValue(words[2]), let bytes = try? ProcessStart.handedText(),
      var trace = try? PoolFuzzTrace.reading(
        String(decoding: bytes, as: UTF8.self), mutant: mutant, renumbering: false)
    else { return ExitCode.usage.rawValue }
    trace.configuration.oracles = OracleSet(rawValue: oracles)
    Processes.limit(fileBytes: .max, addressSpaceBytes: 0)
    ProcessLimits.watch(
      memoryBytes: .max, seconds: seconds, endingWith: ExitCode.environment.rawValue)
    ProcessLimits.begin(input: word)
    _ = SlowWork.traces().executing((trace, ""), 0) { PoolShrinker.execute(trace) }
    return ExitCode.held.rawValue
  }
}
