/// A state in two sentences, the same on the page, in pictures and in text.
enum StateSentence {
  /// What is held for what.
  static func held(_ state: HistoryState) -> String {
    let pages = NumberText.plural(state.pagesHeld, "page")
    let verb = state.pagesHeld == 1 ? "is" : "are"
    let live = NumberText.bytes(state.figures.live)
    let start = "\(pages) \(verb) held for \(live) in use"
    guard state.heldOverLive > 0 else { return start }
    return start + ": \(NumberText.ratio(state.heldOverLive)) times as much"
  }

  /// How empty the pages are, or nil where there are none.
  static func pinned(_ state: HistoryState) -> String? {
    let small = state.pages.count(where: \.isSmallBlocks)
    guard small > 0 else { return nil }
    let pages = NumberText.plural(UInt64(small), "page")
    let verb = state.pinnedPages == 1 ? "has" : "have"
    return "\(NumberText.grouped(UInt64(state.pinnedPages))) of \(pages) of small blocks \(verb)"
      + " less than a tenth in use"
  }
}
