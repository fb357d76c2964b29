import typealias KernelPool.Address
import struct KernelPool.BugCheck
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

// Small blocks: lookaside lists, free lists, fresh pages; then the way back (ReactOS
// ExAllocatePoolWithTag, ExFreePoolWithTag; Mandt 2011 for Windows 7).

extension ReferencePool {
  /// A request of a known size; nil when it fails. `body` is what its caller asked for.
  mutating func serve(
    _ type: PoolType, bytes: UInt64, tag: PoolTag, body: UInt64
  ) throws(Outcome) -> Address? {
    try checkRequest(type, bytes: bytes, tag: tag)
    let kind = kind(of: type)
    let request = grown(type, bytes)
    if request > sizes.largestSmall {
      let address = try allocateLarge(type, kind, bytes: bytes, tag: tag, body: body)
      return address == nil ? try refuse(type, bytes: bytes) : address
    }
    try checkTypeIsKept(type)
    let least = (max(request, 1) + sizes.header + sizes.unit - 1) / sizes.unit
    let units = Int(max(least, profile.smallestBlockUnits))
    var block = PageBlock(start: 0, units: UInt16(units), state: .held, owner: 0)
    block.bytes = UInt16(body)
    block.tag = tag
    if hasLookaside(kind, units), let header = popLookaside(kind, units) {
      return hand(out: header, block, isGrown: request != bytes)
    }
    let owner = ownerForSmall(kind)
    block.owner = UInt8(owner)
    if let header = takeFree(owner, units) {
      return hand(out: header, block, isGrown: request != bytes)
    }
    guard let page = try allocatePages(kind, bytes: sizes.page) else {
      return try refuse(type, bytes: sizes.page)
    }
    cut(page, owner, units)
    return hand(out: page, block, isGrown: request != bytes)
  }

  /// The pool that serves a type.
  mutating func kind(of type: PoolType) -> PoolKind {
    if type.isPaged { return profile.hasSessionPool && type.contains(.session) ? .session : .paged }
    return profile.hasNoExecutePool && type.contains(.noExecute) ? .nonPagedNoExecute : .nonPaged
  }

  /// Room for a cache line where the version makes it; a request that would become too large for a
  /// small block gets none (SSTIC 2020).
  private mutating func grown(_ type: PoolType, _ bytes: UInt64) -> UInt64 {
    guard profile.cacheAlignment == .secondHeader, type.contains(.cacheAligned),
      bytes < sizes.largestSmall
    else { return bytes }
    let grown = bytes + Self.cacheLine
    let limit = sizes.largestSmall - (fault == .cacheLineAtLimit ? 1 : 0)
    return grown > limit ? bytes : grown
  }

  private static let cacheLine: UInt64 = 64

  /// The free reads the type from the header again: where the field cannot hold it, of another pool.
  private mutating func checkTypeIsKept(_ type: PoolType) throws(Outcome) {
    let mask = profile.header.poolType.mask
    let raw = type.rawValue
    let read: UInt32
    switch profile.storedPoolType {
    case .plusOne:
      read = (raw &+ 1) & mask
      // The mark of a second header is lost where the addition carries through it.
      let isMarkLost = profile.cacheAlignment == .secondHeader && raw & 7 == 7
      guard read != 0, !isMarkLost, Self.isSamePool(read &- 1, raw) else {
        throw .open(.typeNotKept)
      }
    case .plusOneInUse:
      read = ((raw &+ 1) | 4) & mask
      guard Self.isSamePool((read & ~4) &- 1, raw) else { throw .open(.typeNotKept) }
    case .orTwo: return
    }
  }

  private static func isSamePool(_ read: UInt32, _ asked: UInt32) -> Bool {
    let matters = (PoolType.paged.union(.quota).union(.session)).rawValue
    return read & matters == asked & matters
  }

  /// The descriptor for a new small block. Paged requests take turns among all descriptors but the
  /// first (Mandt 2011).
  private mutating func ownerForSmall(_ kind: PoolKind) -> Int {
    guard kind == .paged, profile.pagedDescriptors > 1 else { return firstOwner(kind) }
    let turns = profile.pagedDescriptors - 1
    let last = lastPagedTurn
    let next = last % turns + 1
    if fault != .roundRobinStuck { lastPagedTurn = next }
    let turn = profile.roundRobin == .advanceThenUse ? next : last == 0 ? turns : last
    return firstPagedOwner + Int(turn)
  }

