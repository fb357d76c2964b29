// Lookaside lists: small blocks of one exact size that are handed out again without touching the
// list heads. Blocks on them keep their type and tag and look allocated to everyone else (Mandt
// 2011; ReactOS ExAllocatePoolWithTag).

typealias LookasidePointer = UnsafeMutablePointer<LookasideList>

extension SmallBlocks {
  /// Changes a lookaside list. (Attempts, of which the hits are the part that others count too, are
  /// counted without it: a list that was only asked has not changed.)
  @inline(__always)
  func change(_ list: LookasidePointer, _ change: (inout LookasideList) -> Void) {
    if Mode.keepsJournal(pool) {
      pool.pointee.memory.journal?.noteLookaside(list - pool.pointee.lookasides)
    }
    change(&list.pointee)
  }

  /// Whether blocks of this size go through lookaside lists at all.
  @inline(__always) func hasLookaside(_ kind: PoolKind, units: UInt64) -> Bool {
    units
      <= (kind == .session
        ? pool.pointee.profile.sessionLookasideClasses : pool.pointee.profile.lookasideClasses)
  }

  /// The list of a pool and a size in units, among the lists of one owner.
  @inline(__always)
  private func list(_ lists: LookasidePointer, _ kind: PoolKind, units: UInt64) -> LookasidePointer
  {
    let classes = pool.pointee.profile.lookasideClasses
    assert(units &- 1 < classes, "a size that has lists")
    return lists + Int(truncatingIfNeeded: UInt64(kind.rawValue) &* classes &+ units &- 1)
  }

  /// The lists of a class, in the order in which they are tried; nil stands for none.
  @inline(__always)
  private func lists(
    _ kind: PoolKind, units: UInt64
  ) -> (first: LookasidePointer, second: LookasidePointer?) {
    // The session's lists lie in the session and are the same for every processor (Mandt 2011).
    guard kind != .session else { return (list(pool.pointee.lookasides, kind, units: units), nil) }
    let first = list(pool.pointee.ownLookasides, kind, units: units)
    return (first, pool.pointee.sharedLookasides.map { list($0, kind, units: units) })
  }

  /// Takes a block of exactly `units`; nil when the lists are empty.
  @inline(__always)
  func popLookaside(_ kind: PoolKind, units: UInt64) throws(Halt) -> Block? {
    let lists = lists(kind, units: units)
    if let block = try pop(lists.first) { return block }
    guard let second = lists.second else { return nil }
    return try pop(second)
  }

  @inline(__always)
  private func pop(_ list: LookasidePointer) throws(Halt) -> Block? {
    list.pointee.totalAllocates &+= 1
    let top = list.pointee.top
    guard top != 0 else {
      if has(.lookasideMissCountedAsHit) { change(list) { $0.allocateHits &+= 1 } }
      return nil
    }
    let isCounted = !has(.lookasideCountNotLowered)
    change(list) {
      $0.allocateHits &+= 1
      if isCounted { $0.count &-= 1 }
    }
    mark(.lookasideHit)
    if has(.lookasideFirstInFirstOut) { return try popOldest(list) }
    let block = block(top &- headerBytes)
    let next = try pointer(inBodyOf: block, 0)
    change(list) { $0.top = next }
    if switches.lookasideLinks == .cookie { try checkCookie(of: block) }
    return block
  }

  private func popOldest(_ list: LookasidePointer) throws(Halt) -> Block {
    var before: Block?
    var block = block(list.pointee.top &- headerBytes)
    for _ in 0..<list.pointee.count {
      let next = try pointer(inBodyOf: block, 0)
      if next == 0 { break }
      before = block
      block = self.block(next &- headerBytes)
    }
    if let before {
      try setPointer(inBodyOf: before, 0, 0)
    } else {
      change(list) { $0.top = 0 }
    }
    return block
  }

