import KernelPool

/// The blocks that callers have freed and the lists have not got yet.
///
/// Their headers say in use; only the lookaside lists and the chains of deferred frees tell them
/// from live ones. Chains are followed for at most 65,536 steps, the most that an S-list can count,
/// and never twice through the same block, so a corrupted link costs nothing.
public struct ParkedBlocks: Sendable {
  /// How each parked block is parked, by the address of its header.
  public private(set) var states: [Address: BlockState] = [:]

  /// The most blocks of one chain that are looked at.
  static let chainLimit = 65_536

  /// The blocks parked at this moment.
  public init(_ view: PoolView) {
    for owner in 0..<view.lookasideOwners {
      for kind in PoolKind.allCases { readLookasides(view, owner, kind) }
    }
    guard view.profile.deferredFrees else { return }
    for root in view.descriptors {
      guard let first = view.pointer(root.address &+ view.profile.descriptor.pendingFrees)
      else { continue }
      follow(view, from: first, as: .deferred)
    }
  }

  /// How the block whose header is at `address` is parked, or nil where it is not.
  public func state(ofHeaderAt address: Address) -> BlockState? { states[address] }

  private mutating func readLookasides(_ view: PoolView, _ owner: Int, _ kind: PoolKind) {
    guard view.profile.lookasideClasses > 0 else { return }
    for units in 1...view.profile.lookasideClasses {
      let top = view.lookaside(owner: owner, kind: kind, units: units).top
      follow(view, from: top, as: .lookaside)
    }
  }

  private mutating func follow(_ view: PoolView, from first: Address, as state: BlockState) {
    var body = first
    for _ in 0..<Self.chainLimit {
      guard body != 0, let next = view.pointer(body) else { return }
      let header = body &- UInt64(view.profile.header.bytes)
      guard states.updateValue(state, forKey: header) == nil else { return }
      body = next
    }
  }
}
