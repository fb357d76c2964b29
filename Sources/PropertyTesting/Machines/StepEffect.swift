/// What became of an operation.
public enum StepEffect: Sendable {
  /// It was done.
  case performed
  /// It was done and properly refused, as when memory is short: what it would have created does
  /// not exist.
  case refused
  /// It means nothing now and changed nothing, so the trace is the same without it.
  case skipped
}
