// Lookaside lists: small blocks of one exact size that are handed out again without touching the
// list heads. Blocks on them keep their type and tag and look allocated to everyone else (Mandt
// 2011; ReactOS ExAllocatePoolWithTag).

extension KernelPool {
  /// The lists of a class, in the order in which they are tried; nil stands for none.
  @inline(__always)
  private func lookasides(
    _ kind: PoolKind, units: UInt64
  ) -> (first: UnsafeMutablePointer<LookasideList>?, second: UnsafeMutablePointer<LookasideList>?) {
    // The session's lists lie in the session and are the same for every processor (Mandt 2011).
    if kind == .session { return (lookaside(owner: 0, kind, units: units), nil) }
    let list = lookaside(owner: variables.pointee.processor, kind, units: units)
    switch profile.sharedLookaside {
    case .none: return (list, nil)
    case .sameList: return (sharedList(kind, units: units), sharedList(kind, units: units))
    case .separate:
      return (list, lookaside(owner: configuration.processors, kind, units: units))
    }
  }

  /// With one list for all there is only the first processor's.
  @inline(__always)
  private func sharedList(_ kind: PoolKind, units: UInt64) -> UnsafeMutablePointer<LookasideList> {
    lookaside(owner: 0, kind, units: units)
  }

  /// The list of an owner, a pool and a size in units.
  @inline(__always)
  func lookaside(
    owner: Int, _ kind: PoolKind, units: UInt64
  ) -> UnsafeMutablePointer<LookasideList> {
    assert(units &- 1 < profile.lookasideClasses, "a size that has lists")
    let row = owner &* PoolKind.allCases.count &+ Int(kind.rawValue)
    let index = row &* Int(profile.lookasideClasses) &+ Int(units) &- 1
    memory.journal?.noteLookaside(index)
    return lookasides + index
  }

  /// Whether blocks of this size go through lookaside lists at all.
  @inline(__always) func hasLookaside(_ kind: PoolKind, units: UInt64) -> Bool {
    units <= (kind == .session ? profile.sessionLookasideClasses : profile.lookasideClasses)
  }

  /// Takes a block of exactly `units`; returns its header, or nil when the lists are empty.
  mutating func popLookaside(_ kind: PoolKind, units: UInt64) throws(Halt) -> Address? {
    let lists = lookasides(kind, units: units)
    if let list = lists.first, let header = try pop(list) { return header }
    if let list = lists.second, let header = try pop(list) { return header }
    return nil
  }

  private mutating func pop(
    _ list: UnsafeMutablePointer<LookasideList>
  ) throws(Halt) -> Address? {
    list.pointee.totalAllocates &+= 1
    let top = list.pointee.top
    if mutant == .lookasideMissCountedAsHit, top == 0 { list.pointee.allocateHits &+= 1 }
    guard top != 0 else { return nil }
    list.pointee.allocateHits &+= 1
    if mutant != .lookasideCountNotLowered { list.pointee.count &-= 1 }
    mechanisms.insert(.lookasideHit)
    if mutant == .lookasideFirstInFirstOut { return try popOldest(list) &- geometry.headerBytes }
    list.pointee.top = try memory.loadPointer(top)
    if profile.lookasideLinks == .cookie { try checkCookie(of: top) }
    return top &- geometry.headerBytes
  }

  private mutating func popOldest(
    _ list: UnsafeMutablePointer<LookasideList>
  ) throws(Halt) -> Address {
    var link: Address?
    var entry = list.pointee.top
    for _ in 0..<list.pointee.count {
      let next = try memory.loadPointer(entry)
      if next == 0 { break }
      link = entry
      entry = next
    }
    if let link { try memory.storePointer(link, 0) } else { list.pointee.top = 0 }
    return entry
  }

