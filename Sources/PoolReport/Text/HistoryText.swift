import KernelPool

/// A history as lines for a terminal: memory over time, the page map of one state, its pins and
/// its unusable free space.
public struct HistoryText {
  private let history: PoolHistory
  private let state: HistoryState
  private let options: PageMapOptions
  private let order: PageOrder

  /// The most blocks of the pin report that are listed by themselves.
  private let pinLimit: Int

  /// A text of a history.
  ///
  /// - Parameters:
  ///   - history: what the pages held.
  ///   - state: the state that is drawn.
  ///   - order: the order of its pages.
  ///   - options: how they are drawn.
  ///   - pinLimit: how many pages of the pin report are listed.
  public init(
    _ history: PoolHistory, at state: HistoryState, order: PageOrder = .address,
    options: PageMapOptions = PageMapOptions(), pinLimit: Int = 10
  ) {
    self.history = history
    self.state = state
    self.options = options
    self.order = order
    self.pinLimit = pinLimit
  }

  /// Everything, every line ended.
  public var text: String {
    let sections = [summary, overTime, map, pins, holes]
    return sections.map { $0.map { $0 + "\n" }.joined() }.joined(separator: "\n")
  }

  /// The pin report alone, every line ended.
  public var pinReport: String { pins.map { $0 + "\n" }.joined() }

  private var summary: [String] {
    let sentences = StateSentence.all(state)
    return ["after operation \(state.operation) of \(history.operations)"]
      + sentences.map { "  " + $0 }
  }

  // MARK: Over time

  /// At most so many moments are listed.
  private static let moments = 12

  private var overTime: [String] {
    let last = history.stepCount - 1
    let count = min(Self.moments, last + 1)
    let steps = (0..<count).map { count == 1 ? last : $0 * last / (count - 1) }
    let hasBound = history.steps.contains { $0.figures.bound != nil }
    var rows = [["operation", "held", "in use", "held/in use"] + (hasBound ? ["most"] : [])]
    for step in steps {
      let figures = history.steps[step].figures
      let ratio =
        figures.live == 0
        ? "-"
        : NumberText.ratio(
          Double(figures.held) / Double(figures.live))
      rows.append(
        [
          String(history.operation(ofStep: step)), String(figures.held), String(figures.live),
          ratio,
        ] + (hasBound ? [figures.bound.map { String($0) } ?? "-"] : []))
    }
    return ["memory over time, in bytes"] + Self.aligned(rows)
  }

  /// Columns to the right, two blanks before each.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
      zip(row, widths).map { text, width in
        "  " + String(repeating: " ", count: width - text.count) + text
      }.joined()
    }
  }

  // MARK: Pages

  private var map: [String] {
    let drawing = StripDrawing(
      options, unitsPerPage: Int(history.unitsPerPage), digits: history.addressDigits)
    let pages = order.sorted(state.pages)
    let strips = pages.map { strip($0) }
    let shown = strips.prefix(max(options.pageLimit, 0))
    var lines = shown.flatMap { drawing.lines($0, .none) }
    if shown.count < strips.count { lines.append("... and \(strips.count - shown.count) more") }
    return lines + [drawing.legend(in: strips)]
  }

  private func strip(_ page: PageState) -> PageStrip {
    let pageUnits = history.unitsPerPage
    let units = page.content.pieces.reduce(0) { $0 + $1.units }
    let isRun = !page.isSmallBlocks && page.content.pieces.count == 1
    var next = 0
    let pieces = page.content.pieces.map { piece in
      let length = Int(isRun ? pageUnits : piece.units)
      defer { next += length }
      return PageStrip.Piece(
        offsetUnits: next, units: length, state: piece.state, tag: history.tags[piece.tagIndex])
    }
    let tag = page.blocks.first?.tag.characters ?? ""
    let note =
      page.isSmallBlocks
      ? "\(page.liveBytes) bytes in \(page.liveBlocks)"
      : "\(tag) \(NumberText.plural((units + pageUnits - 1) / pageUnits, "page"))"
    return PageStrip(address: page.address, pages: 1, note: note, pieces: pieces)
  }

  // MARK: Pins

  private var pins: [String] {
    let report = PinReport(state)
    guard !report.entries.isEmpty else { return ["pins: no page of small blocks is in use"] }
    var lines = ["pins: what freeing few blocks would give back"]
    for release in report.releases {
      let parked =
        release.parkedBlocks > 0
        ? "; \(NumberText.grouped(UInt64(release.parkedBlocks))) parked" : ""
      lines.append(
        "  freeing \(NumberText.plural(UInt64(release.blocks), "block"))"
          + " (\(release.byteCount) bytes\(parked)) gives back"
          + " \(NumberText.plural(UInt64(release.pages), "page"))")
    }
    for entry in report.entries.prefix(pinLimit) {
      for (index, block) in entry.blocks.prefix(4).enumerated() {
        let page = index == 0 ? address(entry.page) : String(repeating: " ", count: digits)
        lines.append("  \(page)  " + line(block))
      }
      if entry.blocks.count > 4 {
        lines.append(
          "  \(String(repeating: " ", count: digits))  ... \(entry.blocks.count - 4) more")
      }
    }
    if report.entries.count > pinLimit {
      lines.append("  ... and \(report.entries.count - pinLimit) more pages")
    }
    return lines
  }

  private func line(_ block: PinReport.Block) -> String {
    var line =
      "\(block.tag.characters) 0x\(String(block.byteCount, radix: 16))"
      + " bytes at \(address(block.address))"
    if block.isParked { line += ", parked" }
    if let slot = block.slot, let operation = block.operation {
      line += ", \(slot) of operation \(operation)"
    }
    return line
  }

  private var digits: Int { history.addressDigits }

  private func address(_ address: Address) -> String {
    StripDrawing.hexadecimal(address, digits)
  }

  // MARK: Holes

  private var holes: [String] {
    let space = UnusableFreeSpace(state)
    guard space.freeBytes > 0 else { return ["holes: nothing is free inside of pages"] }
    var lines = ["holes: the share of \(space.freeBytes) free bytes that a block cannot use"]
    var size = space.unitBytes * 2
    while size <= state.pageBytes {
      let share = space.share(blockBytes: size)
      let bar = String(repeating: "#", count: Int(share * 40 + 0.5))
      let label = "0x" + String(size, radix: 16)
      let padding = String(repeating: " ", count: max(0, 7 - label.count))
      let percent = NumberText.percent(share)
      lines.append(
        "  \(padding)\(label) bytes " + String(repeating: " ", count: max(0, 5 - percent.count))
          + percent + (bar.isEmpty ? "" : " " + bar))
      size *= 2
    }
    return lines
  }
}

