import KernelPool
import PoolWalk

/// One line of a map: a page of blocks, or a run of pages used as one.
struct PageStrip: Equatable {
  /// Address of the first page.
  let address: Address
  /// Pages of the run.
  let pages: UInt64
  /// What the line says behind the strip.
  let note: String
  /// The pieces in address order; they tile the page.
  let pieces: [Piece]

  /// A block, or another stretch of one state.
  struct Piece: Equatable {
    let offsetUnits: Int
    let units: Int
    let state: CellState
    let tag: UInt32
  }

  /// The pieces of this strip that `earlier` did not have: moved, resized, of another state or tag.
  func changedPieces(since earlier: PageStrip?) -> [Piece] {
    guard let earlier else { return pieces }
    let known = Dictionary(
      earlier.pieces.map { ($0.offsetUnits, $0) }, uniquingKeysWith: { first, _ in first })
    return pieces.filter { known[$0.offsetUnits] != $0 }
  }

  /// The state of each cell of `unitsPerCell` units.
  func cells(unitsPerPage: Int, unitsPerCell: Int) -> [CellState] {
    let count = (unitsPerPage + unitsPerCell - 1) / unitsPerCell
    var states = [Set<CellState>](repeating: [], count: count)
    for piece in pieces {
      for cell in Self.cells(of: piece, unitsPerCell, count) { states[cell].insert(piece.state) }
    }
    return states.map(CellState.joined)
  }

  /// The cells that `piece` touches.
  static func cells(of piece: Piece, _ unitsPerCell: Int, _ count: Int) -> Range<Int> {
    let first = min(piece.offsetUnits / unitsPerCell, count)
    let last = (piece.offsetUnits + piece.units + unitsPerCell - 1) / unitsPerCell
    return first..<min(max(last, first), count)
  }
}
