/// How much is checked after each operation of a replay.
public enum CheckLevel: String, Sendable, CaseIterable {
  /// Nothing: bug checks and faults are no failures either.
  case off
  /// What the operation touched.
  case cheap
  /// Everything.
  case full
}