/// A state in a few sentences, the same on the page, in pictures and in text.
enum StateSentence {
  /// Those that there is reason for.
  static func all(_ state: HistoryState) -> [String] {
    [held(state), pinned(state), parked(state)].compactMap { $0 }
  }

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

  /// Which part of it callers have freed already, or nil where that is none.
  static func parked(_ state: HistoryState) -> String? {
    guard state.parkedBytes > 0 else { return nil }
    let pages = state.parkedPages
    return "\(NumberText.bytes(state.parkedBytes)) more parked:"
      + " \(NumberText.ratio(state.heldOverLiveAndParked)) times as much;"
      + " \(NumberText.plural(UInt64(pages), "page")) \(pages == 1 ? "has" : "have") no block in use"
  }
}

/// Numbers as reports write them, without a locale.
enum NumberText {
  /// A whole number with commas between thousands.
  static func grouped(_ number: UInt64) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A number and a noun, `s` behind it but for one.
  static func plural(_ count: UInt64, _ noun: String) -> String {
    grouped(count) + " " + noun + (count == 1 ? "" : "s")
  }

  /// A ratio with two decimals, one above ten.
  static func ratio(_ ratio: Double) -> String {
    decimal(ratio, decimals: ratio < 9.95 ? 2 : 1)
  }

  /// A share as a percentage without decimals.
  static func percent(_ share: Double) -> String { decimal(share * 100, decimals: 0) + " %" }

  /// A number of at least zero with so many decimals, rounded to the nearest.
  static func decimal(_ value: Double, decimals: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<decimals { scale *= 10 }
    guard value.isFinite, value < 0x1p50 else { return "?" }
    let scaled = UInt64(max(value, 0) * Double(scale) + 0.5)
    guard decimals > 0 else { return String(scaled) }
    let rest = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: decimals - rest.utf8.count) + rest
  }

  /// Bytes, in the unit that keeps the number short.
  static func bytes(_ bytes: UInt64) -> String {
    if bytes < 100 << 10 { return grouped(bytes) + " B" }
    if bytes < 10 << 20 { return grouped((bytes + 512) >> 10) + " KiB" }
    return decimal(Double(bytes) / 1_048_576, decimals: bytes < 100 << 20 ? 1 : 0) + " MiB"
  }
}

extension PoolTag {
  /// The tag as debuggers print it: bytes that cannot be printed become dots, the mark of a
  /// protected block is taken off.
  var characters: String {
    let bytes = unprotected.bytes
    return String(
      decoding: [bytes.0, bytes.1, bytes.2, bytes.3].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}
