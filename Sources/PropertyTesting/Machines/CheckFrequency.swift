/// How often the invariants are checked; what `perform` itself reports always counts.
public enum CheckFrequency: Sendable, CaseIterable {
  /// After each operation that was not skipped.
  case everyStep
  /// Once, after the last operation.
  case atEnd
}
