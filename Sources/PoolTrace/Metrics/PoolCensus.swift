import KernelPool
import PoolWalk

/// What a walk over one pool's pages finds, as far as metrics need it.
struct PoolCensus {
  private(set) var freeSpace = FreeSpace()
  private(set) var lookasideBytes: UInt64 = 0
  private(set) var deferredBytes: UInt64 = 0
  private(set) var pinnedPages: UInt64 = 0
  private(set) var parkedPages: UInt64 = 0
  /// Small-block pages and the live blocks on them.
  private(set) var smallPages: UInt64 = 0
  private(set) var smallBlocks: UInt64 = 0
  private(set) var packing: PackingBound
  private(set) var tags: [PoolTag: TagCensus] = [:]

  /// What a walk finds of one tag.
  struct TagCensus {
    var pages: UInt64 = 0
    var bigPages: UInt64 = 0
    var pinnedPages: UInt64 = 0
    var lookasideBytes: UInt64 = 0
    var deferredBytes: UInt64 = 0
    var sizes: [UInt64: UInt64] = [:]
    fileprivate var lastPage: Address?
  }

  init(_ walker: PoolWalker, _ family: PoolFamily) {
    packing = PackingBound(unitsPerPage: walker.view.profile.unitsPerPage)
    for area in walker.areas where area.family == family {
      walker.visitPages(of: area) { use in
        switch use {
        case .smallBlocks(let page):
          count(walker.blocks(ofPage: page), walker.view.profile, isTail: false)
        case .large(let allocation):
          count(allocation)
          if let tail = walker.tail(of: allocation) {
            count(tail, walker.view.profile, isTail: true)
          }
        case .table, .kept: break
        }
      }
    }
  }

  private mutating func count(_ allocation: LargeAllocation) {
    guard !allocation.isKernelsOwn else { return }
    let tag = allocation.tag.unprotected
    tags[tag, default: TagCensus()].pages += allocation.pages
    tags[tag, default: TagCensus()].bigPages += allocation.pages
  }

  /// Blocks behind a large allocation need no page of their own, so they are not packed.
  private mutating func count(_ walk: PageWalk, _ profile: Profile, isTail: Bool) {
    let live = walk.blocks.filter { $0.state == .allocated }
    let liveBytes = live.reduce(0) { $0 + $1.byteCount }
    let isPinned = !isTail && liveBytes * 10 < profile.pageBytes
    if isPinned { pinnedPages += 1 }
    if !isTail {
      smallPages += 1
      smallBlocks += UInt64(live.count)
      let isParked = live.isEmpty && walk.blocks.contains(where: \.isParked)
      parkedPages += isParked ? 1 : 0
    }
    for block in walk.blocks {
      let tag = block.header.tag.unprotected
      switch block.state {
      case .free, .orphan:
        freeSpace.add(blockBytes: block.byteCount)
      case .lookaside:
        lookasideBytes += block.byteCount
        tags[tag, default: TagCensus()].lookasideBytes += block.byteCount
      case .deferred:
        deferredBytes += block.byteCount
        tags[tag, default: TagCensus()].deferredBytes += block.byteCount
      case .allocated:
        if !isTail { packing.add(units: block.header.units) }
        count(block, tag, page: walk.page, isPinned: isPinned, isTail: isTail)
      case .fragment: break
      }
    }
  }

  private mutating func count(
    _ block: PoolBlock, _ tag: PoolTag, page: Address, isPinned: Bool, isTail: Bool
  ) {
    var census = tags[tag] ?? TagCensus()
    tags[tag] = nil
    if !isTail { census.sizes[block.header.units, default: 0] += 1 }
    if census.lastPage != page {
      census.lastPage = page
      if !isTail { census.pages += 1 }
      if isPinned { census.pinnedPages += 1 }
    }
    tags[tag] = census
  }
}

extension PoolBlock {
  /// True where its caller has freed it and a lookaside list or a batch of frees has it.
  fileprivate var isParked: Bool { state == .lookaside || state == .deferred }
}

