import KernelPool

/// The page map of a state as a picture: a row a page, to scale, coloured by tag; or those of two
/// states beside each other, in rows of one height and the same colours.
public struct PagePicture {
  private let states: [HistoryState]
  private let order: PageOrder
  private let classes: TagClasses

  /// The most rows drawn of a state; of more pages every second, fourth ... is.
  public static let rowLimit = 1200

  /// A picture of a state, or of one beside another.
  public init(_ state: HistoryState, beside other: HistoryState? = nil, order: PageOrder = .hole) {
    states = [state] + (other.map { [$0] } ?? [])
    self.order = order
    classes = TagClasses(states)
  }

  /// Where the rows of a state lie.
  private struct Shape {
    let columns: Int
    let rowHeight: Double
    let rows: Int
    let barHeight: Double
    let labelWidth: Double
    let columnWidth: Double

    /// Columns and the height of a row, the best first, with the height of all that is allowed.
    private static let whole = (
      candidates: [
        (1, 16.0), (2, 14), (2, 12), (3, 9), (4, 7), (5, 5), (6, 4), (8, 3),
      ], height: 560.0
    )
    private static let half = (
      candidates: [(1, 16.0), (1, 12), (2, 9), (2, 7), (3, 5), (4, 3)], height: 640.0
    )

    init(pages: Int, digits: Int, width: Double, isHalf: Bool) {
      let (candidates, height) = isHalf ? Self.half : Self.whole
      let fit = candidates.first { columns, row in
        Double((pages + columns - 1) / columns) * row <= height
      }
      (columns, rowHeight) = fit ?? candidates[candidates.count - 1]
      rows = max(1, (pages + columns - 1) / columns)
      barHeight = rowHeight - (rowHeight >= 9 ? 3 : 1)
      labelWidth = rowHeight >= 12 ? (digits == 8 ? 66 : 118) : 0
      columnWidth = (width - 16 * Double(columns - 1)) / Double(columns)
    }
  }

  private static let width = 960.0
  private static let gap = 24.0