  /// The descriptor of a pool, or the first of several.
  mutating func firstOwner(_ kind: PoolKind) -> Int {
    switch kind {
    case .nonPaged: 0
    case .paged: firstPagedOwner
    case .nonPagedNoExecute, .session: owners.firstIndex { $0.kind == kind } ?? 0
    }
  }

  /// What a request comes to that cannot be met (Microsoft, bug check 0x41).
  private mutating func refuse(_ type: PoolType, bytes: UInt64) throws(Outcome) -> Address? {
    guard type.contains(.mustSucceed), profile.mustSucceed != .refused else { return nil }
    let third = fault == .mustSucceedParameter ? owners[0].smallPages : owners[0].largePages
    throw .bugCheck(
      BugCheck.mustSucceedPoolEmpty, bytes, UInt64(owners[0].smallPages), UInt64(third),
      profile.mustSucceed == .bugCheckOnFailure ? 0 : availablePages)
  }

  // MARK: Blocks of a page

  /// A header's page, and its place in it in units.
  private mutating func position(of header: Address) -> (page: Address, unit: Int) {
    let offset = header & (sizes.page - 1)
    return (header - offset, Int(offset / sizes.unit))
  }

  private mutating func header(_ page: Address, _ start: UInt16) -> Address {
    page + UInt64(start) * sizes.unit
  }

  /// Gives a block to its caller; returns the address of its memory.
  private mutating func hand(
    out header: Address, _ asked: PageBlock, isGrown: Bool
  ) -> Address? {
    let (page, unit) = position(of: header)
    guard let place = blocks.open(page) else { return nil }
    let index = blocks.index(place, ofUnit: unit)
    let body = header + sizes.header
    var address = body
    if isGrown { address = (body + Self.cacheLine - 1) / Self.cacheLine * Self.cacheLine }
    var block = blocks[place][index]
    block.state = .held
    block.slip = UInt8((address - body) / sizes.unit)
    block.bytes = asked.bytes
    block.tag = asked.tag
    blocks[place][index] = block
    return address
  }

  /// Takes a block from the first list that has one and cuts it. A block that starts its page gives
  /// its front, any other its back; a rest without room for links is on no list.
  private mutating func takeFree(_ owner: Int, _ units: Int) -> Address? {
    var first = units + (profile.firstList == .exactFit ? 0 : 1)
    if fault == .firstListTooHigh { first += 1 }
    guard let found = owners[owner].lists.takeFirst(from: first) else { return nil }
    let (page, unit) = position(of: found)
    guard let place = blocks.open(page) else { return nil }
    let index = blocks.index(place, ofUnit: unit)
    let whole = blocks[place][index]
    let left = Int(whole.units) - units
    guard left > 0 else { return found }
    var isFront = whole.start == 0
    if fault == .splitAlwaysFront { isFront = true }
    if fault == .splitAlwaysBack { isFront = false }
    var taken = whole
    var rest = whole
    taken.units = UInt16(units)
    rest.units = UInt16(left)
    if isFront { rest.start += UInt16(units) } else { taken.start += UInt16(left) }
    rest.owner = UInt8(owner)
    taken.owner = UInt8(owner)
    blocks[place][index] = isFront ? taken : rest
    blocks[place].insert(isFront ? rest : taken, at: index + 1)
    list(
      place, isFront ? index + 1 : index, page,
      atHead: profile.remainderEnd == .head || fault == .remainderToHead)
    return header(page, taken.start)
  }

  /// Cuts a fresh page: the block at its start, the rest free.
  private mutating func cut(_ page: Address, _ owner: Int, _ units: Int) {
    owners[owner].smallPages &+= 1
    let number = UInt8(owner)
    let block = PageBlock(start: 0, units: UInt16(units), state: .held, owner: number)
    let rest = PageBlock(
      start: UInt16(units), units: UInt16(sizes.unitsPerPage - units), state: .free, owner: number)
    let place = blocks.begin(page)
    blocks[place].append(block)
    blocks[place].append(rest)
    list(place, 1, page, atHead: profile.remainderEnd == .head || fault == .freshRemainderToHead)
  }

