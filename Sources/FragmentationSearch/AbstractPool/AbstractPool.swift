import PoolBounds

/// The kernel pool reduced to what decides fragmentation: pages, blocks and free lists, no memory.
///
/// The rules are ReactOS `ExAllocatePoolWithTag` and `ExFreePoolWithTag` without lookasides and
/// deferred frees: the first block of the first sufficient list is cut, a block that begins its
/// page at the front and any other at the end; no sufficient list means a fresh page, served from
/// its front; a release merges free neighbours and gives back a page that is wholly free. Every
/// place where systems differ is a switch of `PlacementRules`.
///
/// Blocks are 32-byte records in one buffer, linked to their neighbours in the page and on the
/// list. A record costs memory only while its block exists, so a million pages with three blocks
/// each take a hundred megabytes, and a live block's record never moves: its index is its handle.
public struct AbstractPool: ~Copyable {
  /// Sizes and limits.
  public let geometry: PoolGeometry
  /// The policy. Under `RemainderOrder.relaxed`, remainders go to the head and the caller
  /// chooses among equal blocks by rank.
  public let rules: PlacementRules
  /// Pages and live units, now and at their peaks.
  public private(set) var footprint = Footprint()
  /// Units of the free block that came into being last; it may be gone again. 0 before the first.
  public private(set) var newestFreeUnits = 0

  var lists: FreeLists
  var records: UnsafeMutablePointer<BlockRecord>
  var recordCapacity = 256
  /// Records in use or on the chain of unused ones; those behind were never used.
  var recordCount = 0
  var firstUnused: Int32 = -1
  /// The first block of each page; of an unused page number, -2 minus the next unused one.
  var firstBlocks: UnsafeMutablePointer<Int32>
  var pageCapacity = 64
  var pageCount = 0
  var firstUnusedPage: Int32 = -1

  /// An empty pool.
  public init(geometry: PoolGeometry, rules: PlacementRules) {
    self.geometry = geometry
    self.rules = rules
    lists = FreeLists(pageUnits: geometry.pageUnits)
    records = .allocate(capacity: recordCapacity)
    firstBlocks = .allocate(capacity: pageCapacity)
  }

  /// A pool in the same state as another; handles of the one name the same blocks in the other.
  public init(copying other: borrowing AbstractPool) {
    geometry = other.geometry
    rules = other.rules
    footprint = other.footprint
    newestFreeUnits = other.newestFreeUnits
    lists = FreeLists(copying: other.lists)
    recordCapacity = other.recordCapacity
    recordCount = other.recordCount
    firstUnused = other.firstUnused
    records = .allocate(capacity: recordCapacity)
    records.initialize(from: other.records, count: recordCount)
    pageCapacity = other.pageCapacity
    pageCount = other.pageCount
    firstUnusedPage = other.firstUnusedPage
    firstBlocks = .allocate(capacity: pageCapacity)
    firstBlocks.initialize(from: other.firstBlocks, count: pageCount)
  }

  deinit {
    records.deallocate()
    firstBlocks.deallocate()
  }

  /// Units of the largest listed free block, 0 if there is none.
  public var largestFreeUnits: Int { lists.largestSize }

  /// Listed free blocks of that size.
  public var largestFreeBlocks: Int {
    let size = largestFreeUnits
    var count = 0
    var block = size == 0 ? -1 : lists.heads[size]
    while block >= 0 {
      count &+= 1
      block = records[Int(block)].listNext
    }
    return count
  }

  /// Whether a listed free block of exactly `units` exists.
  public func hasFreeBlock(units: Int) -> Bool {
    (0...geometry.pageUnits).contains(units) && lists.heads[units] >= 0
  }

  /// The size of the free block that would serve a request, nil where a fresh page would.
  public func sizeServing(units: Int) -> Int? {
    let least = rules.exactFit == .taken ? units : units + 1
    let size = lists.smallestSize(atLeast: least)
    return size < 0 ? nil : size
  }

  /// Units of a live block.
  public func units(of handle: BlockHandle) -> Int {
    Int(records[Int(handle.index)].units)
  }