  /// The picture.
  ///
  /// - Parameters:
  ///   - title: what it is of; the name of the trace.
  ///   - other: the name of the trace beside it.
  public func text(title: String, beside other: String = "") -> String {
    let isPair = states.count > 1
    let titles = [title, other]
    let shown = states.map(rows)
    let width = (Self.width - 48 - Self.gap * Double(states.count - 1)) / Double(states.count)
    let shape = Shape(
      pages: shown.map(\.pages.count).max() ?? 0, digits: states[0].history.addressDigits,
      width: width, isHalf: isPair)
    // What is parked has a line of its own.
    let more = states.contains { StateSentence.parked($0) != nil } ? 16.0 : 0
    let top = (isPair ? 126.0 : 76.0) + more
    let legendTop = top + Double(shape.rows) * shape.rowHeight + 24
    let items = classes.legend(of: shown.flatMap(\.pages))
    let names = Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0.text) })
    let about = zip(states, shown).map { state, shown in
      (StateSentence.all(state), shown.every > 1 ? "one page in \(shown.every) is drawn" : nil)
    }
    let name = isPair ? "\(title) and \(other)" : title
    let description = about.map { $0.0.joined(separator: ". ") + "." }
      .joined(separator: " Beside it: ")
    var picture = VectorPicture(
      width: Self.width, height: legendTop + Double((items.count + 7) / 8) * 18 + 2, title: name,
      description: description)
    picture.text(
      "\(name), after operation \(NumberText.grouped(states[0].operation))", x: 24, y: 34,
      classes: "head ink")
    if isPair { picture.text(difference, x: 24, y: 56) }
    for (index, state) in states.enumerated() {
      let x = 24 + Double(index) * (width + Self.gap)
      let lines =
        [StateSentence.held(state), StateSentence.pinned(state), about[index].1].compactMap { $0 }
      if isPair {
        picture.text(titles[index], x: x, y: 82, classes: "ink")
        picture.text(lines[0], x: x, y: 98)
        picture.text(lines.dropFirst().joined(separator: "; "), x: x, y: 114)
      } else {
        picture.text(lines.joined(separator: "; "), x: x, y: 56)
      }
      if let parked = StateSentence.parked(state) {
        picture.text(parked, x: x, y: isPair ? 130 : 72)
      }
      draw(shown[index].pages, of: state, shape, x, top, names, &picture)
    }
    for (index, item) in items.enumerated() {
      let x = 24 + Double(index % 8) * 114
      let y = legendTop + Double(index / 8) * 18
      picture.path(VectorPicture.rectangle(x, y - 9, 10, 10), classes: item.name)
      picture.text(item.text, x: x + 15, y: y, classes: item.isTag ? "code soft" : "soft")
    }
    return picture.text
  }

  /// The pages of a state that are drawn, one in `every`.
  private func rows(_ state: HistoryState) -> (pages: [PageState], every: Int) {
    let all = order.sorted(state.pages.filter(\.isSmallBlocks))
    var every = 1
    while all.count / every > Self.rowLimit { every *= 2 }
    return (all.enumerated().filter { $0.offset % every == 0 }.map(\.element), every)
  }

  /// What the second of two states holds in comparison with the first.
  private var difference: String {
    let (before, after) = (states[0].pagesHeld, states[1].pagesHeld)
    guard before != after else { return "As many pages are held." }
    let more = before < after
    let pages = more ? after - before : before - after
    let share = before == 0 ? "" : " (\((pages * 100 + before / 2) / before) %)"
    return "\(NumberText.plural(pages, "page"))\(share) \(more ? "more" : "fewer") on the right."
  }

  private func draw(
    _ pages: [PageState], of state: HistoryState, _ shape: Shape, _ originX: Double,
    _ originY: Double, _ names: [String: String], _ picture: inout VectorPicture
  ) {
    // One path for each colour: a picture of many blocks stays small.
    var paths: [String: String] = [:]
    for (index, page) in pages.enumerated() {
      let x = originX + Double(index / shape.rows) * (shape.columnWidth + 16)
      let y = originY + Double(index % shape.rows) * shape.rowHeight
      if shape.labelWidth > 0 {
        picture.text(
          StripDrawing.hexadecimal(page.address, state.history.addressDigits), x: x,
          y: y + shape.barHeight - 0.5, classes: "code soft")
      }
      let left = x + shape.labelWidth
      let width = shape.columnWidth - shape.labelWidth
      // A page that parked blocks alone hold is told from one that somebody still uses.
      let ground = page.isParked ? "idle" : "free"
      paths[ground, default: ""] += VectorPicture.rectangle(left, y, width, shape.barHeight)
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
      picture.path(commands, classes: name, title: names[name])
    }
  }

  private static func rank(_ name: String) -> (Int, String) {
    (name == "free" || name == "idle" ? 0 : 1, name)
  }
}

/// Which tag has which colour in a picture: ``PoolHistory/colouredTags``, of two states those of the
/// left one first.
struct TagClasses {
  private var places: [String: Int] = [:]

  init(_ states: [HistoryState]) {
    for tag in states.flatMap(\.history.colouredTags) where places.count < 10 {
      places[tag.characters] = places[tag.characters] ?? places.count
    }
  }

  /// The class of a block.
  func name(_ block: PageState.Block) -> String {
    switch block.state {
    case .allocated, .large: places[block.tag.unprotected.characters].map { "tag\($0)" } ?? "other"
    case .partlyAllocated: "other"
    case .free: "free"
    case .lookaside, .deferred: "parked"
    case .orphan: "orphan"
    case .fragment: "fragment"
    case .table: "table"
    case .kept: "kept"
    case .unknown: "unknown"
    }
  }

  /// What the colours of these pages mean.
  func legend(of pages: [PageState]) -> [(name: String, text: String, isTag: Bool)] {
    var present = Set(pages.flatMap { $0.blocks.map(name) })
    if pages.contains(where: \.isParked) { present.insert("idle") }
    var items: [(name: String, text: String, isTag: Bool)] = places.sorted { $0.value < $1.value }
      .filter { present.contains("tag\($0.value)") }
      .map { ("tag\($0.value)", $0.key, true) }
    for (name, text) in [
      ("other", "other tags"), ("free", "free"), ("parked", "parked, freed"),
      ("idle", "none in use"),
      ("orphan", "too small"), ("fragment", "Frag"), ("unknown", "chain broken"),
    ] where present.contains(name) {
      items.append((name, text, false))
    }
    return items
  }
}
