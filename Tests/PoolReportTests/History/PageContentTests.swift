import PoolTestSupport
import PropertyTesting
import Testing

@testable import PoolReport

/// Contents of pages and their differences.
@Suite struct PageContentTests {
  private func random(_ generator: inout SplitMix64) -> PageContent {
    PageContent(
      pieces: (0..<generator.next(below: 6)).map { _ in
        PageContent.Piece(
          units: generator.next(below: 3) + 1,
          state: generator.next(below: 2) == 0 ? .free : .allocated,
          tagIndex: Int(generator.next(below: 2)))
      })
  }

  @Test func aPieceKeepsItsParts() {
    for state in CellState.allCases {
      let piece = PageContent.Piece(units: 1 << 39, state: state, tagIndex: 4095)
      #expect(piece.units == 1 << 39)
      #expect(piece.state == state)
      #expect(piece.tagIndex == 4095)
    }
  }

  @Test func aSpliceMakesOneContentOfAnother() {
    var generator = SplitMix64(seed: 1)
    var lengths: Set<Int> = []
    for _ in 0..<2000 {
      let old = random(&generator)
      let new = random(&generator)
      let splice = new.splice(since: old)
      var pieces = old.pieces
      pieces.replaceSubrange(splice.start..<splice.start + splice.removed, with: splice.inserted)
      #expect(pieces == new.pieces)
      lengths.insert(splice.inserted.count)
      // As short as a splice from both ends can be.
      if let first = splice.inserted.first, splice.removed > 0 {
        #expect(first != old.pieces[splice.start])
      }
      #expect((old == new) == (splice.removed == 0 && splice.inserted.isEmpty))
    }
    #expect(lengths.count == 6)
  }
}
