extension PoolState {
  /// The descriptor of a pool that has one only, or the first of several.
  @inline(__always)
  mutating func descriptor(of kind: PoolKind) -> Int {
    switch kind {
    case .nonPaged: 0
    case .paged: firstPagedDescriptor
    case .nonPagedNoExecute, .session:
      (0..<descriptorCount).first { descriptors[$0].kind == kind } ?? 0
    }
  }

  /// The pool that serves a request of `type`.
  @inline(__always)
  mutating func kind(for type: PoolType) -> PoolKind {
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
}
