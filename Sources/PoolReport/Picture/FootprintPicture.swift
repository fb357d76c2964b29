/// What one allocator held through a trace, for a picture of several.
public struct FootprintCurve: Sendable {
  /// What it held behind an operation.
  public struct Moment: Sendable {
    /// The operation, from 1.
    public var operation: UInt64
    /// Bytes held.
    public var held: UInt64
    /// Bytes live, as callers asked for them.
    public var live: UInt64
    /// Pages of which live blocks take less than a tenth.
    public var pinnedPages: UInt64

    /// A moment.
    public init(operation: UInt64, held: UInt64, live: UInt64, pinnedPages: UInt64) {
      (self.operation, self.held, self.live) = (operation, held, live)
      self.pinnedPages = pinnedPages
    }

    /// Held over live; nil where nothing is live.
    var ratio: Double? { live == 0 ? nil : Double(held) / Double(live) }
  }

  /// The allocator.
  public var name: String
  /// What was measured, by ascending operation.
  public var moments: [Moment]
  /// The worst of them; nil where nothing was measured.
  public var worst: Moment?

  /// A curve.
  public init(name: String, moments: [Moment], worst: Moment?) {
    (self.name, self.moments, self.worst) = (name, moments, worst)
  }

  /// The worst moment in words.
  public var sentence: String {
    guard let worst else { return "\(name): nothing was measured" }
    let times = worst.ratio.map { " (\(NumberText.ratio($0)) times as much)" } ?? ""
    return "\(name): worst behind operation \(NumberText.grouped(worst.operation)):"
      + " \(NumberText.bytes(worst.held)) held for \(NumberText.bytes(worst.live)) live\(times),"
      + " \(NumberText.plural(worst.pinnedPages, "page")) pinned"
  }
}

/// What several allocators held through one trace: bytes held above bytes live, held over live, and pages
/// that few live bytes keep, one below the other over the same operations; the worst moment of each is
/// marked.
public struct FootprintPicture {
  /// A curve of the three, with its scale.
  private struct Panel {
    let area: PlotArea
    let heading: String
    let value: (FootprintCurve.Moment) -> Double?
    /// The share of the height of a value.
    let share: (Double) -> Double
    let levels: [(value: Double, text: String)]

    func place(_ value: Double) -> Double { area.place(ofShare: share(value)) }
  }

  private let curves: [FootprintCurve]
  private let operations: UInt64

  /// A picture of allocators through a trace of so many operations.
  public init(_ curves: [FootprintCurve], operations: UInt64) {
    (self.curves, self.operations) = (curves, max(operations, 1))
  }

  private static let width = 960.0
  private static let firstPanel = 96.0
  private static let (panelHeight, panelStep) = (150.0, 198.0)
  private static let rowHeight = 20.0
  /// Colours of lines; more allocators than these begin again, dashed.
  private static let colours = (1...9).map { "tag\($0)" }

  /// The picture.
  ///
  /// - Parameter title: what it is of; the name of the trace.
  public func text(title: String) -> String {
    let legend = Self.firstPanel + Self.panelStep * 3
    let description = curves.map(\.sentence).joined(separator: ". ") + "."
    var picture = VectorPicture(
      width: Self.width, height: legend + Self.rowHeight * Double(curves.count) + 10,
      title: title, description: description)
    picture.text(title, x: 24, y: 34, classes: "head ink")
    picture.text(
      "what \(curves.map(\.name).joined(separator: ", ")) held through"
        + " \(NumberText.plural(operations, "operation")); the worst moment of each is marked",
      x: 24, y: 56)
    for panel in panels { draw(panel, &picture) }
    for (index, curve) in curves.enumerated() {
      let y = legend + Self.rowHeight * Double(index)
      picture.path(VectorPicture.rectangle(86, y - 9, 10, 10), classes: colour(index))
      picture.text(curve.sentence, x: 102, y: y, classes: "ink")
    }
    return picture.text
  }

  private func colour(_ index: Int) -> String { Self.colours[index % Self.colours.count] }

  private func lineClasses(_ index: Int) -> String {
    "line \(colour(index))-line" + (index < Self.colours.count ? "" : " dashed")
  }

  // MARK: Panels

  private func area(_ number: Int) -> PlotArea {
    PlotArea(
      x: 86, y: Self.firstPanel + Self.panelStep * Double(number), width: 850,
      height: Self.panelHeight)
  }

