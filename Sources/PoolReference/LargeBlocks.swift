import typealias KernelPool.Address
import struct KernelPool.BugCheck
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

// Requests above the small limit: whole pages, an entry of the big-page table, and on versions that
// use it the tail of the last page (ReactOS ExAllocatePoolWithTag, ExpAddTagForBigPages; Mandt 2011).

/// The table of large allocations as far as its size and its order decide an answer.
struct LargeBlockTable: Sendable {
  /// The addresses, 0 where an entry is free.
  private(set) var slots: [Address] = []
  private(set) var used = 0
  /// Its own pages; nil while it lies beside the pool.
  var address: Address?
  /// Whether it ever had no room: then it does not know every allocation.
  var hasOverflown = false
  private let entryBytes: UInt64
  private let pageBytes: UInt64

  init(entryBytes: UInt64, pageBytes: UInt64) {
    self.entryBytes = entryBytes
    self.pageBytes = pageBytes
  }

  mutating func start(entries: UInt64) { slots = Array(repeating: 0, count: Int(entries)) }

  /// Bytes of a table of so many entries.
  func bytes(_ entries: UInt64) -> UInt64 { entries &* entryBytes }

  /// Twice the entries, or half of them, rounded by the entries of a page as if their number were a
  /// power of two.
  func entries(afterGrowth grows: Bool) -> UInt64 {
    let rounding = pageBytes / entryBytes &- 1
    let now = UInt64(slots.count)
    return grows ? (now &* 2) & ~rounding : (now / 2 &+ rounding) & ~rounding
  }

  private func hash(_ address: Address) -> Int {
    let page = UInt32(truncatingIfNeeded: address / pageBytes)
    return Int((page >> 24) ^ (page >> 16) ^ (page >> 8) ^ page)
  }

  /// Enters an address at the first free entry from its hash on; returns how many were passed, nil
  /// where there is none.
  mutating func insert(_ address: Address) -> Int? {
    guard used < slots.count else { return nil }
    var index = hash(address) & (slots.count - 1)
    var passed = 0
    while slots[index] != 0 {
      index = index + 1 == slots.count ? 0 : index + 1
      passed += 1
    }
    slots[index] = address
    used += 1
    return passed
  }

  mutating func remove(_ address: Address) {
    let start = hash(address) & (slots.count - 1)
    let index = slots[start...].firstIndex(of: address) ?? slots.firstIndex(of: address)
    guard let index else { return }
    slots[index] = 0
    used -= 1
  }

  /// Enters everything into a new table, in order. The index is a remainder by the size less one,
  /// as recorded.
  mutating func resize(to entries: UInt64) {
    let old = slots
    start(entries: entries)
    for address in old where address != 0 {
      var index = hash(address) % (slots.count - 1)
      while slots[index] != 0 { index = index + 1 == slots.count ? 0 : index + 1 }
      slots[index] = address
    }
  }
}

extension ReferencePool {
  // MARK: At start

  /// The kernel's own tables and paged descriptors come off the nonpaged pool first.
  mutating func start() throws(Outcome) {
    let isInPool = configuration.initialisation == .kernel
    var rows = entries(configuration.trackerEntries, standard: 2048)
    while isInPool {
      if try allocatePages(.nonPaged, bytes: (rows + 1) * profile.trackerRowBytes) != nil { break }
      rows /= 2
      if rows <= 1 { return }
    }
    var entries = entries(configuration.bigTableEntries, standard: 4096)
    while isInPool {
      table.address = try allocatePages(.nonPaged, bytes: table.bytes(entries))
      if table.address != nil { break }
      entries /= 2
      if entries <= 1 { return }
    }
    table.start(entries: entries)
    guard isInPool else { return }
    for _ in 0..<profile.pagedDescriptors {
      let bytes = profile.descriptor.bytesWithLock
      guard let address = try serve(.nonPaged, bytes: bytes, tag: .pool, body: 0) else { return }
      large[address]?.isSystem = true
    }
  }

