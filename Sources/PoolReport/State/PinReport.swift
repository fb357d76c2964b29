import KernelPool

/// Which blocks hold the most memory back: pages in the order of what keeps them.
///
/// A page goes back when all of its blocks are freed, and no block keeps two pages. So taking pages
/// in the order of the fewest blocks gives back the most pages for any number of blocks freed. A
/// block parked on a lookaside list keeps its page as a live one does and is counted with them,
/// though no caller can free it.
public struct PinReport: Sendable {
  /// A page and what keeps it.
  public struct Entry: Sendable {
    /// Address of the page.
    public let page: Address
    /// The blocks that keep it.
    public let blocks: [Block]
    /// Bytes of its largest free block.
    public let largestHoleBytes: UInt64
    /// Bytes of the blocks, headers included.
    public var byteCount: UInt64 { blocks.reduce(0) { $0 + $1.byteCount } }
  }

  /// A block that keeps a page.
  public struct Block: Sendable {
    /// Address of its header.
    public let address: Address
    /// Its bytes, header included.
    public let byteCount: UInt64
    /// The tag.
    public let tag: PoolTag
    /// True where its caller has freed it and a lookaside list or a batch of frees has it.
    public let isParked: Bool
    /// The slot of the trace that holds it, where the history tells.
    public let slot: String?
    /// The operation that allocated it, where the history tells.
    public let operation: UInt64?
  }

  /// What freeing the blocks of the first entries comes to.
  public struct Release: Sendable, Equatable {
    /// Blocks freed.
    public let blocks: Int
    /// Their bytes.
    public let byteCount: UInt64
    /// Pages given back.
    public let pages: Int
  }

  /// Pages, the cheapest to win back first: by blocks, then bytes, then address.
  public let entries: [Entry]

  /// The report for a state.
  public init(_ state: HistoryState) {
    let owners = BlockOwners(state.history, through: state.step)
    let headerBytes = state.history.headerBytes
    var entries: [Entry] = []
    for page in state.pages where page.isSmallBlocks && page.isComplete {
      let blocks = page.blocks.filter { Self.keepsPage($0.state) }.map { block in
        let owner = block.state == .allocated ? owners[block.address &+ headerBytes] : nil
        return Block(
          address: block.address, byteCount: block.byteCount, tag: block.tag.unprotected,
          isParked: block.state != .allocated, slot: owner?.slot, operation: owner?.operation)
      }
      guard !blocks.isEmpty else { continue }
      entries.append(
        Entry(page: page.address, blocks: blocks, largestHoleBytes: page.largestHoleBytes))
    }
    self.entries = entries.sorted {
      ($0.blocks.count, $0.byteCount, $0.page) < ($1.blocks.count, $1.byteCount, $1.page)
    }
  }

  private static func keepsPage(_ state: CellState) -> Bool {
    switch state {
    case .allocated, .lookaside, .deferred, .fragment: true
    default: false
    }
  }

  /// The most pages that freeing at most `blocks` blocks gives back.
  public func release(blocks limit: Int) -> Release {
    var release = Release(blocks: 0, byteCount: 0, pages: 0)
    for entry in entries {
      guard release.blocks + entry.blocks.count <= limit else { break }
      release = Release(
        blocks: release.blocks + entry.blocks.count,
        byteCount: release.byteCount + entry.byteCount, pages: release.pages + 1)
    }
    return release
  }

  /// Releases for 1, 10, 100 ... blocks and for all; those that give back no more pages than the
  /// one before are left out.
  public var releases: [Release] {
    let all = entries.reduce(0) { $0 + $1.blocks.count }
    var releases: [Release] = []
    var limit = 1
    while all > 0 {
      let release = release(blocks: limit)
      if release.pages > releases.last?.pages ?? 0 { releases.append(release) }
      if limit >= all { break }
      limit *= 10
    }
    return releases
  }
}