  /// Puts a freed block on a list that has room; false when there is none.
  ///
  /// A size of zero, read from a corrupt header, indexes one entry before the lists, as recorded:
  /// for paged blocks that is the last nonpaged list, for nonpaged ones an unused entry of another
  /// table: a null pointer, through which the kernel counts the free.
  mutating func pushLookaside(
    _ header: Address, _ kind: PoolKind, units: UInt64
  ) throws(Halt) -> Bool {
    var kind = kind
    var units = units
    if units == 0 {
      guard kind == .paged else { throw memory.fault(at: geometry.isWide ? 0x1C : 0x14) }
      kind = .nonPaged
      units = profile.lookasideClasses
    }
    if mutant == .lookasideWrongPool, kind == .paged { kind = .nonPaged }
    let lists = lookasides(kind, units: units)
    if mutant == .lookasideThirdProcessor, variables.pointee.processor == 2 {
      return try push(header, lookaside(owner: 1, kind, units: units))
    }
    if let list = lists.first, try push(header, list) { return true }
    if mutant != .lookasideSharedSkipped, let list = lists.second, try push(header, list) {
      return true
    }
    return false
  }

  private mutating func push(
    _ header: Address, _ list: UnsafeMutablePointer<LookasideList>
  ) throws(Halt) -> Bool {
    list.pointee.totalFrees &+= 1
    let extra: UInt16 = mutant == .lookasideTooDeep ? 1 : 0
    guard list.pointee.depth != 0, list.pointee.count < list.pointee.depth &+ extra
    else { return false }
    list.pointee.freeHits &+= 1
    let entry = header &+ geometry.headerBytes
    try memory.storePointer(entry, list.pointee.top)
    if profile.lookasideLinks == .cookie {
      try memory.storePointer(
        entry &+ geometry.wordBytes, truncated(entry ^ variables.pointee.quotaCookie))
    }
    list.pointee.top = entry
    list.pointee.count &+= 1
    mechanisms.insert(.lookasidePush)
    return true
  }

  /// Stops the kernel when the pointer behind a waiting block's link is not its hidden address.
  private mutating func checkCookie(of entry: Address) throws(Halt) {
    let expected = truncated(entry ^ variables.pointee.quotaCookie)
    let found = try memory.loadPointer(entry &+ geometry.wordBytes)
    guard found == expected else {
      throw bugCheck(BugCheck.badPoolHeader, 3, entry, found, expected)
    }
  }

  /// Lets seconds pass: every list's depth is adjusted once for each.
  ///
  /// The rule is the one published for the dynamic lookasides of Windows 10 (SSTIC 2020); that
  /// legacy lists follow it, and the unit of its ratio, are **unverified**.
  public mutating func tick(seconds: UInt64) {
    guard profile.lookasideDepthRule == .missRatio else { return }
    for _ in 0..<min(seconds, 1024) {
      for index in 0..<lookasideCount { adjustDepth(lookasides + index) }
    }
  }

  private func adjustDepth(_ list: UnsafeMutablePointer<LookasideList>) {
    let allocates = list.pointee.totalAllocates &- list.pointee.lastTotalAllocates
    let hits = list.pointee.allocateHits &- list.pointee.lastAllocateHits
    list.pointee.lastTotalAllocates = list.pointee.totalAllocates
    list.pointee.lastAllocateHits = list.pointee.allocateHits
    let lowest = Int64(profile.lookasideDepth)
    let highest = Int64(profile.lookasideMaximumDepth)
    var depth = Int64(list.pointee.depth)
    let misses = Int64(allocates) - Int64(min(hits, allocates))
    if allocates < (mutant == .lookasideDepthThreshold ? 26 : 25) {
      depth -= 10
    } else if misses * 200 < Int64(allocates) {
      depth -= 1
    } else {
      let unit: Int64 = profile.missRatioUnit == .fraction ? 1 : 1000
      depth += misses * unit * (highest - depth) / (2 * Int64(allocates)) + 5
    }
    list.pointee.depth = UInt16(min(max(depth, lowest), highest))
  }
}
