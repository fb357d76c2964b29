/// What makes two failures the same one: the subject's own words, on one line.
///
/// A shrinker that only asks "does it still fail?" slips from one bug to another. The identity
/// should name the broken rule and the kind of operation that showed it, and nothing that a
/// smaller trace changes: no addresses, sizes or slots.
public struct FailureIdentity: Sendable, Hashable, CustomStringConvertible {
  /// The words, without line breaks.
  public let description: String

  /// The identity of those words; a line break in them becomes a blank.
  public init(_ words: String) {
    description = String(words.map { $0.isNewline ? " " : $0 })
  }
}
