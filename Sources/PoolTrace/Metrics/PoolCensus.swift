import KernelPool
import PoolWalk

/// What a walk over one pool's pages finds, as far as metrics need it.
struct PoolCensus {
  private(set) var freeSpace = FreeSpace()
  private(set) var lookasideBytes: UInt64 = 0
  private(set) var deferredBytes: UInt64 = 0
  private(set) var pinnedPages: UInt64 = 0
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
