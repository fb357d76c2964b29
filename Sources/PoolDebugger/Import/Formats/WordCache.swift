/// What the few different words of a column mean, so that each is interpreted once.
///
/// A recording has millions of rows and a handful of event names and pool types; interpreting them
/// anew for each row was most of the time of an import.
struct WordCache<Meaning> {
  private var entries: [(word: [UInt8], meaning: Meaning)] = []
  /// More words are interpreted each time; a column with so many is none of words.
  private static var mostWords: Int { 32 }

  /// The meaning of a word, found out by `interpret` the first time.
  mutating func meaning(
    of word: ArraySlice<UInt8>, _ interpret: (ArraySlice<UInt8>) -> Meaning
  ) -> Meaning {
    for entry in entries where entry.word.elementsEqual(word) { return entry.meaning }
    let meaning = interpret(word)
    if entries.count < Self.mostWords { entries.append((Array(word), meaning)) }
    return meaning
  }
}
