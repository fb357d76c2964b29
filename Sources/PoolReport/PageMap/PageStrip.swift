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

/// Draws strips as lines of text.
struct StripDrawing {
  private let options: PageMapOptions
  private let unitsPerPage: Int
  private let digits: Int
  private let unitsPerCell: Int

  /// What has changed on a strip.
  enum Changes {
    /// Nothing is compared.
    case none
    /// The page was not in use before.
    case newPage
    /// These pieces were not there before.
    case pieces([PageStrip.Piece])
  }

  /// Columns that the note behind a strip gets.
  private static let noteColumns = 28

  init(_ options: PageMapOptions, unitsPerPage: Int, digits: Int) {
    self.options = options
    self.unitsPerPage = unitsPerPage
    self.digits = digits
    let room = max(options.width - digits - Self.noteColumns, 8)
    var units = 1
    while unitsPerPage / units > room { units *= 2 }
    unitsPerCell = units
  }

  func lines(_ strip: PageStrip, _ changes: Changes) -> [String] {
    let cells = strip.cells(unitsPerPage: unitsPerPage, unitsPerCell: unitsPerCell)
    let address = Self.hexadecimal(strip.address, digits)
    var line = "\(address) |\(painted(cells))| \(strip.note)"
    switch changes {
    case .none: return [line]
    case .newPage:
      line += ", new"
      return [line]
    case .pieces(let pieces):
      let marks = marks(pieces, count: cells.count)
      return marks.isEmpty ? [line] : [line, marks]
    }
  }

  /// A mark under every cell that a changed piece touches, or nothing.
  private func marks(_ pieces: [PageStrip.Piece], count: Int) -> String {
    var cells = [Bool](repeating: false, count: count)
    for piece in pieces {
      for cell in PageStrip.cells(of: piece, unitsPerCell, count) { cells[cell] = true }
    }
    guard let last = cells.lastIndex(of: true) else { return "" }
    let text = cells[...last].map { $0 ? "^" : " " }.joined()
    return String(repeating: " ", count: digits + 2) + text
  }

  private func painted(_ cells: [CellState]) -> String {
    var text = ""
    var start = cells.startIndex
    while start < cells.endIndex {
      let end = cells[start...].firstIndex { $0.colour != cells[start].colour } ?? cells.endIndex
      let symbols = String(cells[start..<end].map { $0.symbol(options.symbols) })
      text += paint(symbols, cells[start].colour)
      start = end
    }
    return text
  }

  private func paint(_ text: String, _ colour: String?) -> String {
    guard options.colour == .ansi, let colour else { return text }
    return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
  }

  /// What the characters that occur mean, and how many bytes one is.
  func legend(in strips: [PageStrip]) -> String {
    var present = Set(strips.flatMap { $0.pieces.map(\.state) })
    if present.contains(.allocated) { present.insert(.partlyAllocated) }
    let entries = CellState.allCases.filter(present.contains).map {
      paint(String($0.symbol(options.symbols)), $0.colour) + " " + $0.name
    }
    let scale = "one character is \(unitsPerCell) unit\(unitsPerCell == 1 ? "" : "s")"
    return ([scale] + entries).joined(separator: ", ")
  }

  static func hexadecimal(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}

/// Turns what a walk finds into strips.
struct StripReader {
  private let walker: PoolWalker
  private let unitBytes: UInt64
  private let unitsPerPage: Int

  init(_ walker: PoolWalker) {
    self.walker = walker
    unitBytes = walker.view.profile.unitBytes
    unitsPerPage = Int(walker.view.profile.unitsPerPage)
  }

  /// The strips of a page or run: a large allocation whose last page has small blocks has two.
  func strips(_ use: PageUse) -> [PageStrip] {
    switch use {
    case .smallBlocks(let page):
      let walk = walker.blocks(ofPage: page)
      return [strip(walk, front: [], note: note(walk))]
    case .large(let allocation):
      return large(allocation)
    case .table(let table, let address, let pages):
      return [
        run(address, pages, .table, note: "\(table.rawValue), \(NumberText.plural(pages, "page"))")
      ]
    case .kept(let address, let pages):
      return [run(address, pages, .kept, note: "\(NumberText.plural(pages, "page")) for reuse")]
    }
  }

  private func large(_ allocation: LargeAllocation) -> [PageStrip] {
    let tag = allocation.tag.characters
    let note =
      "\(tag) \(NumberText.plural(allocation.pages, "page")), 0x\(String(allocation.byteCount, radix: 16)) bytes"
    guard let tail = walker.tail(of: allocation) else {
      return [run(allocation.address, allocation.pages, .large, tag: allocation.tag, note: note)]
    }
    let front = PageStrip.Piece(
      offsetUnits: 0, units: Int(tail.startOffset / unitBytes), state: .large,
      tag: allocation.tag.word)
    let last = strip(tail, front: [front], note: allocation.pages == 1 ? note : "its last page")
    guard allocation.pages > 1 else { return [last] }
    return [
      run(allocation.address, allocation.pages - 1, .large, tag: allocation.tag, note: note), last,
    ]
  }

  private func run(
    _ address: Address, _ pages: UInt64, _ state: CellState, tag: PoolTag = PoolTag(word: 0),
    note: String
  ) -> PageStrip {
    PageStrip(
      address: address, pages: pages, note: note,
      pieces: [.init(offsetUnits: 0, units: unitsPerPage, state: state, tag: tag.word)])
  }

  private func strip(_ walk: PageWalk, front: [PageStrip.Piece], note: String) -> PageStrip {
    var pieces = front
    var next = Int(walk.startOffset / unitBytes)
    for block in walk.blocks {
      pieces.append(
        .init(
          offsetUnits: next, units: Int(block.header.units), state: CellState(block.state),
          tag: block.header.tag.word))
      next += Int(block.header.units)
    }
    if next < unitsPerPage {
      pieces.append(
        .init(offsetUnits: next, units: unitsPerPage - next, state: .unknown, tag: 0))
    }
    return PageStrip(address: walk.page, pages: 1, note: note, pieces: pieces)
  }

  private func note(_ walk: PageWalk) -> String {
    let live = walk.blocks.filter { $0.state == .allocated }
    let bytes = live.reduce(0) { $0 + $1.byteCount }
    return "\(bytes) bytes in \(live.count)" + (walk.faults.isEmpty ? "" : ", corrupt")
  }
}