  /// Takes a block of `units`, which must lie between the geometry's smallest and largest block.
  ///
  /// `rank`: which of the equal free blocks to cut, counted from the head of the list
  ///   and wrapped at its end; 0 is the policy's own choice.
  public mutating func allocate(units: Int, rank: Int) -> BlockHandle {
    precondition(units >= geometry.smallestBlockUnits, "below the smallest block")
    precondition(units <= geometry.largestBlockUnits, "above the largest block")
    let source = freeBlock(for: units, rank: rank)
    let block = source < 0 ? takeFreshPage(units: units) : carve(source, units: units)
    noteAllocation(units: units)
    return BlockHandle(index: block)
  }

  /// Gives a live block back.
  public mutating func free(_ handle: BlockHandle) {
    let block = handle.index
    precondition(block >= 0 && block < recordCount, "no such block")
    precondition(records[Int(block)].state == .live, "block is not live")
    footprint.liveUnits &-= Int(records[Int(block)].units)
    footprint.liveBlocks &-= 1
    absorbRight(block)
    absorbLeft(block)
    if Int(records[Int(block)].units) == geometry.pageUnits {
      releasePage(block)
    } else {
      insertFreed(block)
    }
  }

  // MARK: - Allocation

  private mutating func freeBlock(for units: Int, rank: Int) -> Int32 {
    let least = rules.exactFit == .taken ? units : units &+ 1
    if rules.fit == .firstFit { return firstFitBlock(atLeast: least) }
    let size = lists.smallestSize(atLeast: least)
    if size < 0 { return -1 }
    var block = lists.heads[size]
    var left = rank
    while left > 0 {
      block = records[Int(block)].listNext
      if block < 0 { block = lists.heads[size] }
      left &-= 1
    }
    return block
  }

  /// The search in address order walks every page: for comparisons at small sizes only.
  private func firstFitBlock(atLeast units: Int) -> Int32 {
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      var block = firstBlocks[page]
      while block >= 0 {
        let record = records[Int(block)]
        if record.state == .free, Int(record.units) >= units { return block }
        block = record.right
      }
    }
    return -1
  }

  private mutating func takeFreshPage(units: Int) -> Int32 {
    let page = makePage()
    let block = makeRecord(
      BlockRecord(
        left: -1, right: -1, listPrevious: -1, listNext: -1, page: page, offset: 0,
        units: Int32(units), state: .live))
    firstBlocks[Int(page)] = block
    footprint.pagesHeld &+= 1
    let remainder = geometry.pageUnits &- units
    if remainder > 0 {
      let rest = makeRecord(
        BlockRecord(
          left: block, right: -1, listPrevious: -1, listNext: -1, page: page,
          offset: Int32(units), units: Int32(remainder), state: .free))
      records[Int(block)].right = rest
      insertRemainder(rest)
    }
    return block
  }

  private mutating func carve(_ source: Int32, units: Int) -> Int32 {
    lists.remove(source, records)
    let whole = records[Int(source)]
    if Int(whole.units) == units {
      records[Int(source)].state = .live
      return source
    }
    var taken = whole
    taken.units = Int32(units)
    taken.state = .live
    records[Int(source)].units = whole.units &- Int32(units)
    let block: Int32
    if whole.offset == 0 {
      taken.right = source
      block = makeRecord(taken)
      records[Int(source)].offset = Int32(units)
      records[Int(source)].left = block
      firstBlocks[Int(whole.page)] = block
    } else {
      taken.left = source
      taken.offset = whole.offset &+ whole.units &- Int32(units)
      block = makeRecord(taken)
      records[Int(source)].right = block
      if whole.right >= 0 { records[Int(whole.right)].left = block }
    }
    insertRemainder(source)
    return block
  }

  private mutating func insertRemainder(_ block: Int32) {
    let units = Int(records[Int(block)].units)
    if units < geometry.smallestListedUnits {
      records[Int(block)].state = .sliver
      return
    }
    records[Int(block)].state = .free
    newestFreeUnits = units
    if rules.remainderOrder == .tail {
      lists.insertAtTail(block, records)
    } else {
      lists.insertAtHead(block, records)
    }
  }

  private mutating func noteAllocation(units: Int) {
    footprint.liveUnits &+= units
    footprint.liveBlocks &+= 1
    if footprint.liveUnits > footprint.peakLiveUnits {
      footprint.peakLiveUnits = footprint.liveUnits
      footprint.pagesHeldAtPeakLive = footprint.pagesHeld
    }
    if footprint.pagesHeld > footprint.peakPagesHeld {
      footprint.peakPagesHeld = footprint.pagesHeld
      footprint.liveUnitsAtPeakPages = footprint.liveUnits
    }
  }

  // MARK: - Release

  private mutating func absorbRight(_ block: Int32) {
    let right = records[Int(block)].right
    guard right >= 0, records[Int(right)].isFree else { return }
    if records[Int(right)].state == .free { lists.remove(right, records) }
    let absorbed = records[Int(right)]
    records[Int(block)].units &+= absorbed.units
    records[Int(block)].right = absorbed.right
    if absorbed.right >= 0 { records[Int(absorbed.right)].left = block }
    recycle(right)
  }

  private mutating func absorbLeft(_ block: Int32) {
    let left = records[Int(block)].left
    guard left >= 0, records[Int(left)].isFree else { return }
    if records[Int(left)].state == .free { lists.remove(left, records) }
    let absorbed = records[Int(left)]
    records[Int(block)].units &+= absorbed.units
    records[Int(block)].offset = absorbed.offset
    records[Int(block)].left = absorbed.left
    if absorbed.left >= 0 {
      records[Int(absorbed.left)].right = block
    } else {
      firstBlocks[Int(absorbed.page)] = block
    }
    recycle(left)
  }

  private mutating func insertFreed(_ block: Int32) {
    records[Int(block)].state = .free
    newestFreeUnits = Int(records[Int(block)].units)
    switch rules.freedOrder {
    case .head: lists.insertAtHead(block, records)
    case .tail: lists.insertAtTail(block, records)
    }
  }

  private mutating func releasePage(_ block: Int32) {
    let page = records[Int(block)].page
    recycle(block)
    firstBlocks[Int(page)] = -2 - (firstUnusedPage + 1)
    firstUnusedPage = page
    footprint.pagesHeld &-= 1
  }
}

