import KernelPool

/// Which blocks hold the most memory back: pages in the order of what keeps them.
///
/// A page goes back when all of its blocks are freed, and no block keeps two pages. So taking pages
/// in the order of the fewest blocks gives back the most pages for any number of blocks freed. A
/// block parked on a lookaside list keeps its page as a live one does, though no caller can free it:
/// it is counted with them, and told.
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
    /// Those of them that are parked: their callers have freed them already.
    public let parkedBlocks: Int
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
    var release = Release(blocks: 0, parkedBlocks: 0, byteCount: 0, pages: 0)
    for entry in entries {
      guard release.blocks + entry.blocks.count <= limit else { break }
      release = Release(
        blocks: release.blocks + entry.blocks.count,
        parkedBlocks: release.parkedBlocks + entry.blocks.count(where: \.isParked),
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

/// How much of the free space a request of a size cannot use: Linux's unusable free space index for
/// every size of block (Gorman and Whitcroft 2006).
public struct UnusableFreeSpace: Sendable {
  /// Bytes of free blocks inside of pages.
  public let freeBytes: UInt64
  /// Bytes of a unit.
  public let unitBytes: UInt64
  /// For blocks of 1 unit, 2 units, ... up to a page: the share of free bytes in smaller holes.
  public let shares: [Double]

  /// The curve of a state.
  public init(_ state: HistoryState) {
    let units = Int(state.history.unitsPerPage)
    unitBytes = state.history.unitBytes
    var bytesBySize = [UInt64](repeating: 0, count: units + 1)
    for page in state.pages {
      for block in page.blocks where block.state == .free || block.state == .orphan {
        bytesBySize[min(Int(block.byteCount / unitBytes), units)] += block.byteCount
      }
    }
    let free = bytesBySize.reduce(0, +)
    freeBytes = free
    var smaller: UInt64 = 0
    shares = (1...max(units, 1)).map { size in
      defer { smaller += bytesBySize[min(size, units)] }
      return free == 0 ? 0 : Double(smaller) / Double(free)
    }
  }

  /// The share of free bytes in holes too small for a block of `bytes`, header included.
  public func share(blockBytes bytes: UInt64) -> Double {
    let units = Int((bytes + unitBytes - 1) / unitBytes)
    return shares[min(max(units, 1), shares.count) - 1]
  }

  /// The sizes at which the curve rises, with what it rises to, the first size included.
  public var corners: [(blockBytes: UInt64, share: Double)] {
    shares.indices.filter { $0 == 0 || shares[$0] != shares[$0 - 1] }
      .map { (UInt64($0 + 1) * unitBytes, shares[$0]) }
  }
}

/// Who allocated the block at an address, as far as the lines of a history tell.
///
/// A history of every operation tells of all blocks; a sampled one of those whose allocation
/// happened to end a step.
struct BlockOwners {
  private var owners: [Address: (slot: String, operation: UInt64)] = [:]

  init(_ history: PoolHistory, through last: Int) {
    for (step, state) in history.steps.prefix(last + 1).enumerated() {
      let words = state.line.split(separator: " ")
      guard words.count > 3, words[words.count - 2] == "->",
        let address = Address(words[words.count - 1], radix: 16)
      else { continue }
      owners[address] = (String(words[1]), history.operation(ofStep: step))
    }
  }

  subscript(_ body: Address) -> (slot: String, operation: UInt64)? { owners[body] }
}

/// In which order pages are drawn.
public enum PageOrder: String, Sendable, CaseIterable {
  /// By address.
  case address
  /// The smallest largest hole first: a staircase of requests becomes a diagonal. Runs of pages
  /// that are no small blocks come last.
  case hole
  /// The emptiest page first, runs of pages last.
  case use

  /// The pages in this order; equal ones by address.
  func sorted(_ pages: [PageState]) -> [PageState] {
    func key(_ page: PageState) -> UInt64 {
      guard page.isSmallBlocks else { return .max }
      switch self {
      case .address: return page.address
      case .hole: return page.largestHoleBytes
      case .use: return page.liveBytes + page.parkedBytes
      }
    }
    if self == .address { return pages }
    return pages.sorted { (key($0), $0.address) < (key($1), $1.address) }
  }
}
