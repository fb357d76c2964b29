import KernelPool

/// What one page, or a run of pages used as one, holds at one moment: its pieces in address order.
///
/// A piece takes eight bytes, so that a history of many thousand states fits into memory. Contents
/// that are equal are the same for every reader: nothing but size, state and tag is kept.
struct PageContent: Equatable, Sendable {
  /// A block, or another stretch of one state.
  struct Piece: Equatable, Sendable {
    private let word: UInt64

    init(units: UInt64, state: CellState, tagIndex: Int) {
      word = units << 24 | UInt64(tagIndex & 0xFFFF) << 8 | UInt64(state.rawValue)
    }

    /// The size in units.
    var units: UInt64 { word >> 24 }
    /// The place of the tag in the history's table of tags.
    var tagIndex: Int { Int(word >> 8 & 0xFFFF) }
    /// What it is.
    var state: CellState { CellState(rawValue: Int(word & 0xFF)) ?? .unknown }
  }

  /// The pieces; none where the page is not in use.
  var pieces: [Piece] = []

  /// Not in use.
  static let empty = PageContent()

  /// True where the page is not in use.
  var isEmpty: Bool { pieces.isEmpty }

  /// True for a page carved into small blocks, as opposed to a run of pages.
  var isSmallBlocks: Bool {
    switch pieces.first?.state {
    case nil, .large, .table, .kept: false
    default: true
    }
  }

  /// The pieces that replace others of `earlier` to make this content of it.
  func splice(since earlier: PageContent) -> Splice {
    let old = earlier.pieces
    let most = min(old.count, pieces.count)
    var start = 0
    while start < most, old[start] == pieces[start] { start += 1 }
    var end = 0
    while end < most - start, old[old.count - 1 - end] == pieces[pieces.count - 1 - end] {
      end += 1
    }
    return Splice(
      start: start, removed: old.count - start - end,
      inserted: pieces[start..<(pieces.count - end)])
  }

  /// A change of a content: some pieces go, others come in their place.
  struct Splice {
    let start: Int
    let removed: Int
    let inserted: ArraySlice<Piece>
  }
}
