import KernelPool
import PoolTrace
import PropertyTesting

/// One task of the shrinking challenge: a planted bug on a fixed machine, a generator that finds
/// it, and the failure by which it is known.
///
/// Every strategy is given the same hard traces: number `seed` of a task is, of the first few traces
/// of 1,000 operations under that seed that show the failure, the one that shows it latest. The
/// machine is fixed, so the shortest failing trace is a fact that enumeration can establish, and it
/// holds for every seed.
public struct ChallengeTask: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The generator's profile.
  public let profile: String
  /// The machine, in the words of a `config` line; empty for the defaults.
  public let machine: String
  /// The failure to keep, as `FailureIdentity` has it.
  public let failure: String
  /// The length of the shortest trace that shows the failure on this machine, by enumeration
  /// (`SmallScope`); nil where enumeration does not reach that far.
  public let optimum: Int?

  /// A task.
  public init(
    _ mutant: Mutant, _ failure: String, optimum: Int?, _ profile: String, machine: String = ""
  ) {
    self.mutant = mutant
    self.profile = profile
    self.machine = machine
    self.failure = failure
    self.optimum = optimum
  }

  /// The fixed seeds of the comparison.
  public static let hardSeeds: [UInt64] = Array(1...8)
  /// Operations of a given trace.
  public static let operationCount = 1_000

  /// The failure.
  public var identity: FailureIdentity { FailureIdentity(failure) }

  /// The machine with the bug; nil where the words are no configuration.
  public var setup: PoolSetup? {
    let text = "config \(machine)\n"
    guard let trace = try? PoolFuzzTrace.reading(text, mutant: mutant) else { return nil }
    return trace.configuration
  }

  /// The trace of a seed; nil where none of its first streams shows the failure.
  public func trace(seed: UInt64) -> PoolFuzzTrace? {
    tape(seed: seed).map { decoded($0).trace }
  }

  private static let streamLimit: UInt64 = 64
  /// Failing traces of a seed of which the latest is taken.
  private static let comparedTraces = 4

  /// The choices that the trace of a seed was made from, as many as were drawn.
  public func tape(seed: UInt64) -> [UInt64]? {
    guard let setup, let profile = GeneratorProfile.named(profile) else { return nil }
    var latest: (step: Int, tape: [UInt64])?
    var failing = 0
    for stream in 0..<Self.streamLimit where failing < Self.comparedTraces {
      var choices = TapeChoices(recording: Seed(seed).generator(stream: stream))
      let trace = PoolTraceGenerator.trace(
        profile, operationCount: Self.operationCount, setup: setup, choices: &choices)
      let execution = PoolShrinker.execute(trace)
      guard execution.shows(identity), let step = execution.failure?.step else { continue }
      failing += 1
      if step > latest?.step ?? -1 { latest = (step, choices.tape) }
    }
    return latest?.tape
  }

  /// The trace that a tape stands for, with the position on the tape after each operation.
  public func decoded(_ tape: [UInt64]) -> (trace: PoolFuzzTrace, ends: [Int]) {
    guard let setup, let profile = GeneratorProfile.named(profile) else {
      return (PoolFuzzTrace(operations: []), [])
    }
    var choices = TapeChoices(tape)
    var generator = PoolTraceGenerator(profile, setup: setup, choices: &choices)
    var operations: [PoolOperation] = []
    var ends: [Int] = []
    while operations.count < Self.operationCount, !choices.isExhausted,
      let operation = generator.next(&choices)
    {
      operations.append(operation)
      ends.append(choices.position)
    }
    return (PoolFuzzTrace(configuration: setup, operations: operations), ends)
  }
}
