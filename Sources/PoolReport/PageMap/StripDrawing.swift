import KernelPool

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
