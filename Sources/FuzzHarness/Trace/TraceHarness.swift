import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting

/// Fuzzes the model by traces.
///
/// Most inputs get a quick look: invariants of what each operation touched, and no predictions. It only
/// raises a suspicion. The fast oracles, the full audit at the end and the law of the emptied pool follow
/// where it does, for one input in 64, and for one in eight of those that end in misuse, which
/// otherwise stop before it. The choice is by the input's own bytes, so that an input always means the
/// same.
public final class TraceHarness: FuzzHarness {
  private var decoder = TraceRecords()
  private var operations: [PoolOperation] = []
  private let mutant: Mutant

  /// What the last input reached.
  public private(set) var feedback = DomainFeedback()
  /// Operations that did something, over all inputs.
  public private(set) var operationCount = 0

  /// A harness; `plant` is the name of a planted bug of the model.
  public init(plant: String? = nil) {
    mutant = plant.flatMap(Mutant.init(rawValue:)) ?? .none
  }

  /// Invariants of what each operation touched, and no two live blocks over one another; a stop is
  /// suspicious whatever led to it.
  private static let quickLook: OracleSet = [.cheapInvariants, .shadow, .afterMisuse]

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    var setup = decoder.decode(bytes, into: &operations)
    setup.mutant = mutant
    let sum = Self.sum(bytes)
    if sum & (decoder.isMisuse ? 7 : 63) != 0 {
      if decoder.isMisuse { operations.removeLast(min(operations.count, 2)) }
      setup.oracles = Self.quickLook
      if run(setup) == nil { return nil }
    }
    setup.oracles = .fast
    return run(setup).map { finding($0.failures, setup, $0.step) }
  }

  private static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    var sum: UInt8 = 0
    for byte in bytes { sum = sum &* 31 &+ byte }
    return sum
  }

  /// Runs the operations on a machine; what is wrong, and after which of them, or nil.
  private func run(_ setup: PoolSetup) -> (failures: [PoolFailure], step: Int)? {
    feedback.reset()
    var state: StateFeedback?
    var shown: [PoolFailure] = []
    var count: UInt64 = 0
    let trace = PoolFuzzTrace(configuration: setup, operations: operations)
    let execution = TraceRunner<CheckedPool>().run(trace) { moment, machine, failures in
      shown = failures
      count = machine.operationCount
      guard failures.isEmpty else { return }
      switch moment {
      case .begun:
        state = StateFeedback(machine.view)
        _ = machine.takeMechanisms()
      case .judged(let step, let effect):
        feedback.note(machine.takeMechanisms())
        state?.note(trace.operations[step], effect, &feedback)
      // Judging the end empties the pool.
      case .ending: state?.finish(&feedback)
      case .ended: break
      }
    }
    operationCount += Int(clamping: count)
    return execution.failure.map { (shown, $0.step) }
  }

  private func finding(_ failures: [PoolFailure], _ setup: PoolSetup, _ step: Int) -> FuzzFinding {
    let trace = PoolFuzzTrace(configuration: setup, operations: operations).prefix(step + 1)
    let operation = step < operations.count ? operations[step] : nil
    let identity = failures[0].identity(after: operation?.operation)
    return FuzzFinding(
      rule: "\(identity)", text: failures.map(\.text).joined(separator: "; "),
      trace: FoundTrace(trace, identity, nil).text)
  }

  /// Changes an input by operations and lifetimes.
  public func mutate(_ input: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int? {
    RecordMutation.mutate(input, count: count, seed: seed)
  }

  /// Joins two inputs by operations.
  public func cross(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer, seed: UInt32
  ) -> Int? {
    RecordMutation.cross(first, second, into: output, seed: seed)
  }
}
