import KernelPool

/// What the pages of a pool held after each operation of a trace, or after each few of them.
public struct PoolHistory: Sendable {
  /// Bytes of a unit.
  public let unitBytes: UInt64
  /// Units of a page.
  public let unitsPerPage: UInt64
  /// Bytes of a block's header.
  public let headerBytes: UInt64
  /// Hexadecimal digits of an address.
  public let addressDigits: Int
  /// Operations of the trace.
  public internal(set) var operations: UInt64 = 0
  /// Operations of a step.
  public internal(set) var operationsPerStep: UInt64 = 1
  /// One page of this many is kept.
  public internal(set) var pagesPerKeptPage: UInt64 = 1
  /// Addresses of the pages and runs, ascending.
  var pages: [Address] = []
  /// The words of the tags that pieces refer to.
  var tags: [UInt32] = []
  /// The states, the first as the machine starts.
  var steps: [Step] = []
  /// The most bytes that each tag's blocks took at once, without the bit of protected blocks.
  /// Whoever replays knows it of all operations, also of those that are no step.
  public var peakBytes: [PoolTag: UInt64] = [:]

  /// One state, as what has changed since the one before.
  struct Step: Sendable {
    /// Places of pages in ``PoolHistory/pages`` and what they hold, in no order.
    var changes: [(page: Int, content: PageContent)]
    /// The operation that ends the step, and its result.
    var line: String
    var figures: PoolFigures
  }

  /// True where operations or pages have been left out.
  public var isSampled: Bool { operationsPerStep > 1 || pagesPerKeptPage > 1 }

  /// The number of states.
  public var stepCount: Int { steps.count }

  /// What was left out, as a sentence; nil where nothing was.
  public var samplingNote: String? {
    guard isSampled else { return nil }
    var parts: [String] = []
    if operationsPerStep > 1 {
      parts.append("one step in \(operationsPerStep) operations")
    }
    if pagesPerKeptPage > 1 { parts.append("one page in \(pagesPerKeptPage)") }
    return "The trace is too large to be shown whole: " + parts.joined(separator: ", ")
      + ". The curves of memory are of all pages."
  }

  /// The step that shows the state after an operation: the first that has it behind it.
  public func step(ofOperation operation: UInt64) -> Int {
    guard operation < operations else { return max(steps.count - 1, 0) }
    let step = (operation + operationsPerStep - 1) / operationsPerStep
    return min(Int(step), max(steps.count - 1, 0))
  }

  /// The operation that a step ends with and what the pool held then, without reading its pages.
  public func moment(_ step: Int) -> (operation: UInt64, figures: PoolFigures) {
    (operation(ofStep: step), steps[step].figures)
  }

  /// The operation that a step ends with.
  func operation(ofStep step: Int) -> UInt64 {
    step >= steps.count - 1 ? operations : min(UInt64(step) * operationsPerStep, operations)
  }

  /// The ten tags with most bytes, those with most first: each has a colour of its own, the same
  /// one on a page and in its pictures.
  var colouredTags: [PoolTag] {
    peakBytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10).map(\.key)
  }

  /// What every page holds after a step, in the order of ``pages``.
  func contents(afterStep last: Int) -> [PageContent] {
    var contents = [PageContent](repeating: .empty, count: pages.count)
    for step in steps.prefix(last + 1) {
      for change in step.changes { contents[change.page] = change.content }
    }
    return contents
  }
}

/// What one page, or a run of pages used as one, holds at one moment: its pieces in address order.
///
/// A piece takes eight bytes, so that a history of many thousand states fits into memory. Contents
/// that are equal are the same for every reader: nothing but size, state and tag is kept.
struct PageContent: Equatable, Sendable {
  /// A block, or another stretch of one state.
  struct Piece: Equatable, Sendable {
    private let word: UInt64

    init(units: UInt64, state: CellState, tagIndex: Int) {
      word = units << 24 | UInt64(tagIndex & 0xFFFF) << 8 | UInt64(state.rawValue)
    }