  /// Puts a freed block on a list that has room; false when there is none.
  ///
  /// A size of zero, read from a corrupt header, indexes one entry before the lists, as recorded:
  /// for paged blocks that is the last nonpaged list, for nonpaged ones an unused entry of another
  /// table: a null pointer, through which the kernel counts the free.
  @inline(__always)
  func pushLookaside(_ block: Block, _ kind: PoolKind, units: UInt64) throws(Halt) -> Bool {
    var kind = kind
    var units = units
    if units == 0 {
      guard kind == .paged else {
        throw pool.pointee.memory.fault(at: Layout.isWide(pool) ? 0x1C : 0x14)
      }
      kind = .nonPaged
      units = pool.pointee.profile.lookasideClasses
    }
    if has(.lookasideWrongPool), kind == .paged { kind = .nonPaged }
    let lists = lists(kind, units: units)
    if has(.lookasideThirdProcessor), pool.pointee.variables.pointee.processor == 2 {
      return try push(
        block, list(pool.pointee.lookasides + pool.pointee.lookasidesOfOwner, kind, units: units))
    }
    if try push(block, lists.first) { return true }
    guard let second = lists.second, !has(.lookasideSharedSkipped) else { return false }
    return try push(block, second)
  }

  @inline(__always)
  private func push(_ block: Block, _ list: LookasidePointer) throws(Halt) -> Bool {
    list.pointee.totalFrees &+= 1
    let extra: UInt16 = has(.lookasideTooDeep) ? 1 : 0
    guard list.pointee.depth != 0, list.pointee.count < list.pointee.depth &+ extra
    else { return false }
    list.pointee.freeHits &+= 1
    try setPointer(inBodyOf: block, 0, list.pointee.top)
    if switches.lookasideLinks == .cookie {
      try setPointer(inBodyOf: block, wordBytes, cookie(of: block))
    }
    change(list) {
      $0.top = body(block)
      $0.count &+= 1
    }
    mark(.lookasidePush)
    return true
  }

  /// The hidden address of a waiting block, which lies behind its link.
  private func cookie(of block: Block) -> Address {
    truncated(body(block) ^ pool.pointee.variables.pointee.quotaCookie)
  }

  /// Stops the kernel when the pointer behind a waiting block's link is not its hidden address.
  private func checkCookie(of block: Block) throws(Halt) {
    let expected = cookie(of: block)
    let found = try pointer(inBodyOf: block, wordBytes)
    guard found == expected else {
      throw bugCheck(BugCheck.badPoolHeader, 3, body(block), found, expected)
    }
  }
}

extension PoolState {
  /// Lists of one owner, of all pools.
  var lookasidesOfOwner: Int {
    @inline(__always) mutating get { PoolKind.count &* Int(profile.lookasideClasses) }
  }

  /// Takes the lists of the processor that operations run on now; with one list for all there are
  /// only the first processor's.
  mutating func selectLookasides() {
    let processor = profile.sharedLookaside == .sameList ? 0 : variables.pointee.processor
    ownLookasides = lookasides + processor &* lookasidesOfOwner
  }
}

extension GeneralBlocks {
  /// Lets seconds pass: every list's depth is adjusted once for each.
  ///
  /// The rule is the one published for the dynamic lookasides of Windows 10 (SSTIC 2020); that
  /// legacy lists follow it, and the unit of its ratio, are **unverified**.
  func tick(seconds: UInt64) {
    guard pool.pointee.profile.lookasideDepthRule == .missRatio else { return }
    for _ in 0..<min(seconds, 1024) {
      for index in 0..<pool.pointee.lookasideCount { adjustDepth(pool.pointee.lookasides + index) }
    }
  }

  private func adjustDepth(_ list: LookasidePointer) {
    let allocates = list.pointee.totalAllocates &- list.pointee.lastTotalAllocates
    let hits = list.pointee.allocateHits &- list.pointee.lastAllocateHits
    let lowest = Int64(pool.pointee.profile.lookasideDepth)
    let highest = Int64(pool.pointee.profile.lookasideMaximumDepth)
    var depth = Int64(list.pointee.depth)
    let misses = Int64(allocates) - Int64(min(hits, allocates))
    if allocates < (has(.lookasideDepthThreshold) ? 26 : 25) {
      depth -= 10
    } else if misses * 200 < Int64(allocates) {
      depth -= 1
    } else {
      let unit: Int64 = pool.pointee.profile.missRatioUnit == .fraction ? 1 : 1000
      depth += misses * unit * (highest - depth) / (2 * Int64(allocates)) + 5
    }
    list.pointee.lastTotalAllocates = list.pointee.totalAllocates
    list.pointee.lastAllocateHits = list.pointee.allocateHits
    let adjusted = UInt16(min(max(depth, lowest), highest))
    if adjusted != list.pointee.depth { change(list) { $0.depth = adjusted } }
  }
}
