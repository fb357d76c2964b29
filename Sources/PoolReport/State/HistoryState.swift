import KernelPool

/// One state of a history, counted: what the pages held after a step, and what it comes to.
public struct HistoryState: Sendable {
  /// The operation that the state is after.
  public let operation: UInt64
  /// What the whole pool holds, pages that the history left out included.
  public let figures: PoolFigures
  /// Bytes of a page.
  public let pageBytes: UInt64
  /// Pages and runs in use, by address.
  let pages: [PageState]
  let history: PoolHistory
  let step: Int

  /// The state after a step; steps beyond the last are the last.
  public init(_ history: PoolHistory, step: Int) {
    let step = min(max(step, 0), max(history.stepCount - 1, 0))
    self.step = step
    self.history = history
    operation = history.operation(ofStep: step)
    figures = history.steps[step].figures
    pageBytes = history.unitBytes * history.unitsPerPage
    pages = zip(history.pages, history.contents(afterStep: step)).compactMap { page, content in
      content.isEmpty ? nil : PageState(history, address: page, content)
    }
  }

  /// Pages held.
  public var pagesHeld: UInt64 { figures.held / pageBytes }

  /// Bytes held over bytes of live blocks; 0 where nothing is live.
  public var heldOverLive: Double {
    figures.live == 0 ? 0 : Double(figures.held) / Double(figures.live)
  }

  /// Pages of small blocks of which live blocks take less than a tenth.
  public var pinnedPages: Int {
    pages.count { $0.isSmallBlocks && $0.liveBytes * 10 < pageBytes }
  }

  /// Pages of small blocks without a live block, held by blocks that their callers have freed: on
  /// lookaside lists or in a batch of frees. They are among the pinned pages.
  public var parkedPages: Int { pages.count(where: \.isParked) }

  /// Bytes of such blocks in all pages, headers included.
  public var parkedBytes: UInt64 { pages.reduce(0) { $0 + $1.parkedBytes } }

  /// Bytes held over bytes of live and parked blocks; 0 where there are none.
  public var heldOverLiveAndParked: Double {
    let bytes = figures.live + parkedBytes
    return bytes == 0 ? 0 : Double(figures.held) / Double(bytes)
  }

  /// Bytes of live blocks and large allocations by tag, without the bit of protected blocks.
  public var liveBytes: [PoolTag: UInt64] {
    var bytes: [PoolTag: UInt64] = [:]
    for block in pages.flatMap(\.blocks) where block.state == .allocated || block.state == .large {
      bytes[block.tag.unprotected, default: 0] += block.byteCount
    }
    return bytes
  }

  /// Bytes of the largest free block.
  public var largestHoleBytes: UInt64 { pages.map(\.largestHoleBytes).max() ?? 0 }

  /// Bytes of free blocks inside of pages.
  public var freeBytes: UInt64 { pages.reduce(0) { $0 + $1.freeBytes } }
}

/// One page, or a run of pages, at one moment.
struct PageState: Sendable {
  /// A block, or another stretch of one state.
  struct Block: Sendable {
    let address: Address
    let byteCount: UInt64
    let state: CellState
    let tag: PoolTag

    /// True where the caller has freed the block and the lists have not got it yet.
    var isParked: Bool { state == .lookaside || state == .deferred }
  }

  let address: Address
  let content: PageContent
  let blocks: [Block]
  let isSmallBlocks: Bool
  private(set) var liveBlocks = 0
  private(set) var liveBytes: UInt64 = 0
  private(set) var parkedBlocks = 0
  private(set) var parkedBytes: UInt64 = 0
  private(set) var freeBytes: UInt64 = 0
  private(set) var largestHoleBytes: UInt64 = 0
  /// True where parked blocks alone hold it.
  var isParked: Bool { isSmallBlocks && liveBlocks == 0 && parkedBlocks > 0 }
  /// True where the blocks tile the page: only such a page is known to go back when all are freed.
  private(set) var isComplete = true

  init(_ history: PoolHistory, address: Address, _ content: PageContent) {
    self.address = address
    self.content = content
    isSmallBlocks = content.isSmallBlocks
    var next = address
    blocks = content.pieces.map { piece in
      let byteCount = piece.units * history.unitBytes
      defer { next &+= byteCount }
      return Block(
        address: next, byteCount: byteCount, state: piece.state,
        tag: PoolTag(word: history.tags[piece.tagIndex]))
    }
    for block in blocks { count(block) }
  }

  private mutating func count(_ block: Block) {
    switch block.state {
    case .allocated:
      liveBlocks += 1
      liveBytes += block.byteCount
    case .lookaside, .deferred:
      parkedBlocks += 1
      parkedBytes += block.byteCount
    case .free, .orphan:
      freeBytes += block.byteCount
      largestHoleBytes = max(largestHoleBytes, block.byteCount)
    case .unknown: isComplete = false
    case .partlyAllocated, .large, .fragment, .table, .kept: break
    }
  }
}