/// The free blocks inside of pages by size, and what they say about a request of one size.
///
/// A request that no free block serves needs a fresh page, however much is free altogether.
struct FreeSpace: Sendable, Equatable {
  private(set) var bytes: UInt64 = 0
  private(set) var largestBlockBytes: UInt64 = 0
  private var blocks: UInt64 = 0
  /// Blocks of each size in bytes.
  private var sizes: [UInt64: UInt64] = [:]

  /// Adds a free block, also one that is too small for a list.
  mutating func add(blockBytes: UInt64) {
    bytes &+= blockBytes
    blocks &+= 1
    largestBlockBytes = max(largestBlockBytes, blockBytes)
    sizes[blockBytes, default: 0] &+= 1
  }

  /// Adds the free blocks of another pool.
  mutating func add(_ other: FreeSpace) {
    bytes &+= other.bytes
    blocks &+= other.blocks
    largestBlockBytes = max(largestBlockBytes, other.largestBlockBytes)
    sizes.merge(other.sizes) { $0 &+ $1 }
  }

  /// The share of free bytes in blocks that do not serve the request (Gorman and Whitcroft's
  /// unusable free space index): 0 where all do, 1 where none does, 0 where nothing is free.
  func unusableIndex(_ request: RequestedBlock) -> Double {
    guard bytes > 0 else { return 0 }
    var unusable: UInt64 = 0
    for (size, count) in sizes where !request.isServed(byFreeBytes: size) {
      unusable &+= size &* count
    }
    return Double(unusable) / Double(bytes)
  }

  /// Linux's fragmentation index (`mm/vmstat.c`, `__fragmentation_index`): -1 where a free block
  /// serves the request, otherwise 1 - (1 + free / size) / blocks, which tends to 0 where memory is
  /// short and to 1 where it is shattered. 0 where nothing is free.
  func fragmentationIndex(_ request: RequestedBlock) -> Double {
    guard blocks > 0 else { return 0 }
    if sizes.keys.contains(where: request.isServed) { return -1 }
    return 1 - (1 + Double(bytes) / Double(request.blockBytes)) / Double(blocks)
  }
}

/// The least number of pages that could hold blocks of given sizes.
///
/// The bound of Martello and Toth (1990, their L2): for each size k, blocks larger than a page less
/// k have a page of their own, blocks above half a page do not share with each other, and the rest
/// down to k must fit into what these leave and into further pages. No arrangement needs fewer
/// pages; for the sizes that pools see the bound is nearly always reached. It is never more than
/// the pages that hold the blocks now.
struct PackingBound: Sendable {
  private var counts: [UInt64]
  private let unitsPerPage: Int

  init(unitsPerPage: UInt64) {
    self.unitsPerPage = Int(unitsPerPage)
    counts = [UInt64](repeating: 0, count: Int(unitsPerPage) + 1)
  }

  /// Adds blocks of `units`, which a page must be able to hold.
  mutating func add(units: UInt64, blocks: UInt64 = 1) {
    guard units <= UInt64(unitsPerPage) else { return }
    counts[Int(units)] += blocks
  }

  /// Takes a block of `units` out that was added before.
  mutating func remove(units: UInt64) {
    guard units <= UInt64(unitsPerPage), counts[Int(units)] > 0 else { return }
    counts[Int(units)] -= 1
  }

  /// The bound in pages.
  var pages: UInt64 {
    let half = unitsPerPage / 2
    // Above half a page: a page each. They count for every k; only which of them share changes.
    let halfAndMore = (half + 1..<unitsPerPage + 1).reduce(UInt64(0)) { $0 + counts[$1] }
    var best = halfAndMore
    var smallUnits: UInt64 = 0
    var roomUnits: UInt64 = 0
    for size in stride(from: half, through: 0, by: -1) {
      smallUnits += counts[size] * UInt64(size)
      // Blocks of up to a page less `size` leave room for blocks of `size` units.
      let partner = unitsPerPage - size
      if partner > half { roomUnits += counts[partner] * UInt64(size) }
      guard smallUnits > roomUnits else { continue }
      let further = smallUnits - roomUnits + UInt64(unitsPerPage) - 1
      best = max(best, halfAndMore + further / UInt64(unitsPerPage))
    }
    return best
  }
}
