import KernelPool
import PoolTrace
import PropertyTesting

/// One task of the shrinking challenge: a planted bug on a fixed machine, a generator that finds
/// it, and the failure by which it is known.
///
/// Every strategy is given the same traces: number `seed` of a task is the first trace of 1,000
/// operations under that seed that shows the failure. The machine is fixed, so the shortest failing
/// trace is a fact that enumeration can establish, and it holds for every seed.
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
  /// Seeds whose traces fail late: the fixed hard seeds of the comparison.
  public let hardSeeds: [UInt64]

  /// A task.
  public init(
    mutant: Mutant, profile: String, machine: String, failure: String, optimum: Int?,
    hardSeeds: [UInt64]
  ) {
    self.mutant = mutant
    self.profile = profile
    self.machine = machine
    self.failure = failure
    self.optimum = optimum
    self.hardSeeds = hardSeeds
  }

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

  /// The choices that the trace of a seed was made from, as many as were drawn.
  public func tape(seed: UInt64) -> [UInt64]? {
    guard let setup, let profile = GeneratorProfile.named(profile) else { return nil }
    for stream in 0..<Self.streamLimit {
      var choices = TapeChoices(recording: Seed(seed).generator(stream: stream))
      let trace = PoolTraceGenerator.trace(
        profile, operationCount: Self.operationCount, setup: setup, choices: &choices)
      if PoolShrinker.execute(trace).shows(identity) { return choices.tape }
    }
    return nil
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
    while operations.count < Self.operationCount, !choices.isExhausted {
      operations.append(generator.next(&choices))
      ends.append(choices.position)
    }
    return (PoolFuzzTrace(configuration: setup, operations: operations), ends)
  }
}
