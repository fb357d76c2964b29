import KernelPool
import PoolWalk

/// The pages of a pool as strips of characters, one character a few units.
///
/// A map is a snapshot: it keeps what it needs to be drawn after the pool has changed, and to be
/// compared with a later one, which shows what an operation did. It keeps at most `pageLimit` pages
/// and runs; those beyond are counted only.
///
/// ```
/// Nonpaged pool at f8000000: 1 page of small blocks, 0 large, 0 of tables, 0 kept, 63 not in use
/// f803f000 |################################....+..| 3888 bytes in 2
///                                               ^
/// ```
public struct PageMap: Sendable {
  /// The most pages and runs that a map keeps.
  public static let pageLimit = 65_536

  private let areas: [Area]
  private let unitsPerPage: Int
  private let digits: Int

  /// One range of pages.
  private struct Area {
    let name: String
    let base: Address
    var strips: [PageStrip] = []
    var counts = Counts()
  }

  /// Pages by use.
  private struct Counts {
    var small: UInt64 = 0
    var large: UInt64 = 0
    var table: UInt64 = 0
    var kept: UInt64 = 0
    var unused: UInt64 = 0

    mutating func add(_ use: PageUse) {
      switch use {
      case .smallBlocks: small += 1
      case .large(let allocation): large += allocation.pages
      case .table(_, _, let pages): table += pages
      case .kept(_, let pages): kept += pages
      }
    }
  }

  /// The state of a pool as it is now.
  public init(_ view: PoolView) {
    let walker = PoolWalker(view)
    let reader = StripReader(walker)
    unitsPerPage = Int(view.profile.unitsPerPage)
    digits = view.profile.wordBytes == 8 ? 16 : 8
    areas = walker.areas.map { range in
      var area = Area(name: range.family.regionName, base: range.base)
      walker.visitPages(of: range) { use in
        area.counts.add(use)
        if area.strips.count < Self.pageLimit { area.strips += reader.strips(use) }
      }
      let used = area.counts.small + area.counts.large + area.counts.table + area.counts.kept
      area.counts.unused = range.pages - min(used, range.pages)
      return area
    }
  }

  /// The map as text, every line ended.
  ///
  /// - Parameters:
  ///   - options: how it is drawn.
  ///   - earlier: the state to compare with; marks under a strip show what has changed since.
  public func text(_ options: PageMapOptions = PageMapOptions(), since earlier: PageMap? = nil)
    -> String
  {
    let drawing = StripDrawing(options, unitsPerPage: unitsPerPage, digits: digits)
    var room = max(options.pageLimit, 0)
    var lines: [String] = []
    // Who asks for what has changed gets that: not every area's title, not the legend.
    let isWhole = options.pages != .changed
    for (index, area) in areas.enumerated() {
      if isWhole { lines.append(title(area)) }
      let before = earlier.flatMap { index < $0.areas.count ? $0.areas[index] : nil }
      let known = Dictionary(
        (before?.strips ?? []).map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
      var hidden = 0
      for strip in area.strips {
        let old = known[strip.address]
        let isUnchanged = earlier != nil && old == strip
        if !isWhole, isUnchanged { continue }
        guard room > 0 else {
          hidden += 1
          continue
        }
        room -= 1
        lines += drawing.lines(strip, changes(strip, old, earlier))
      }
      if hidden > 0 { lines.append("... and \(hidden) more lines") }
      lines += gone(before, area)
    }
    if isWhole { lines.append(drawing.legend(in: areas.flatMap(\.strips))) }
    return lines.map { $0 + "\n" }.joined()
  }

  /// Nothing is marked without an earlier state.
  private func changes(
    _ strip: PageStrip, _ old: PageStrip?, _ earlier: PageMap?
  ) -> StripDrawing.Changes {
    guard earlier != nil else { return .none }
    guard let old else { return .newPage }
    return .pieces(strip.changedPieces(since: old))
  }

  private func gone(_ before: Area?, _ area: Area) -> [String] {
    guard let before else { return [] }
    let present = Set(area.strips.map(\.address))
    return before.strips.filter { !present.contains($0.address) }.prefix(16).map {
      StripDrawing.hexadecimal($0.address, digits) + " given back"
    }
  }

  private func title(_ area: Area) -> String {
    let counts = area.counts
    let pages = counts.small == 1 ? "page" : "pages"
    return
      "\(area.name) at \(StripDrawing.hexadecimal(area.base, digits)): \(counts.small) \(pages)"
      + " of small blocks, \(counts.large) large, \(counts.table) of tables, \(counts.kept) kept,"
      + " \(counts.unused) not in use"
  }
}

/// What one character of a strip stands for.
enum CellState: Int, CaseIterable, Sendable {
  case allocated
  /// Some of the units allocated, others not.
  case partlyAllocated
  case free
  case lookaside
  case deferred
  case orphan
  case large
  case fragment
  case table
  case kept
  /// Behind the place where the chain of blocks breaks.
  case unknown

