/// How much is checked after each operation of a replay.
public enum CheckLevel: String, Sendable, CaseIterable {
  /// Nothing: bug checks and faults are no failures either.
  case off
  /// What the operation touched.
  case cheap
  /// Everything, after every operation. What an operation did not touch is known to be as it was;
  /// at the end of a trace, and now and then before, everything is walked.
  case full
  /// Everything is walked after every operation: what `full` is held against.
  case complete

  /// True where every rule is checked after every operation.
  var isThorough: Bool { self == .full || self == .complete }
}