  /// The next lower power of two, at least 64, of a size that the initial pool limits.
  private func entries(_ requested: UInt64, standard: UInt64) -> UInt64 {
    let size = min(requested, configuration.nonPagedPages * sizes.page / 256)
    guard size > 0 else { return standard }
    return max(1 << UInt64(63 - size.leadingZeroBitCount), 64)
  }

  // MARK: Allocation

  mutating func allocateLarge(
    _ type: PoolType, _ kind: PoolKind, bytes: UInt64, tag: PoolTag, body: UInt64
  ) throws(Outcome) -> Address? {
    guard let address = try allocatePages(kind, bytes: bytes) else { return nil }
    let pages = pageCount(bytes)
    let held = pages &* sizes.page
    if held < body, fillsBodies || profile.largeTail == .fragment { throw .open(.cutPageCount) }
    let owner = firstOwner(kind)
    owners[owner].largePages &+= UInt32(truncatingIfNeeded: pages)
    let isInTable = try enter(address)
    // Entries of older versions count pages, and the tail is none.
    let rounded = (bytes &+ sizes.unit &- 1) & ~(sizes.unit - 1)
    large[address] = LargeBlock(
      pages: pages, bytes: min(body, held), roundedBytes: rounded, tag: tag,
      type: type, isInTable: isInTable, isSystem: false)
    if isInTable { openTail(address, owner, rounded) }
    return address
  }

  /// Enters an address into the table, which grows when it is full, or three quarters full and 16
  /// entries were passed.
  private mutating func enter(_ address: Address) throws(Outcome) -> Bool {
    let grows = profile.bigTableResizing == .dynamic && fault != .tableNeverGrows
    while true {
      if let passed = table.insert(address) {
        if passed >= 16, table.used > table.slots.count / 4 * 3, grows {
          _ = try resizeTable(grows: true)
        }
        return true
      }
      guard grows, try resizeTable(grows: true) else {
        table.hasOverflown = true
        return false
      }
    }
  }

  /// Moves the table to new pages; false where there are none.
  private mutating func resizeTable(grows: Bool) throws(Outcome) -> Bool {
    let entries = table.entries(afterGrowth: grows)
    guard entries != table.slots.count else { return !grows }
    guard entries > 1,
      let new = try allocatePages(.nonPaged, bytes: table.bytes(entries))
    else { return false }
    let old = table.address
    let oldPages = pageCount(table.bytes(UInt64(table.slots.count)))
    table.resize(to: entries)
    table.address = new
    if let old { try freePages(old, .nonPaged, pages: oldPages) }
    return true
  }

  // MARK: The tail of the last page

  /// Units in front of the tail in the last page, or nil where no block fits behind the request.
  private mutating func unitsBeforeTail(_ roundedBytes: UInt64) -> Int? {
    guard profile.largeTail == .fragment, fault != .fragmentForgotten else { return nil }
    let units = Int(roundedBytes & (sizes.page - 1)) / Int(sizes.unit)
    return units == 0 || sizes.unitsPerPage - units <= 1 ? nil : units
  }

  private mutating func lastPage(_ address: Address, _ roundedBytes: UInt64) -> Address {
    (address &+ roundedBytes) & ~(sizes.page - 1)
  }

  /// One unit that looks held stands behind the request, then a free block to the page's end.
  private mutating func openTail(_ address: Address, _ owner: Int, _ roundedBytes: UInt64) {
    guard let units = unitsBeforeTail(roundedBytes) else { return }
    let page = lastPage(address, roundedBytes)
    let body = PageBlock(start: 0, units: UInt16(units), state: .large, owner: UInt8(owner))
    let mark = PageBlock(start: UInt16(units), units: 1, state: .large, owner: UInt8(owner))
    let rest = PageBlock(
      start: UInt16(units + 1), units: UInt16(sizes.unitsPerPage - units - 1), state: .free,
      owner: UInt8(owner))
    let place = blocks.begin(page)
    blocks[place] += [body, mark, rest]
    list(place, 2, page, atHead: profile.remainderEnd == .head)
  }

