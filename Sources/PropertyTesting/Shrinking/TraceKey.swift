/// A trace as words to compare: less means simpler.
///
/// Equal keys mean equal traces, as long as operations keep the law of distinction.
public struct TraceKey: Sendable, Hashable, Comparable {
  let words: [UInt64]

  /// Lexicographic; the first word is the length.
  public static func < (left: TraceKey, right: TraceKey) -> Bool {
    left.words.lexicographicallyPrecedes(right.words)
  }
}
