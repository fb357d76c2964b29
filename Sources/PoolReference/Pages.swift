import typealias KernelPool.Address
import struct KernelPool.BugCheck
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

// Whole pages: single-page lists first, then runs or maps, then growth (ReactOS MiAllocatePoolPages,
// MiFreePoolPages). Contiguous memory, which may lie outside of the pool. Which bytes are a caller's.

extension ReferencePool {
  // MARK: Addresses

  /// The address of a nonpaged page; the expansion may lie elsewhere.
  mutating func address(ofPage page: UInt64) -> Address {
    let initial = configuration.nonPagedPages
    guard page >= initial, let base = profile.expansionBase else {
      return profile.nonPagedBase &+ page &* sizes.page
    }
    return base &+ (page &- initial) &* sizes.page
  }

  /// The nonpaged page that holds an address; nil outside.
  private mutating func nonPagedPage(_ address: Address) -> UInt64? {
    let initial = configuration.nonPagedPages
    let limit = configuration.nonPagedLimit
    let page = (address &- profile.nonPagedBase) / sizes.page
    guard let base = profile.expansionBase else { return page < limit ? page : nil }
    if page < initial { return page }
    let more = (address &- base) / sizes.page
    return more < limit - initial ? initial + more : nil
  }

  /// The pool whose range holds an address, mapped or not.
  mutating func poolKind(at address: Address) -> PoolKind? {
    if nonPagedPage(address) != nil { return .nonPaged }
    if (address &- profile.pagedBase) / sizes.page < pagedMap.pages { return .paged }
    let isSession =
      profile.hasSessionPool
      && (address &- profile.sessionBase) / sizes.page < sessionMap.pages
    return isSession ? .session : nil
  }

  /// Whether nothing is mapped at an address of a paged pool.
  mutating func isUnused(_ address: Address, _ kind: PoolKind) -> Bool {
    kind == .session
      ? sessionMap.isUnused((address &- profile.sessionBase) / sizes.page)
      : pagedMap.isUnused((address &- profile.pagedBase) / sizes.page)
  }

  /// Pages of a request, as wide as the version counts them.
  mutating func pageCount(_ bytes: UInt64) -> UInt64 {
    let pages = bytes / sizes.page + (bytes % sizes.page == 0 ? 0 : 1)
    return profile.pageCountWidth == .bits32 ? pages & 0xFFFF_FFFF : pages
  }

  // MARK: Allocation

  /// Allocates pages; nil where there are none.
  mutating func allocatePages(_ kind: PoolKind, bytes: UInt64) throws(Outcome) -> Address? {
    let pages = pageCount(bytes)
    guard pages != 0 else { return nil }
    if let list = singlePageList(kind, pages), !singlePages[list].isEmpty {
      return fault == .singlePageFirstInFirstOut
        ? singlePages[list].removeFirst() : singlePages[list].removeLast()
    }
    switch kind {
    case .paged:
      guard let first = Self.take(pages, from: &pagedMap, fault) else { return nil }
      return profile.pagedBase &+ (try offset(first))
    case .session:
      guard let first = Self.take(pages, from: &sessionMap, fault) else { return nil }
      return profile.sessionBase &+ (try offset(first))
    case .nonPaged, .nonPagedNoExecute:
      return try allocateNonPaged(pages)
    }
  }

  /// A page's offset in bytes, of which some versions keep 32 bits.
  private mutating func offset(_ pages: UInt64) throws(Outcome) -> UInt64 {
    let offset = pages &* sizes.page
    if profile.pageOffsetWidth == .bits32, offset > 0xFFFF_FFFF { throw .open(.misplacedPages) }
    return offset
  }

  /// The lowest free run; where there is none the pool grows, and stays larger when that is of no
  /// use.
  private static func take(
    _ pages: UInt64, from map: inout FreePageRuns, _ fault: ReferenceFault
  ) -> UInt64? {
    var found = map.find(pages)
    if found == nil {
      guard map.open(pages) else { return nil }
      found = map.find(pages, fromStart: true)
    }
    guard let first = found else { return nil }
    map.take(first, pages)
    map.noteTaken(first, pages, always: fault == .hintAlwaysMoves)
    return first
  }