  /// Puts a free block on the list of its size, if it has room for links.
  mutating func list(_ place: Int, _ index: Int, _ page: Address, atHead: Bool) {
    let block = blocks[place][index]
    guard isListed(block) else { return }
    blocks[place][index].order = owners[Int(block.owner)].lists.insert(
      header(page, block.start), units: Int(block.units), atHead: atHead)
  }

  /// Takes a free block off its list.
  mutating func unlist(_ block: PageBlock) {
    guard isListed(block) else { return }
    owners[Int(block.owner)].lists.remove(block.order, units: Int(block.units))
  }

  private mutating func isListed(_ block: PageBlock) -> Bool {
    UInt64(block.units) >= profile.smallestListedUnits
  }

  /// The real free: merges a block with its free neighbours. Returns the page when nothing else is
  /// left on it.
  mutating func release(_ header: Address, _ owner: Int) -> Address? {
    let (page, unit) = position(of: header)
    guard let place = blocks.open(page) else { return nil }
    var index = blocks.index(place, ofUnit: unit)
    let next = index + 1
    if next < blocks[place].count, blocks[place][next].state == .free, fault != .noForwardMerge {
      let absorbed = blocks[place].remove(at: next)
      unlist(absorbed)
      blocks[place][index].units += absorbed.units
    }
    if index > 0, blocks[place][index - 1].state == .free, fault != .noBackwardMerge {
      let block = blocks[place].remove(at: index)
      index -= 1
      unlist(blocks[place][index])
      blocks[place][index].units += block.units
    }
    if Int(blocks[place][index].units) == sizes.unitsPerPage, fault != .keepsFreePage {
      blocks.close(page)
      return page
    }
    blocks[place][index].state = .free
    blocks[place][index].owner = UInt8(owner)
    list(place, index, page, atHead: profile.freedEnd == .head && fault != .freedToTail)
    return nil
  }

  // MARK: Frees

  mutating func freeSmall(_ address: Address, tag: PoolTag?) throws(Outcome) {
    let header = address &- sizes.header
    if profile.doubleFreeCheck != .none {
      guard poolKind(at: address) != nil else {
        let isUser = address < profile.systemBase
        throw .bugCheck(
          BugCheck.badPoolCaller, isUser ? 0x40 : 0x43, address, isUser ? profile.systemBase : 0)
      }
      if header & (sizes.unit - 1) != 0 { throw .bugCheck(BugCheck.badPoolCaller, 0x46, address) }
    }
    let (page, unit) = position(of: header)
    guard let place = blocks.open(page), header & (sizes.unit - 1) == 0 else {
      throw strayFree(header, page)
    }
    let index = blocks.index(place, ofUnit: unit)
    let block = blocks[place][index]
    let start = self.header(page, block.start)
    guard block.state == .held, Int(block.start) + Int(block.slip) == unit else {
      throw strayFree(place, index, header, page)
    }
    let owner = Int(block.owner)
    let kind = owners[owner].kind
    try checkLevel(freeing: address, kind)
    try checkTag(tag, block.tag, address)
    let units = Int(block.units)
    if hasLookaside(kind, units), pushLookaside(start, kind, units) {
      blocks[place][index].state = .onLookaside
    } else if profile.deferredFrees {
      try deferFree(start, owner, place, index)
    } else if let page = release(start, owner) {
      try releasePage(page, owner)
    }
  }

  /// A free of what is no block's memory, on a page without blocks.
  private mutating func strayFree(_ header: Address, _ page: Address) -> Outcome {
    guard let kind = poolKind(at: header), kind.isPaged, isUnused(page, kind) else {
      return .open(.strayFree)
    }
    // The kernel reads the type's byte; looking for a second header, the first word.
    let offset = UInt64(profile.header.poolType.shift / 8)
    return .stopped(.fault(header &+ (profile.cacheAlignment == .secondHeader ? 0 : offset)))
  }

  /// A free of what no caller holds, on a page of blocks: a header that says free stops the kernel
  /// where the version looks (Microsoft, bug check 0xC2/7).
  private mutating func strayFree(
    _ place: Int, _ index: Int, _ header: Address, _ page: Address
  ) -> Outcome {
    let block = blocks[place][index]
    let looksFree =
      block.state == .free
      || (block.state == .deferred && profile.deferredFreeType == .free)
    guard profile.doubleFreeCheck == .freeHeader, looksFree, profile.poolIndexRule != .stale,
      profile.cacheAlignment == .typeOnly || profile.storedPoolType == .orTwo,
      self.header(page, block.start) == header
    else { return .open(.strayFree) }
    let layout = profile.header
    var word = layout.poolIndex.set(0, owners[Int(block.owner)].index)
    word = layout.blockSize.set(word, UInt32(block.units))
    if index > 0, fault != .doubleFreeParameter {
      word = layout.previousSize.set(word, UInt32(blocks[place][index - 1].units))
    }
    return .bugCheck(BugCheck.badPoolCaller, 7, 0, UInt64(word), header &+ sizes.header)
  }

