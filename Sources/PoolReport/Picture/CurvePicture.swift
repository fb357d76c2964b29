/// Curves of a history as pictures: memory over time, pages given back by blocks freed, free space
/// that a request cannot use.
public struct CurvePicture {
  /// What is drawn.
  public enum Subject: String, Sendable, CaseIterable {
    /// Bytes held, in use and at most, over the operations.
    case time
    /// Pages given back over blocks freed.
    case pins
    /// The share of free bytes in smaller holes over the size of a block.
    case holes
  }

  private let history: PoolHistory
  private let state: HistoryState

  /// Pictures of a history, those of one moment at `state`.
  public init(_ history: PoolHistory, at state: HistoryState) {
    self.history = history
    self.state = state
  }

  private static let width = 960.0
  private static let height = 320.0
  private static let area = PlotArea(x: 86, y: 76, width: 850, height: 196)

  /// The picture.
  ///
  /// - Parameter title: what it is of; the name of the trace.
  public func text(_ subject: Subject, title: String) -> String {
    switch subject {
    case .time: overTime(title)
    case .pins: pins(title)
    case .holes: holes(title)
    }
  }

  private func frame(_ title: String, _ about: String) -> VectorPicture {
    var picture = VectorPicture(
      width: Self.width, height: Self.height, title: title, description: about + ".")
    picture.text(title, x: 24, y: 34, classes: "head ink")
    picture.text(about, x: 24, y: 56)
    return picture
  }

  // MARK: Memory over time

  private func overTime(_ title: String) -> String {
    let figures = history.steps.map(\.figures)
    let bounds = figures.map { $0.bound ?? 0 }
    let most = max(figures.map(\.held).max() ?? 1, 1)
    let worst = bounds.max() ?? 0
    // A bound far above would press the curves flat, so the scale is then one of doublings.
    let isLogarithmic = worst > most * 4
    var picture = frame(
      "\(title): memory over time",
      StateSentence.held(HistoryState(history, step: history.stepCount - 1)) + " at the end")
    let height: (UInt64) -> Double
    if isLogarithmic {
      let low = Double(state.pageBytes) / 4
      let span = PlotArea.log2(Double(worst) / low) + 0.3
      height = { value in
        let power = PlotArea.log2(max(Double(value), low) / low)
        return Self.area.y + Self.area.height * (1 - power / span)
      }
      var line = state.pageBytes
      while line <= worst {
        Self.area.level(&picture, height(line), NumberText.bytes(line))
        line *= 8
      }
    } else {
      let top = PlotArea.roundUp((most + 1023) / 1024) * 1024
      height = { Self.area.y + Self.area.height * (1 - Double($0) / Double(top)) }
      for part in 0...4 {
        let bytes = top / 4 * UInt64(part)
        Self.area.level(&picture, height(bytes), NumberText.bytes(bytes))
      }
    }
    area(&picture, figures.map { height($0.held) }, "held")
    area(&picture, figures.map { height($0.live) }, "live")
    if worst > 0 { curve(&picture, bounds.map(height), "bound dashed") }
    ends(&picture, "start", "operation \(NumberText.grouped(history.operations))")
    let names =
      [("held", "held"), ("live", "in use")]
      + (worst > 0 ? [("bound", "most that any trace with this peak can hold")] : [])
    legend(&picture, names)
    return picture.text
  }

  // MARK: Pins and holes