  private var panels: [Panel] {
    let moments = curves.flatMap(\.moments)
    let most = max(moments.map { max($0.held, $0.live) }.max() ?? 0, 1)
    let bytes = PlotArea.roundUp((most + 1023) / 1024) * 1024
    let pages = PlotArea.roundUp(max(moments.map(\.pinnedPages).max() ?? 0, 4))
    return [
      linear(0, "bytes held; live: filled", top: bytes, NumberText.bytes) { Double($0.held) },
      ratios(moments.compactMap(\.ratio).max() ?? 1),
      linear(
        2, "pages pinned: live blocks take less than a tenth of them", top: pages,
        NumberText.grouped
      ) { Double($0.pinnedPages) },
    ]
  }

  private func linear(
    _ number: Int, _ heading: String, top: UInt64, _ text: (UInt64) -> String,
    _ value: @escaping (FootprintCurve.Moment) -> Double?
  ) -> Panel {
    Panel(
      area: area(number), heading: heading, value: value, share: { $0 / Double(top) },
      levels: (0...4).map { part in
        let level = top / 4 * UInt64(part)
        return (Double(level), text(level))
      })
  }

  /// Little that is live at the start or the end makes ratios of thousands: the scale is then one of
  /// doublings.
  private func ratios(_ most: Double) -> Panel {
    guard most > 8 else {
      return linear(1, "held over live", top: most > 4 ? 8 : 4, NumberText.grouped, \.ratio)
    }
    let lowest = 0.5
    let span = PlotArea.log2(most / lowest)
    let step = span > 10 ? 16.0 : span > 6 ? 4 : 2
    var levels: [(Double, String)] = []
    var level = 1.0
    while level <= most {
      levels.append((level, NumberText.grouped(UInt64(level))))
      level *= step
    }
    return Panel(
      area: area(1), heading: "held over live, each step \(Int(step)) times the one below",
      value: \.ratio, share: { PlotArea.log2(max($0, lowest) / lowest) / span }, levels: levels)
  }

  // MARK: Drawing

  private func draw(_ panel: Panel, _ picture: inout VectorPicture) {
    let area = panel.area
    picture.text(panel.heading, x: area.x, y: area.y - 10, classes: "ink")
    for level in panel.levels { area.level(&picture, panel.place(level.value), level.text) }
    picture.text("start", x: area.x, y: area.y + area.height + 18)
    picture.text(
      "operation \(NumberText.grouped(operations))", x: area.x + area.width,
      y: area.y + area.height + 18, anchor: "end")
    if area.y == Self.firstPanel, let curve = curves.first {
      let line = runs(of: curve, panel) { Double($0.live) }.first ?? []
      if let first = line.first, let last = line.last {
        let bottom = area.y + area.height
        picture.path(
          PlotArea.polyline([(first.0, bottom)] + line + [(last.0, bottom)]) + "z",
          classes: "area live")
      }
    }
    for (index, curve) in curves.enumerated() {
      for run in runs(of: curve, panel, panel.value) {
        picture.path(PlotArea.polyline(run), classes: lineClasses(index))
      }
    }
    for (index, curve) in curves.enumerated() { mark(curve, index, panel, &picture) }
  }

  /// The worst moment: a line across the panel, and a dot where there is a value.
  private func mark(
    _ curve: FootprintCurve, _ index: Int, _ panel: Panel, _ picture: inout VectorPicture
  ) {
    guard let worst = curve.worst else { return }
    let x = place(worst.operation, panel.area)
    picture.path(
      "M\(VectorPicture.number(x)) \(VectorPicture.number(panel.area.y))"
        + "v\(VectorPicture.number(panel.area.height))",
      classes: "line dashed \(colour(index))-line")
    guard let value = panel.value(worst) else { return }
    picture.path(
      "M\(VectorPicture.number(x - 4)) \(VectorPicture.number(panel.place(value)))"
        + "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", classes: colour(index))
  }

  private func place(_ operation: UInt64, _ area: PlotArea) -> Double {
    area.x + area.width * Double(operation) / Double(operations)
  }

  /// The points of a curve, the highest of each pixel; it is interrupted where there is no value.
  private func runs(
    of curve: FootprintCurve, _ panel: Panel, _ value: (FootprintCurve.Moment) -> Double?
  ) -> [[(Double, Double)]] {
    var runs: [[(Double, Double)]] = [[]]
    for moment in curve.moments {
      let x = place(moment.operation, panel.area)
      guard let value = value(moment) else {
        if runs[runs.count - 1].count > 0 { runs.append([]) }
        continue
      }
      let point = (x, panel.place(value))
      if let last = runs[runs.count - 1].last, Int(last.0) == Int(x) {
        if point.1 < last.1 { runs[runs.count - 1][runs[runs.count - 1].count - 1] = point }
      } else {
        runs[runs.count - 1].append(point)
      }
    }
    return runs.filter { !$0.isEmpty }
  }
}
