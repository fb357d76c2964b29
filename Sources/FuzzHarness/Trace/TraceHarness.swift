import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting

/// Fuzzes the model by traces.
///
/// Most inputs get a quick run: cheap invariants after every operation. All oracles, the full audit at
/// the end and the law of the emptied pool follow where a quick run is suspicious, for one input in 64,
/// and for one in eight of those that end in misuse, which otherwise stop before it. The choice is by
/// the input's own bytes, so that an input always means the same.
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

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    feedback.reset()
    var setup = decoder.decode(bytes, into: &operations)
    setup.mutant = mutant
    setup.oracles = .fast
    let sum = Self.sum(bytes)
    if sum & (decoder.isMisuse ? 7 : 63) != 0 {
      if decoder.isMisuse { operations.removeLast(min(operations.count, 2)) }
      if quickRun(setup) { return nil }
    }
    return thoroughRun(setup)
  }

  private static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    var sum: UInt8 = 0
    for byte in bytes { sum = sum &* 31 &+ byte }
    return sum
  }

  /// True where nothing looks wrong.
  private func quickRun(_ setup: PoolSetup) -> Bool {
    guard var run = QuickRun(setup) else { return true }
    var state = StateFeedback(run.poolView)
    for operation in operations {
      switch run.perform(operation.operation) {
      case .skipped: continue
      case .suspicious: return false
      case .performed: state.note(operation, .performed, &feedback)
      case .refused: state.note(operation, .refused, &feedback)
      }
      operationCount &+= 1
      feedback.note(run.takeMechanisms())
    }
    state.finish(&feedback)
    return true
  }

  private func thoroughRun(_ setup: PoolSetup) -> FuzzFinding? {
    feedback.reset()
    var machine = CheckedPool(configuration: setup)
    var failures: [PoolFailure] = []
    var state = StateFeedback(machine.view)
    _ = machine.takeMechanisms()
    for (step, operation) in operations.enumerated() {
      let effect = machine.perform(operation, &failures)
      if effect == .skipped { continue }
      if failures.isEmpty { machine.check(&failures) }
      if !failures.isEmpty { return finding(failures, setup, step) }
      feedback.note(machine.takeMechanisms())
      state.note(operation, effect, &feedback)
    }
    operationCount += Int(clamping: machine.operationCount)
    state.finish(&feedback)
    machine.finish(&failures)
    return failures.isEmpty ? nil : finding(failures, setup, operations.count)
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