  private mutating func allocateNonPaged(_ pages: UInt64) throws(Outcome) -> Address? {
    if nonPagedMap != nil { return takeNonPagedFromMap(pages) }
    if let (first, left) = runs.take(pages) {
      _ = try offset(left)
      return address(ofPage: first)
    }
    guard let entry = expansion.reserve(pages) else { return nil }
    guard availablePages >= pages else {
      expansion.release(entry, pages)
      return nil
    }
    if fault != .availableNotLowered { availablePages -= pages }
    return address(ofPage: configuration.nonPagedPages + 1 + entry)
  }

  /// As paged pages, without a hint. Pages of the expansion are mapped when they are first used, as
  /// long as there is memory, and stay so.
  private mutating func takeNonPagedFromMap(_ pages: UInt64) -> Address? {
    guard var map = nonPagedMap else { return nil }
    nonPagedMap = nil
    defer { nonPagedMap = map }
    var found = map.find(pages, fromStart: true)
    if found == nil {
      guard availablePages >= pages, map.open(pages) else { return nil }
      found = map.find(pages, fromStart: true)
    }
    guard let first = found else { return nil }
    if first + pages > configuration.nonPagedPages {
      let new = (max(first, configuration.nonPagedPages)..<first + pages).filter {
        !mappedPages.contains($0)
      }
      guard UInt64(new.count) <= availablePages else { return nil }
      mappedPages.formUnion(new)
      if fault != .availableNotLowered { availablePages -= UInt64(new.count) }
    }
    map.take(first, pages)
    return address(ofPage: first)
  }

  // MARK: Frees

  mutating func freePages(_ address: Address, _ kind: PoolKind, pages: UInt64) throws(Outcome) {
    if let list = singlePageList(kind, pages), singlePages[list].count < mostPages(list) {
      return singlePages[list].append(address)
    }
    switch kind {
    case .paged:
      let first = (address &- profile.pagedBase) / sizes.page
      pagedMap.give(first, pages)
      if fault != .pagedHintNotLowered { pagedMap.lowerHint(first) }
    case .session:
      let first = (address &- profile.sessionBase) / sizes.page
      sessionMap.give(first, pages)
      if fault != .sessionHintNotLowered { sessionMap.lowerHint(first) }
    case .nonPaged, .nonPagedNoExecute:
      guard let first = nonPagedPage(address) else { throw .open(.damaged) }
      if nonPagedMap != nil {
        nonPagedMap?.give(first, pages)
      } else {
        runs.give(first, pages)
      }
    }
  }

  /// The list for freed runs of a length; nil where there is none.
  private mutating func singlePageList(_ kind: PoolKind, _ pages: UInt64) -> Int? {
    switch kind {
    case .paged: pages == 1 ? 3 : nil
    case .session: pages == 1 ? 4 : nil
    case .nonPaged, .nonPagedNoExecute:
      pages <= profile.singleListPages ? Int(min(pages, 3)) - 1 : nil
    }
  }

  private mutating func mostPages(_ list: Int) -> Int {
    let most = Int(
      list < 3
        ? configuration.singlePageDepth
        : configuration.pagedSinglePageDepth ?? configuration.singlePageDepth)
    return most > 0 && fault == .singlePageTooDeep ? most + 1 : most
  }

  // MARK: Contiguous memory

  /// What `MmAllocateContiguousMemory` comes to: a pool block if its page frames suit, else pages
  /// outside of the pool (ReactOS contmem.c). Limits are physical addresses in bytes; no boundary is
  /// 0.
  public mutating func allocateContiguous(
    bytes: UInt64, lowest: UInt64, highest: UInt64, boundary: UInt64
  ) -> Prediction {
    do throws(Outcome) {
      let pages = bytes / sizes.page + (bytes % sizes.page == 0 ? 0 : 1)
      let frames = FrameLimits(
        lowest: lowest / sizes.page + (lowest % sizes.page == 0 ? 0 : 1),
        highest: highest / sizes.page &- (fault == .highestFrameExcluded ? 1 : 0),
        boundary: boundary / sizes.page)
      let isRounded = profile.contiguousRequest == .wholePages
      let request = isRounded ? max(bytes, pages &* sizes.page) : bytes
      let address = try serve(.cacheAligned, bytes: request, tag: .contiguous, body: bytes)
      if let address {
        if suits(address, pages, frames) { return .address(address) }
        try free(address, PoolTag.contiguous)
      }
      guard mayMapPages,
        let page = frames.lowestRun(
          max(pages, 1), outside.map(\.run), configuration.contiguousPages)
      else { return .null }
      let run = Run(first: page, pages: max(pages, 1))
      let place = outside.firstIndex { $0.run.first > page } ?? outside.count
      outside.insert((run, bytes), at: place)
      return .address(profile.contiguousBase &+ page &* sizes.page)
    } catch {
      return settle(error)
    }
  }