  init(_ state: BlockState) {
    switch state {
    case .allocated: self = .allocated
    case .free: self = .free
    case .orphan: self = .orphan
    case .lookaside: self = .lookaside
    case .deferred: self = .deferred
    case .fragment: self = .fragment
    }
  }

  /// One state for several units. The rarest wins, because a map is read to find the odd block;
  /// allocated and other units together are partly allocated.
  static func joined(_ states: Set<CellState>) -> CellState {
    for rare in [CellState.unknown, .orphan, .fragment, .deferred, .lookaside]
    where states.contains(rare) {
      return rare
    }
    if states.contains(.allocated) { return states.count == 1 ? .allocated : .partlyAllocated }
    return states.min { $0.rawValue < $1.rawValue } ?? .unknown
  }

  /// The character.
  func symbol(_ symbols: PageMapOptions.Symbols) -> Character {
    let row = Self.appearance[rawValue]
    return symbols == .ascii ? row.ascii : row.unicode
  }

  /// The parameter of the terminal's colour sequence; nil for the terminal's own colour.
  var colour: String? { Self.appearance[rawValue].colour }

  /// What the legend says.
  var name: String { Self.appearance[rawValue].name }

  private struct Appearance {
    let ascii: Character
    let unicode: Character
    let colour: String?
    let name: String
  }

  private static let appearance: [Appearance] = [
    Appearance(ascii: "#", unicode: "█", colour: nil, name: "allocated"),
    Appearance(ascii: "+", unicode: "▓", colour: nil, name: "partly allocated"),
    Appearance(ascii: ".", unicode: "·", colour: "2", name: "free"),
    Appearance(ascii: "l", unicode: "░", colour: "36", name: "on a lookaside list"),
    Appearance(ascii: "d", unicode: "▒", colour: "35", name: "deferred free"),
    Appearance(ascii: "o", unicode: "▫", colour: "33", name: "too small for a list"),
    Appearance(ascii: "=", unicode: "═", colour: "34", name: "large"),
    Appearance(ascii: "F", unicode: "╫", colour: "31", name: "Frag"),
    Appearance(ascii: "T", unicode: "▤", colour: "2", name: "kernel's table"),
    Appearance(ascii: "k", unicode: "┄", colour: "2", name: "kept for reuse"),
    Appearance(ascii: "?", unicode: "?", colour: "31", name: "chain broken"),
  ]
}

/// How a page map is drawn.
public struct PageMapOptions: Sendable, Equatable {
  /// The characters of a map.
  public enum Symbols: Sendable {
    /// Characters that every terminal has.
    case ascii
    /// Block and box characters.
    case unicode
  }
  /// Whether colours are used; the caller knows the terminal and `NO_COLOR`.
  public enum Colour: Sendable {
    /// None.
    case never
    /// The terminal's colour sequences.
    case ansi
  }
  /// Which pages are drawn.
  public enum Pages: Sendable {
    /// Every page in use.
    case all
    /// Those that differ from the earlier state.
    case changed
  }

  /// Columns of a line at most, as far as an address and eight cells leave room.
  public var width = 100
  /// The characters.
  public var symbols = Symbols.ascii
  /// The colours.
  public var colour = Colour.never
  /// The pages. `changed` needs an earlier state to compare with and draws all without one.
  public var pages = Pages.all
  /// The most pages and runs drawn; the rest is counted.
  public var pageLimit = 256

  /// The defaults.
  public init() {}
}