    /// The size in units.
    var units: UInt64 { word >> 24 }
    /// The place of the tag in the history's table of tags.
    var tagIndex: Int { Int(word >> 8 & 0xFFFF) }
    /// What it is.
    var state: CellState { CellState(rawValue: Int(word & 0xFF)) ?? .unknown }
  }

  /// The pieces; none where the page is not in use.
  var pieces: [Piece] = []

  /// Not in use.
  static let empty = PageContent()

  /// True where the page is not in use.
  var isEmpty: Bool { pieces.isEmpty }

  /// True for a page carved into small blocks, as opposed to a run of pages.
  var isSmallBlocks: Bool {
    switch pieces.first?.state {
    case nil, .large, .table, .kept: false
    default: true
    }
  }

  /// The pieces that replace others of `earlier` to make this content of it.
  func splice(since earlier: PageContent) -> Splice {
    let old = earlier.pieces
    let most = min(old.count, pieces.count)
    var start = 0
    while start < most, old[start] == pieces[start] { start += 1 }
    var end = 0
    while end < most - start, old[old.count - 1 - end] == pieces[pieces.count - 1 - end] {
      end += 1
    }
    return Splice(
      start: start, removed: old.count - start - end,
      inserted: pieces[start..<(pieces.count - end)])
  }

  /// A change of a content: some pieces go, others come in their place.
  struct Splice {
    let start: Int
    let removed: Int
    let inserted: ArraySlice<Piece>
  }
}

/// What whoever replays a trace knows of a pool after an operation, all in bytes.
public struct PoolFigures: Sendable, Equatable {
  /// Bytes of the pages held.
  public var held: UInt64
  /// Bytes of live blocks, headers included.
  public var live: UInt64
  /// The most bytes that any trace with the same peak of live bytes can hold; nil where no bound
  /// is known.
  public var bound: UInt64?

  /// Figures.
  public init(held: UInt64 = 0, live: UInt64 = 0, bound: UInt64? = nil) {
    self.held = held
    self.live = live
    self.bound = bound
  }
}

/// Fingerprints of pages: a number that changes when a header does.
///
/// What the walk over a page reads of a header goes into the number, so equal numbers mean equal
/// blocks but for one chance in 2^64.
struct HeaderChains {
  private let view: PoolView
  private let blockSize: HeaderLayout.BitField
  private let unitBytes: UInt64
  private let pageBytes: UInt64

  init(_ view: PoolView) {
    self.view = view
    // Kept, because making one copies the whole profile.
    let profile = view.profile
    blockSize = profile.header.blockSize
    unitBytes = profile.unitBytes
    pageBytes = profile.pageBytes
  }

  /// The number of the page at `page`, never zero.
  func hash(ofPage page: Address) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    var offset: UInt64 = 0
    while offset < pageBytes {
      // The bit fields and, behind them, the tag.
      guard let header = view.word64(page &+ offset) else { break }
      hash = (hash ^ header) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash >> 32
      let units = UInt64(blockSize.get(UInt32(truncatingIfNeeded: header)))
      if units == 0 { break }
      offset += units &* unitBytes
    }
    return hash | 1
  }
}

/// How much of a trace a recording keeps.
///
/// A trace that exceeds a limit is sampled, never refused: each time that there are too many steps,
/// two neighbours become one, and each time that there are too many pages, every second one is left
/// out.
public struct RecordingLimits: Sendable, Equatable {
  /// The most steps, an even number of at least 2.
  public var steps: Int
  /// The most pages and runs.
  public var pages: Int
  /// The most pieces of pages in all steps together; a piece takes eight bytes.
  public var pieces: Int

  /// Limits; the defaults make a page of a few megabytes.
  public init(steps: Int = 20_000, pages: Int = 4096, pieces: Int = 8_000_000) {
    self.steps = max(2, steps + steps % 2)
    self.pages = max(1, pages)
    self.pieces = max(64, pieces)
  }

  /// The same limits with another one of steps.
  public func with(steps: Int) -> RecordingLimits {
    RecordingLimits(steps: steps, pages: pages, pieces: pieces)
  }
}
