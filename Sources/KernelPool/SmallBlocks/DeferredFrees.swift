// Deferred frees (Mandt 2011, Windows 7): freed blocks wait on a single-linked list of their
// descriptor and are coalesced in batches. Whole pages of a batch are given back at its end.

extension KernelPool {
  /// Lets a freed block wait; a full list is processed first.
  mutating func deferFree(_ header: Address, _ owner: Int) throws(Halt) {
    let depth = descriptors[owner].address &+ profile.descriptor.pendingFreeDepth
    let extra: UInt32 = mutant == .deferredLimitOneMore ? 1 : 0
    if try memory.load32(depth) >= profile.deferredFreeLimit &+ extra {
      try processDeferredFrees(owner)
    }
    let first = descriptors[owner].address &+ profile.descriptor.pendingFrees
    let entry = header &+ geometry.headerBytes
    try memory.storePointer(entry, try memory.loadPointer(first))
    try memory.storePointer(first, entry)
    if mutant != .deferredNotCounted { try memory.add32(depth, 1) }
    if profile.deferredFreeType == .free { try setStoredType(header, 0) }
    mechanisms.insert(.deferred)
  }

  /// Coalesces every waiting block in list order, newest first.
  mutating func processDeferredFrees(_ owner: Int) throws(Halt) {
    mechanisms.insert(.deferredBatch)
    let first = descriptors[owner].address &+ profile.descriptor.pendingFrees
    var entry = try memory.loadPointer(first)
    try memory.storePointer(first, 0)
    try memory.store32(descriptors[owner].address &+ profile.descriptor.pendingFreeDepth, 0)
    if profile.deferredFreeType == .free { try markInUse(from: entry, owner) }
    var visited: UInt32 = 0
    var wholePages: [Address] = []
    while entry != 0 {
      let next = try memory.loadPointer(entry)
      let header = entry &- geometry.headerBytes
      if let page = try release(header, owner, units: try blockSize(header)) {
        wholePages.append(page)
      }
      entry = next
      visited &+= 1
      if mutant == .deferredLosesOldest, entry != 0, try memory.loadPointer(entry) == 0 { break }
      if visited > profile.deferredFreeLimit { throw memory.halt(.hang) }
    }
    for page in wholePages { try releasePage(page, owner) }
  }

  /// Lets waiting blocks look allocated again while a batch is processed: a neighbour must not merge
  /// with a block that is on no list yet.
  private mutating func markInUse(from first: Address, _ owner: Int) throws(Halt) {
    let type: PoolType = descriptors[owner].kind.isPaged ? .paged : .nonPaged
    var entry = first
    for _ in 0..<profile.deferredFreeLimit where entry != 0 {
      try setStoredType(entry &- geometry.headerBytes, profile.stored(type))
      entry = try memory.loadPointer(entry)
    }
  }

  /// Processes the deferred frees of every descriptor, as a kernel does when memory is short; the
  /// laws of an emptied pool need it too.
  public mutating func drainDeferredFrees() -> FreeOutcome {
    if let halted { return .halted(halted) }
    do {
      for owner in 0..<descriptorCount { try processDeferredFrees(owner) }
      return .freed
    } catch {
      return .halted(stop())
    }
  }
}
