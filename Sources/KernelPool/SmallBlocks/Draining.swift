// Emptying the places where freed memory rests, for laws about an emptied pool. No kernel does
// this as one operation; each step is the one that the kernel takes when a list overflows.

extension KernelPool {
  /// Frees every block on a lookaside list for good, then what that left deferred.
  public mutating func drainLookasides() -> FreeOutcome {
    if let halted { return .halted(halted) }
    do {
      for index in 0..<lookasideCount {
        let list = lookasides + index
        memory.journal?.noteLookaside(index)
        for _ in 0..<list.pointee.count where list.pointee.top != 0 {
          let body = list.pointee.top
          list.pointee.top = try memory.loadPointer(body)
          list.pointee.count &-= 1
          try drain(body &- geometry.headerBytes)
        }
      }
    } catch {
      return .halted(stop())
    }
    return drainDeferredFrees()
  }

  private mutating func drain(_ header: Address) throws(Halt) {
    let word = try headerWord(header)
    let type = profile.type(stored: profile.header.poolType.get(word))
    let kind = kind(for: type)
    let index = Int(profile.header.poolIndex.get(word))
    var owner = descriptor(of: kind)
    if profile.poolIndexRule != .stale {
      if kind == .paged { owner = firstPagedDescriptor &+ index }
      if kind == .nonPaged, index == 1, profile.hasNoExecutePool {
        owner = descriptor(of: .nonPagedNoExecute)
      }
      // Corrupt memory may name a descriptor that is not there.
      guard owner < descriptorCount else { throw memory.halt(.hang) }
    }
    let units = UInt64(profile.header.blockSize.get(word))
    if let page = try release(header, owner, units: units) { try releasePage(page, owner) }
  }

  /// Gives the runs of every single-page list back to the page level.
  public mutating func drainSinglePages() -> FreeOutcome {
    if let halted { return .halted(halted) }
    do {
      for pages in 1...3 as ClosedRange<UInt64> { try drain(.nonPaged, pages: pages) }
      try drain(.paged, pages: 1)
      try drain(.session, pages: 1)
      return .freed
    } catch {
      return .halted(stop())
    }
  }

  private mutating func drain(_ kind: PoolKind, pages: UInt64) throws(Halt) {
    guard let list = singlePageList(kind, pages) else { return }
    let maximum = list.pointee.maximumCount
    list.pointee.maximumCount = 0
    defer { list.pointee.maximumCount = maximum }
    for _ in 0..<list.pointee.count where list.pointee.top != 0 {
      let run = list.pointee.top
      list.pointee.top = try memory.loadPointer(run)
      list.pointee.count &-= 1
      _ = try freePages(run, kind)
    }
  }
}