/// A live block of an ``AbstractPool``. A handle's number may be given again after its release, so
/// it can name a slot of a trace: it never names two live blocks at once.
public struct BlockHandle: Sendable, Hashable {
  /// The number, at least 0.
  public let index: Int32

  /// The handle with a number: for targets that number their own blocks.
  public init(index: Int32) { self.index = index }
}

/// A block of a page, free or live: 32 bytes, so that two share a cache line.
struct BlockRecord {
  enum State: Int32 {
    case unused
    case live
    case free
    /// Free, but too small for any list.
    case sliver
  }

  /// The neighbours in the page, -1 at its ends.
  var left: Int32
  var right: Int32
  /// The neighbours on the list, -1 at its ends; of an unused record, the next unused one.
  var listPrevious: Int32
  var listNext: Int32
  var page: Int32
  var offset: Int32
  var units: Int32
  var state: State

  var isFree: Bool { state == .free || state == .sliver }
}

/// One operation of a trace on slots. A slot holds at most one block at a time.
public enum AbstractOperation: Sendable, Hashable {
  /// Puts a block of `units` into an empty slot. `rank` is the choice among equal free blocks, 0
  /// except in relaxed order.
  case allocate(slot: Int, units: Int, rank: Int)
  /// Gives the slot's block back.
  case free(slot: Int)

  /// Carries the operation out. As in a trace, a request on a full slot and a release of an empty
  /// one do nothing.
  public func apply(to pool: inout AbstractPool, _ handles: inout [Int: BlockHandle]) {
    switch self {
    case .allocate(let slot, let units, let rank):
      guard handles[slot] == nil else { return }
      handles[slot] = pool.allocate(units: units, rank: rank)
    case .free(let slot):
      guard let handle = handles.removeValue(forKey: slot) else { return }
      pool.free(handle)
    }
  }
}