  private func pins(_ title: String) -> String {
    let report = PinReport(state)
    var sums = [(blocks: 0, pages: 0)]
    for entry in report.entries {
      sums.append((sums[sums.count - 1].blocks + entry.blocks.count, sums.count))
    }
    let all = sums[sums.count - 1]
    let about = report.releases.map {
      "\(NumberText.plural(UInt64($0.blocks), "block")) for"
        + " \(NumberText.plural(UInt64($0.pages), "page"))"
    }.joined(separator: ", ")
    var picture = frame(
      "\(title): pages given back by blocks freed", about.isEmpty ? "no page is in use" : about)
    let top = PlotArea.roundUp(UInt64(max(all.pages, 4)))
    let height = { (pages: UInt64) in
      Self.area.y + Self.area.height * (1 - Double(pages) / Double(top))
    }
    for part in 0...4 {
      Self.area.level(
        &picture, height(top / 4 * UInt64(part)), NumberText.grouped(top / 4 * UInt64(part)))
    }
    let points = sums.map { sum in
      (
        Self.area.x + Self.area.width * Double(sum.blocks) / Double(max(all.blocks, 1)),
        height(UInt64(sum.pages))
      )
    }
    picture.path(PlotArea.polyline(points), classes: "line live-line")
    ends(&picture, "0 blocks", NumberText.plural(UInt64(all.blocks), "block") + " freed")
    return picture.text
  }

  private func holes(_ title: String) -> String {
    let space = UnusableFreeSpace(state)
    let half = space.share(blockBytes: state.pageBytes / 2)
    var picture = frame(
      "\(title): free space that a block cannot use",
      "\(NumberText.bytes(space.freeBytes)) are free inside of pages,"
        + " \(NumberText.percent(half)) of it in holes too small for a block of half a page")
    let height = { (share: Double) in Self.area.y + Self.area.height * (1 - share) }
    for part in 0...4 {
      Self.area.level(&picture, height(Double(part) / 4), NumberText.percent(Double(part) / 4))
    }
    var points: [(Double, Double)] = []
    for (index, share) in space.shares.enumerated() {
      let x = Self.area.x + Self.area.width * Double(index + 1) / Double(space.shares.count)
      if let last = points.last, last.1 != height(share) { points.append((x, last.1)) }
      if index == 0 || index == space.shares.count - 1 || points.last?.1 != height(share) {
        points.append((x, height(share)))
      }
    }
    picture.path(PlotArea.polyline(points), classes: "line bound-line")
    ends(&picture, "a block of one unit", "a block of a page")
    return picture.text
  }

  // MARK: Parts

  private func ends(_ picture: inout VectorPicture, _ left: String, _ right: String) {
    let y = Self.area.y + Self.area.height + 20
    picture.text(left, x: Self.area.x, y: y)
    picture.text(right, x: Self.area.x + Self.area.width, y: y, anchor: "end")
  }

  private func legend(_ picture: inout VectorPicture, _ items: [(name: String, text: String)]) {
    var x = Self.area.x + 110
    let y = Self.area.y + Self.area.height + 20
    for item in items {
      picture.path(VectorPicture.rectangle(x, y - 9, 10, 10), classes: item.name)
      picture.text(item.text, x: x + 15, y: y)
      x += 40 + Double(item.text.count) * 7
    }
  }

  /// Points of a curve over the steps; of more steps than pixels the highest of each pixel.
  private func points(_ heights: [Double]) -> [(Double, Double)] {
    let columns = min(heights.count, Int(Self.area.width))
    return (0..<columns).map { column in
      let from = column * heights.count / columns
      let to = max(from + 1, (column + 1) * heights.count / columns)
      let share = columns == 1 ? 1 : Double(column) / Double(columns - 1)
      return (Self.area.x + Self.area.width * share, heights[from..<to].min() ?? 0)
    }
  }

  private func curve(_ picture: inout VectorPicture, _ heights: [Double], _ name: String) {
    let classes = name.split(separator: " ")
    let rest = classes.dropFirst().map { " " + $0 }.joined()
    picture.path(PlotArea.polyline(points(heights)), classes: "line \(classes[0])-line" + rest)
  }

  private func area(_ picture: inout VectorPicture, _ heights: [Double], _ name: String) {
    let bottom = VectorPicture.number(Self.area.y + Self.area.height)
    let right = VectorPicture.number(Self.area.x + Self.area.width)
    let left = VectorPicture.number(Self.area.x)
    let line = PlotArea.polyline(points(heights))
    picture.path(line + "L\(right) \(bottom)L\(left) \(bottom)z", classes: "area \(name)")
    curve(&picture, heights, name)
  }
}
