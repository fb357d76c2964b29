extension KernelPool {
  /// The descriptor of a pool that has one only, or the first of several.
  @inline(__always)
  func descriptor(of kind: PoolKind) -> Int {
    switch kind {
    case .nonPaged: 0
    case .paged: firstPagedDescriptor
    case .nonPagedNoExecute, .session:
      (0..<descriptorCount).first { descriptors[$0].kind == kind } ?? 0
    }
  }

  /// The pool that serves a request of `type`.
  @inline(__always)
  func kind(for type: PoolType) -> PoolKind {
    if type.isPaged {
      guard mutant != .sessionAsPaged else { return .paged }
      return type.contains(.session) && profile.hasSessionPool ? .session : .paged
    }
    return type.contains(.noExecute) && profile.hasNoExecutePool ? .nonPagedNoExecute : .nonPaged
  }

  /// The descriptor for a new small block: paged requests take turns (Mandt 2011).
  ///
  /// Index 0 of several paged descriptors is left to large allocations.
  mutating func descriptorForAllocation(_ kind: PoolKind) -> Int {
    guard kind != .nonPaged else { return 0 }
    guard kind == .paged, profile.pagedDescriptors > 1 else { return descriptor(of: kind) }
    let turns = UInt32(profile.pagedDescriptors - 1)
    let last = variables.pointee.pagedRoundRobin
    let next = last % turns + 1
    if mutant != .roundRobinStuck { variables.pointee.pagedRoundRobin = next }
    let chosen = profile.roundRobin == .advanceThenUse ? next : (last == 0 ? turns : last)
    return firstPagedDescriptor + Int(chosen)
  }

  /// Books a small allocation.
  @inline(__always)
  mutating func countAllocation(_ descriptor: Int, bytes: UInt64) throws(Halt) {
    let base = descriptors[descriptor].address
    if let offset = profile.descriptor.totalBytes {
      try memory.addPointer(base &+ offset, bytes)
    }
    try memory.add32(base &+ profile.descriptor.runningAllocations, 1)
  }

  /// Books a free that reaches the lists or the page level.
  @inline(__always)
  mutating func countFree(_ descriptor: Int, bytes: UInt64) throws(Halt) {
    let base = descriptors[descriptor].address
    if mutant != .freeNotCounted {
      try memory.add32(base &+ profile.descriptor.runningFrees, 1)
    }
    if let offset = profile.descriptor.totalBytes, mutant != .bytesNotSubtracted {
      try memory.addPointer(base &+ offset, 0 &- bytes)
    }
  }

  /// Adds pages to, or with a negative number takes them from, the count of small-block pages.
  mutating func countPages(_ descriptor: Int, _ difference: Int64) throws(Halt) {
    try memory.add32(
      descriptors[descriptor].address &+ profile.descriptor.totalPages,
      UInt32(truncatingIfNeeded: difference))
  }

  /// Adds pages to, or with a negative number takes them from, the count of large pages.
  mutating func countBigPages(_ descriptor: Int, _ difference: Int64) throws(Halt) {
    try memory.add32(
      descriptors[descriptor].address &+ profile.descriptor.totalBigPages,
      UInt32(truncatingIfNeeded: difference))
  }
}
