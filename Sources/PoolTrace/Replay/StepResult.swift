import KernelPool

/// What one operation of a trace came to.
public enum StepResult: Equatable, Sendable {
  /// It was done and has nothing to say: a write, a fill, a setting.
  case done
  /// An allocation got this address.
  case allocated(Address)
  /// An allocation returned NULL.
  case null
  /// A free was done.
  case freed
  /// The slot's allocation had returned NULL: nothing was called.
  case nothingToDo
  /// The operation was a no-op: a busy or empty slot.
  case skipped
  /// The state is to be printed.
  case dump
  /// The request raised this status.
  case raised(UInt32)
  /// The kernel stopped.
  case halted(HaltReason)

  /// Whether the machine was asked for anything. A switch, because comparing results with `==` took
  /// 136 instructions of each replayed operation.
  @inlinable public var wasCalled: Bool {
    switch self {
    case .skipped, .nothingToDo, .dump: false
    default: true
    }
  }
}
