import KernelPool

/// The page map of a state as a picture: a row a page, to scale, coloured by tag.
public struct PagePicture {
  private let state: HistoryState
  private let order: PageOrder
  private let classes: TagClasses

  /// The most rows drawn; of more pages every second, fourth ... is.
  public static let rowLimit = 1200

  /// A picture of a state.
  public init(_ state: HistoryState, order: PageOrder = .hole) {
    self.state = state
    self.order = order
    classes = TagClasses(state)
  }

  /// Where the rows lie.
  private struct Shape {
    let columns: Int
    let rowHeight: Double
    let rows: Int
    let barHeight: Double
    let labelWidth: Double
    let columnWidth: Double

    private static let candidates: [(Int, Double)] = [
      (1, 16), (2, 14), (2, 12), (3, 9), (4, 7), (5, 5), (6, 4), (8, 3),
    ]

    init(pages: Int, digits: Int) {
      let last = (columns: 8, height: 3.0)
      let fit = Self.candidates.first { columns, height in
        Double((pages + columns - 1) / columns) * height <= 560
      }
      (columns, rowHeight) = fit.map { ($0.0, $0.1) } ?? (last.columns, last.height)
      rows = max(1, (pages + columns - 1) / columns)
      barHeight = rowHeight - (rowHeight >= 9 ? 3 : 1)
      labelWidth = rowHeight >= 12 ? (digits == 8 ? 66 : 118) : 0
      columnWidth = (PagePicture.width - 48 - 16 * Double(columns - 1)) / Double(columns)
    }
  }

  private static let width = 960.0
  private static let top = 76.0

  /// The picture.
  ///
  /// - Parameter title: what it is of; the name of the trace.
  public func text(title: String) -> String {
    let all = order.sorted(state.pages.filter(\.isSmallBlocks))
    var every = 1
    while all.count / every > Self.rowLimit { every *= 2 }
    let pages = all.enumerated().filter { $0.offset % every == 0 }.map(\.element)
    let shape = Shape(pages: pages.count, digits: state.history.addressDigits)
    let legendTop = Self.top + Double(shape.rows) * shape.rowHeight + 24
    let items = classes.legend(of: pages)
    let legendRows = (items.count + 7) / 8
    let sentences = [StateSentence.held(state), StateSentence.pinned(state)].compactMap { $0 }
    var picture = VectorPicture(
      width: Self.width, height: legendTop + Double(legendRows) * 18 + 2, title: title,
      description: sentences.joined(separator: ". ") + ".")
    picture.text(
      "\(title), after operation \(NumberText.grouped(state.operation))", x: 24, y: 34,
      classes: "head ink")
    var about = sentences.joined(separator: "; ")
    if every > 1 { about += "; one page in \(every) is drawn" }
    picture.text(about, x: 24, y: 56)
    draw(pages, shape, &picture)
    for (index, item) in items.enumerated() {
      let x = 24 + Double(index % 8) * 114
      let y = legendTop + Double(index / 8) * 18
      picture.path(VectorPicture.rectangle(x, y - 9, 10, 10), classes: item.name)
      picture.text(item.text, x: x + 15, y: y, classes: item.isTag ? "code soft" : "soft")
    }
    return picture.text
  }

  private func draw(_ pages: [PageState], _ shape: Shape, _ picture: inout VectorPicture) {
    // One path for each colour: a picture of many blocks stays small.
    var paths: [String: String] = [:]
    for (index, page) in pages.enumerated() {
      let x = 24 + Double(index / shape.rows) * (shape.columnWidth + 16)
      let y = Self.top + Double(index % shape.rows) * shape.rowHeight
      if shape.labelWidth > 0 {
        picture.text(
          StripDrawing.hexadecimal(page.address, state.history.addressDigits), x: x,
          y: y + shape.barHeight - 0.5, classes: "code soft")
      }
      let left = x + shape.labelWidth
      let width = shape.columnWidth - shape.labelWidth
      paths["free", default: ""] += VectorPicture.rectangle(left, y, width, shape.barHeight)
      for block in page.blocks where block.state != .free {
        let offset = Double(block.address &- page.address) / Double(state.pageBytes)
        // A pin is what the picture is about: it is never thinner than a pixel and a half.
        let wide = max(width * Double(block.byteCount) / Double(state.pageBytes) - 0.4, 1.5)
        let start = min(left + width * offset, left + width - wide)
        // A parked block is nobody's: half a bar.
        let isThin = block.isParked && shape.barHeight >= 6
        paths[classes.name(block), default: ""] += VectorPicture.rectangle(
          start, y + (isThin ? shape.barHeight / 4 : 0), wide, shape.barHeight / (isThin ? 2 : 1))
      }
    }
    for (name, commands) in paths.sorted(by: { Self.rank($0.key) < Self.rank($1.key) }) {
      picture.path(commands, classes: name)
    }
  }

  private static func rank(_ name: String) -> (Int, String) { (name == "free" ? 0 : 1, name) }
}

/// Which tag has which colour in a picture: the ten with most bytes have one each.
struct TagClasses {
  private var places: [PoolTag: Int] = [:]

  init(_ state: HistoryState) {
    var bytes: [PoolTag: UInt64] = [:]
    for page in state.pages where page.isSmallBlocks {
      for block in page.blocks where block.state == .allocated {
        bytes[block.tag.unprotected, default: 0] += block.byteCount
      }
    }
    let largest = bytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10)
    for (place, entry) in largest.enumerated() { places[entry.key] = place }
  }

  /// The class of a block.
  func name(_ block: PageState.Block) -> String {
    switch block.state {
    case .allocated: places[block.tag.unprotected].map { "tag\($0)" } ?? "other"
    case .partlyAllocated: "other"
    case .free: "free"
    case .lookaside, .deferred: "parked"
    case .orphan: "orphan"
    case .large: "large"
    case .fragment: "fragment"
    case .table: "table"
    case .kept: "kept"
    case .unknown: "unknown"
    }
  }

  /// What the colours of these pages mean.
  func legend(of pages: [PageState]) -> [(name: String, text: String, isTag: Bool)] {
    let present = Set(pages.flatMap { $0.blocks.map(name) })
    var items: [(name: String, text: String, isTag: Bool)] = places.sorted { $0.value < $1.value }
      .filter { present.contains("tag\($0.value)") }
      .map { ("tag\($0.value)", $0.key.characters, true) }
    for (name, text) in [
      ("other", "other tags"), ("free", "free"), ("parked", "parked, freed"),
      ("orphan", "too small"), ("fragment", "Frag"), ("unknown", "chain broken"),
    ] where present.contains(name) {
      items.append((name, text, false))
    }
    return items
  }
}