  /// Frees the pages of a large allocation. A last page whose tail is in use stays as a page of
  /// small blocks; its front becomes free.
  private mutating func freeWithTail(
    _ address: Address, _ kind: PoolKind, _ owner: Int, _ block: LargeBlock
  ) throws(Outcome) {
    guard block.isInTable, unitsBeforeTail(block.roundedBytes) != nil else {
      return try freePages(address, kind, pages: block.pages)
    }
    if profile.deferredFrees, profile.deferredFreeType == .free { try freeDeferred(owner) }
    let page = lastPage(address, block.roundedBytes)
    guard let place = blocks.place(page) else { throw .open(.damaged) }
    if blocks[place].count == 3, blocks[place][2].state == .free {
      unlist(blocks[place][2])
      blocks.close(page)
      return try freePages(address, kind, pages: block.pages)
    }
    var units = blocks[place][0].units + 1
    blocks[place].remove(at: 0)
    if blocks[place].count > 1, blocks[place][1].state == .free {
      unlist(blocks[place][1])
      units += blocks[place].remove(at: 1).units
    }
    blocks[place][0] = PageBlock(start: 0, units: units, state: .free, owner: UInt8(owner))
    list(place, 0, page, atHead: profile.freedEnd == .head)
    owners[owner].smallPages &+= 1
    if block.pages > 1 { try freePages(address, kind, pages: block.pages - 1) }
  }

  // MARK: Frees

  mutating func freeLarge(_ address: Address, tag: PoolTag?) throws(Outcome) {
    let kind = try kindOfPages(address)
    try checkLevel(freeing: address, kind)
    guard let block = large[address] else { throw untracked(address, kind) }
    if block.isInTable {
      table.remove(address)
      let divisor = fault == .tableShrinksLate ? 16 : 8
      if profile.bigTableResizing == .dynamic, table.used < table.slots.count / divisor {
        _ = try resizeTable(grows: false)
      }
    }
    // What the table had no room for has lost its tag.
    try checkTag(tag, block.isInTable ? block.tag : .big, address)
    if block.isSystem { throw .open(.strayFree) }
    large[address] = nil
    let keepsType = block.isInTable && profile.storedPoolType == .orTwo
    let asked = keepsType ? block.type.subtracting(.paged) : .nonPaged
    let owner = firstOwner(kind == .nonPaged ? self.kind(of: asked) : kind)
    try freeWithTail(address, kind, owner, block)
    owners[owner].largePages &-= UInt32(truncatingIfNeeded: block.pages)
  }

  /// The pool of a page address; outside of all of them the kernel stops (Microsoft, 0xC2/0x42).
  private mutating func kindOfPages(_ address: Address) throws(Outcome) -> PoolKind {
    if let kind = poolKind(at: address) { return kind }
    guard profile.untrackedLargeFree != .silent else {
      // The end of the nonpaged range counts as inside.
      if address == self.address(ofPage: configuration.nonPagedLimit) { return .nonPaged }
      throw .bugCheck(BugCheck.badPoolCaller, 0x42, address)
    }
    let isUser = address < profile.systemBase
    throw .bugCheck(
      BugCheck.badPoolCaller, isUser ? 0x40 : 0x42, address, isUser ? profile.systemBase : 0)
  }

  /// A free of pages that nobody holds (Microsoft, 0xC2/0x44 and 0x50, 0x19/0x22).
  private func untracked(_ address: Address, _ kind: PoolKind) -> Outcome {
    switch profile.untrackedLargeFree {
    case .silent: return .open(.strayFree)
    case _ where table.hasOverflown: return .open(.strayFree)
    case .noTrackingEntry: return .bugCheck(BugCheck.badPoolHeader, 0x22, address)
    case .notAllocated where kind.isPaged:
      let base = kind == .paged ? profile.pagedBase : profile.sessionBase
      let pages = kind == .paged ? pagedMap.pages : sessionMap.pages
      return .bugCheck(
        BugCheck.badPoolCaller, 0x50, address, (address &- base) / sizes.page, pages * sizes.page)
    case .notAllocated: return .bugCheck(BugCheck.badPoolCaller, 0x44, address)
    }
  }
}
