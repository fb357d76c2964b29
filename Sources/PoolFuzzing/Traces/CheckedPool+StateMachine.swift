import KernelPool
import PoolOracles
import PropertyTesting

extension CheckedPool: RewindableMachine {
  /// Boots the machine of a generated trace; see `problem` where it cannot be.
  public init(configuration setup: PoolSetup) {
    self.init(setup.configuration, mutant: setup.mutant, oracles: setup.oracles)
  }

  /// The machine skips by itself: a slot whose allocation failed may be allocated again.
  public static var slotKeeping: SlotKeeping { .byMachine }

  /// The rule and the kind of operation.
  public static func identity(
    of failure: PoolFailure, after operation: PoolOperation?
  ) -> FailureIdentity {
    failure.identity(after: operation?.operation)
  }

  /// Runs one operation under the oracles that look at single operations.
  public mutating func perform(
    _ operation: PoolOperation, _ failures: inout [PoolFailure]
  ) -> StepEffect {
    switch perform(operation.operation, &failures) {
    case .skipped, .nothingToDo: .skipped
    case .null: .refused
    default: .performed
    }
  }
}
