/// Why the incremental audit had everything walked.
///
/// Its own word is only ever that all is well. Whatever else it meets, it hands over to the
/// complete audit, whose verdict is the one that counts.
public enum Doubt: String, Sendable, CaseIterable {
  /// There are no books yet, or the last complete audit found a violation.
  case noBooks = "no books"
  /// It was time to have the books confirmed.
  case confirmation
  /// A rule does not hold where something was touched.
  case brokenRule = "broken rule"
  /// The sums do not come out even.
  case sums
  /// A table was moved or resized.
  case movedTable = "moved table"
  /// More happened in one operation than the journals keep.
  case overflow
  /// Something happened that is not followed step by step: a page that changed hands twice.
  case unusual
}