  /// Lets a block wait; when as many wait as the version allows, they are freed first.
  private mutating func deferFree(
    _ header: Address, _ owner: Int, _ place: Int, _ index: Int
  ) throws(Outcome) {
    let limit = Int(profile.deferredFreeLimit) + (fault == .deferredLimitOneMore ? 1 : 0)
    blocks[place][index].state = .deferred
    if owners[owner].deferred.count >= limit { try freeDeferred(owner) }
    owners[owner].deferred.append(header)
  }

  /// Frees what waits, newest first; whole pages are given back at the end.
  mutating func freeDeferred(_ owner: Int) throws(Outcome) {
    let count = owners[owner].deferred.count
    var pages: [Address] = []
    for index in 0..<count {
      let place = fault == .deferredOldestFirst ? index : count - 1 - index
      if let page = release(owners[owner].deferred[place], owner) { pages.append(page) }
    }
    owners[owner].deferred.removeAll(keepingCapacity: true)
    for page in pages { try releasePage(page, owner) }
  }

  private mutating func releasePage(_ page: Address, _ owner: Int) throws(Outcome) {
    owners[owner].smallPages &-= 1
    try freePages(page, owners[owner].kind, pages: 1)
  }

  // MARK: Lookaside lists

  private mutating func hasLookaside(_ kind: PoolKind, _ units: Int) -> Bool {
    let classes = kind == .session ? profile.sessionLookasideClasses : profile.lookasideClasses
    return units <= Int(classes)
      || (fault == .lookasideClassTooMany && kind != .session && units == Int(classes) + 1)
  }

  /// The lists of a class in the order in which they are tried. The session's are the same for every
  /// processor.
  private mutating func lists(_ kind: PoolKind, _ units: Int) -> (first: Int, second: Int?) {
    let classes = Int(profile.lookasideClasses)
    let first = Int(kind.rawValue) * classes + min(units, classes) - 1
    let perOwner = PoolKind.allCases.count * classes
    if kind == .session { return (first, nil) }
    switch profile.sharedLookaside {
    case .none: return (processor * perOwner + first, nil)
    case .sameList: return (first, first)
    case .separate:
      return (processor * perOwner + first, configuration.processors * perOwner + first)
    }
  }

  private mutating func popLookaside(_ kind: PoolKind, _ units: Int) -> Address? {
    let (first, second) = lists(kind, units)
    let fromBottom = fault == .lookasideFirstInFirstOut
    if let header = lookasides[first].pop(fromBottom: fromBottom) { return header }
    return second.flatMap { lookasides[$0].pop(fromBottom: fromBottom) }
  }

  private mutating func pushLookaside(_ header: Address, _ kind: PoolKind, _ units: Int) -> Bool {
    let (first, second) = lists(kind, units)
    let extra = fault == .lookasideTooDeep ? 1 : 0
    if lookasides[first].push(header, extra: extra) { return true }
    guard let second, fault != .sharedLookasideSkipped else { return false }
    return lookasides[second].push(header, extra: extra)
  }

  /// Seconds pass: the depth of every list is worked out anew for each, where the version does that.
  public mutating func tick(seconds: UInt64) {
    guard profile.lookasideDepthRule == .missRatio else { return }
    let lowest = Int(profile.lookasideDepth)
    let highest = Int(profile.lookasideMaximumDepth)
    let ratioUnit = profile.missRatioUnit == .fraction ? 1 : 1000
    let enough = fault == .depthThresholdOneMore ? 26 : 25
    lookasides.changeAll { list in
      for _ in 0..<min(seconds, 1024) {
        let before = list.depth
        let wasIdle = list.isIdle
        list.adjust(lowest: lowest, highest: highest, ratioUnit: ratioUnit, enough: enough)
        if wasIdle, list.depth == before { break }
      }
    }
  }
}