  /// Frames of the initial pool follow each other; those of the expansion never do.
  private mutating func suits(_ address: Address, _ pages: UInt64, _ frames: FrameLimits) -> Bool {
    guard let page = nonPagedPage(address) else { return false }
    let isUnbroken = page + max(pages, 1) <= configuration.nonPagedPages || pages <= 1
    return isUnbroken && frames.accept(FrameLimits.initialPool + page, max(pages, 1))
  }

  /// What `MmFreeContiguousMemory` comes to.
  public mutating func freeContiguous(_ address: Address) -> Prediction {
    if poolKind(at: address) == .nonPaged { return free(address, tag: .contiguous) }
    if let silence { return settle(.open(silence)) }
    let offset = address &- profile.contiguousBase
    guard offset % sizes.page == 0,
      let index = outside.firstIndex(where: { $0.run.first == offset / sizes.page })
    else { return settle(.bugCheck(BugCheck.badPoolCaller, 0x60, address)) }
    outside.remove(at: index)
    return .freed
  }

  // MARK: Bodies

  /// Whether bytes lie within what is held at `base`.
  func isInBody(of base: Address, _ address: Address, _ count: UInt64) -> Bool {
    guard let bytes = heldBytes(base) else { return false }
    return address >= base && address &- base <= bytes && count <= bytes &- (address &- base)
  }

  private func heldBytes(_ base: Address) -> UInt64? {
    if let block = large[base] { return block.bytes }
    if let held = outside.first(where: {
      profile.contiguousBase &+ $0.run.first &* sizes.page == base
    }) {
      return held.bytes
    }
    let header = base &- sizes.header
    guard let (block, body) = heldBlock(header), body == base else { return nil }
    return UInt64(block.bytes)
  }

  /// The held block around an address, and where its caller's memory begins.
  private func heldBlock(_ address: Address) -> (PageBlock, Address)? {
    let page = address & ~(sizes.page - 1)
    guard let place = blocks.place(page) else { return nil }
    let block = blocks[place][blocks.index(place, ofUnit: Int((address - page) / sizes.unit))]
    guard block.state == .held else { return nil }
    let units = UInt64(block.start) + UInt64(block.slip)
    return (block, page + units * sizes.unit + sizes.header)
  }

  /// Whether bytes lie within what anybody holds.
  func isInSomeBody(_ address: Address, _ count: UInt64) -> Bool {
    if let (_, body) = heldBlock(address) { return isInBody(of: body, address, count) }
    let isInPages = large.keys.contains { isInBody(of: $0, address, count) }
    return isInPages
      || outside.contains {
        isInBody(of: profile.contiguousBase &+ $0.run.first &* sizes.page, address, count)
      }
  }
}

/// The page frames that a caller accepts.
struct FrameLimits {
  let lowest: UInt64
  let highest: UInt64
  let boundary: UInt64

  /// The first frame of the initial nonpaged pool, and of the memory outside of the pool.
  static let initialPool: UInt64 = 0x4000
  static let outside: UInt64 = 0x2000

  func accept(_ first: UInt64, _ pages: UInt64) -> Bool {
    guard first >= lowest, first + pages - 1 <= highest else { return false }
    return boundary == 0 || first / boundary == (first + pages - 1) / boundary
  }

  /// The lowest free pages outside of the pool that are accepted: between what is taken, from the
  /// lowest frame on, and behind a boundary that would be crossed.
  func lowestRun(_ pages: UInt64, _ taken: [Run], _ all: UInt64) -> UInt64? {
    var from: UInt64 = 0
    for limit in taken.map(\.first) + [all] {
      var first = max(from, lowest > Self.outside ? lowest - Self.outside : 0)
      if boundary != 0, !isWithinBoundary(first, pages) {
        first = (first + Self.outside) / boundary * boundary + boundary - Self.outside
      }
      if first <= limit, pages <= limit - first, accept(Self.outside + first, pages) {
        return first
      }
      from = taken.first { $0.first == limit }?.end ?? from
    }
    return nil
  }

  private func isWithinBoundary(_ first: UInt64, _ pages: UInt64) -> Bool {
    (first + Self.outside) / boundary == (first + Self.outside + pages - 1) / boundary
  }
}
