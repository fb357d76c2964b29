// Deferred frees (Mandt 2011, Windows 7): freed blocks wait on a single-linked list of their
// descriptor and are coalesced in batches. Whole pages of a batch are given back at its end.

extension SmallBlocks {
  /// Lets a freed block wait; a full list is processed first.
  @inline(__always)
  func deferFree(_ block: Block, _ owner: OwnerPointer) throws(Halt) {
    let offsets = (
      first: pool.pointee.profile.descriptor.pendingFrees,
      depth: pool.pointee.profile.descriptor.pendingFreeDepth
    )
    let limit = pool.pointee.profile.deferredFreeLimit &+ (has(.deferredLimitOneMore) ? 1 : 0)
    if counter(owner, offsets.depth) >= limit { try processDeferredFrees(owner) }
    try setPointer(inBodyOf: block, 0, pointer(owner, offsets.first))
    setPointer(owner, offsets.first, body(block))
    if !has(.deferredNotCounted) { add(owner, offsets.depth, 1) }
    if switches.deferredFreeType == .free { try setType(block, 0) }
    mark(.deferred)
  }

  /// Coalesces every waiting block in list order, newest first.
  @inline(never)
  func processDeferredFrees(_ owner: OwnerPointer) throws(Halt) {
    mark(.deferredBatch)
    let first = pool.pointee.profile.descriptor.pendingFrees
    var waiting = pointer(owner, first)
    setPointer(owner, first, 0)
    setCounter(owner, pool.pointee.profile.descriptor.pendingFreeDepth, 0)
    if switches.deferredFreeType == .free { try markInUse(from: waiting, owner) }
    var visited: UInt32 = 0
    var wholePages: [Address] = []
    while waiting != 0 {
      let block = block(waiting &- headerBytes)
      let next = try pointer(inBodyOf: block, 0)
      if let page = try release(block, owner, units: try size(block)) {
        wholePages.append(page)
      }
      waiting = next
      visited &+= 1
      if has(.deferredLosesOldest), waiting != 0 {
        if try pointer(inBodyOf: self.block(waiting &- headerBytes), 0) == 0 { break }
      }
      if visited > pool.pointee.profile.deferredFreeLimit { throw pool.pointee.memory.halt(.hang) }
    }
    for page in wholePages { try releasePage(page, owner) }
  }

  /// Lets waiting blocks look allocated again while a batch is processed: a neighbour must not merge
  /// with a block that is on no list yet.
  private func markInUse(from first: Address, _ owner: OwnerPointer) throws(Halt) {
    let type: PoolType = owner.pointee.kind.isPaged ? .paged : .nonPaged
    let stored = pool.pointee.geometry.storedPoolType.stored(type)
    var waiting = first
    for _ in 0..<pool.pointee.profile.deferredFreeLimit where waiting != 0 {
      let block = block(waiting &- headerBytes)
      try setType(block, stored)
      waiting = try pointer(inBodyOf: block, 0)
    }
  }
}

// MARK: Emptying the places where freed memory rests

// No kernel does this as one operation; laws about an emptied pool need it. Each step is the one
// that the kernel takes when a list overflows.

extension KernelPool {
  /// Processes the deferred frees of every descriptor, as a kernel does when memory is short; the
  /// laws of an emptied pool need it too.
  public mutating func drainDeferredFrees() -> FreeOutcome {
    attempt { blocks throws(Halt) in try blocks.drainDeferredFrees() }
  }

  /// Frees every block on a lookaside list for good, then what that left deferred.
  public mutating func drainLookasides() -> FreeOutcome {
    attempt { blocks throws(Halt) in
      try blocks.drainLookasides()
      try blocks.drainDeferredFrees()
    }
  }

  /// Gives the runs of every single-page list back to the page level.
  public mutating func drainSinglePages() -> FreeOutcome {
    attempt { blocks throws(Halt) in
      for pages in 1...3 as ClosedRange<UInt64> {
        try blocks.pool.pointee.drain(.nonPaged, pages: pages)
      }
      try blocks.pool.pointee.drain(.paged, pages: 1)
      try blocks.pool.pointee.drain(.session, pages: 1)
    }
  }
}

extension GeneralBlocks {
  fileprivate func drainDeferredFrees() throws(Halt) {
    for descriptor in 0..<pool.pointee.descriptorCount {
      try processDeferredFrees(owner(descriptor))
    }
  }

  fileprivate func drainLookasides() throws(Halt) {
    for index in 0..<pool.pointee.lookasideCount {
      let list = pool.pointee.lookasides + index
      for _ in 0..<list.pointee.count where list.pointee.top != 0 {
        let block = block(list.pointee.top &- headerBytes)
        let next = try pointer(inBodyOf: block, 0)
        change(list) {
          $0.top = next
          $0.count &-= 1
        }
        try drain(block)
      }
    }
  }

  private func drain(_ block: Block) throws(Halt) {
    let word = try word(block)
    let type = pool.pointee.geometry.storedPoolType.type(stored: layout.poolType.get(word))
    let kind = pool.pointee.kind(for: type)
    let index = Int(layout.poolIndex.get(word))
    var number = pool.pointee.descriptor(of: kind)
    if pool.pointee.profile.poolIndexRule != .stale {
      if kind == .paged { number = pool.pointee.firstPagedDescriptor &+ index }
      if kind == .nonPaged, index == 1, pool.pointee.profile.hasNoExecutePool {
        number = pool.pointee.descriptor(of: .nonPagedNoExecute)
      }
      // Corrupt memory may name a descriptor that is not there.
      guard number < pool.pointee.descriptorCount else { throw pool.pointee.memory.halt(.hang) }
    }
    let owner = owner(number)
    if let page = try release(block, owner, units: size(in: word)) {
      try releasePage(page, owner)
    }
  }
}

extension PoolState {
  fileprivate mutating func drain(_ kind: PoolKind, pages: UInt64) throws(Halt) {
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
