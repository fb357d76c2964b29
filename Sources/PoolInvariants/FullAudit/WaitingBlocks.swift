import typealias KernelPool.Address
import struct KernelPool.LookasideList
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.ChainWalk

/// Blocks that look allocated although no caller holds them.
struct WaitingBlocks {
  /// Where a block waits.
  enum Place: UInt32 {
    case lookaside = 1
    case deferred = 2
  }

  private var index = AddressIndex()
  private static let metBit: UInt32 = 1 << 8

  /// Adds the block whose body starts at `body`; false where it was there before.
  mutating func insert(_ body: Address, _ place: Place) -> Bool {
    guard index[body] == nil else { return false }
    return index.set(body, place.rawValue)
  }

  /// True where a block waits.
  @inline(__always) func contains(_ body: Address) -> Bool { index[body] != nil }

  /// Notes that a page's walk met the block as one in use; false where it does not wait.
  @inline(__always) mutating func meet(_ body: Address) -> Bool {
    guard let value = index[body] else { return false }
    index.set(body, value | Self.metBit)
    return true
  }

  /// Blocks that no page's walk met.
  func forEachUnmet(_ report: (Address, Place) -> Void) {
    index.forEach { body, value in
      guard value & Self.metBit == 0 else { return }
      report(body, Place(rawValue: value & 0xFF) ?? .lookaside)
    }
  }

  /// Takes everything out.
  mutating func removeAll() { index.removeAll() }
}

// Lookaside lists (Mandt 2011; Chappell; ReactOS ExAllocatePoolWithTag and ExFreePoolWithTag): each
// class holds blocks of one size that keep the look of live ones.

extension PoolAudit {
  /// Walks every lookaside list and claims its blocks.
  mutating func collectLookasides(_ view: PoolView) {
    let classes = Int(facts.profile.lookasideClasses)
    // By owner, then by pool, then by size.
    for index in 0..<view.lookasideCount {
      let list = view.lookaside(at: index)
      if list.top == 0, UInt32(list.count) | list.totalFrees | list.allocateHits == 0 { continue }
      let kind = PoolKind(rawValue: UInt8((index / classes) & 3)) ?? .nonPaged
      auditLookaside(view, list, kind, units: UInt64(index % classes &+ 1))
    }
  }

  private mutating func auditLookaside(
    _ view: PoolView, _ list: LookasideList, _ kind: PoolKind, units: UInt64
  ) {
    auditLookasideCounters(view, list)
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      let body = entry.address
      guard let next = entry.next else {
        findings.report(
          .lookasideLinks, at: body, expected: 0, found: body, "a link to memory that is not there")
        return
      }
      guard waiting.insert(body, .lookaside) else {
        findings.report(
          .lookasideLinks, at: body, expected: 0, found: next, "a block that is on a list twice")
        return
      }
      auditLookasideBlock(view, body, kind, units: units)
    }
    findings.require(
      .lookasideCount, at: list.top, expected: UInt64(chain.count), found: UInt64(list.count),
      "blocks on the lookaside list of \(units) units")
  }

  private mutating func auditLookasideBlock(
    _ view: PoolView, _ body: Address, _ kind: PoolKind, units: UInt64
  ) {
    let header = body &- facts.headerBytes
    guard let fields = facts.fields(view, at: header) else {
      findings.report(
        .lookasideLinks, at: body, expected: 0, found: header, "a block without a header")
      return
    }
    if fields.type == 0 {
      findings.report(
        .lookasideInUse, at: header, expected: 1, found: 0,
        "the stored pool type of a block on a lookaside list")
    }
    findings.require(
      .lookasideSize, at: header, expected: units, found: fields.units,
      "units of a block on a lookaside list")
    let isRightPool =
      spaces.space(of: body)?.kind == (kind == .nonPagedNoExecute ? .nonPaged : kind)
    if !isRightPool {
      findings.report(
        .lookasideSize, at: header, expected: UInt64(kind.rawValue),
        found: UInt64(spaces.space(of: body)?.kind.rawValue ?? 0xFF),
        "the pool of a block on a lookaside list")
    }
  }

  private mutating func auditLookasideCounters(_ view: PoolView, _ list: LookasideList) {
    let profile = facts.profile
    // A depth that was adjusted may lie below what the list took before.
    let highest = max(
      profile.lookasideMaximumDepth, view.configuration.lookasideDepth ?? profile.lookasideDepth)
    let most =
      profile.lookasideDepthRule == .fixed ? list.depth : max(list.depth, highest)
    if list.count > most {
      findings.report(
        .lookasideDepth, at: list.top, expected: UInt64(most), found: UInt64(list.count),
        "blocks on a lookaside list, at most")
    }
    let balance = list.freeHits &- list.allocateHits
    findings.require(
      .lookasideHits, at: list.top, expected: UInt64(list.count), found: UInt64(balance),
      "lookaside frees that found room less allocations that found a block")
  }

  /// Reports blocks that wait but are no blocks of a page in use, or are somebody else's.
  mutating func auditWaitingOwners(_ live: LiveAllocations) {
    var unmet: [(body: Address, place: WaitingBlocks.Place)] = []
    waiting.forEachUnmet { unmet.append(($0, $1)) }
    // The table's order depends on addresses only, but a report reads better in theirs.
    for (body, place) in unmet.sorted(by: { $0.body < $1.body }) {
      let isLive = live[body] != nil
      findings.report(
        place == .lookaside ? .lookasideOwner : .deferredOwner, at: body &- facts.headerBytes,
        expected: 0, found: isLive ? 1 : 0,
        isLive ? "a waiting block that a caller holds" : "a waiting block that no page has")
    }
  }
}

// Deferred frees (Mandt 2011, Windows 7): a single-linked list in each descriptor, with its depth.

extension PoolAudit {
  /// Walks the deferred frees of every descriptor and claims their blocks.
  mutating func collectDeferred(_ view: PoolView) {
    for descriptor in view.descriptors {
      let first = descriptor.address &+ facts.profile.descriptor.pendingFrees
      let depthField = descriptor.address &+ facts.profile.descriptor.pendingFreeDepth
      guard let top = view.pointer(first), let depth = view.word32(depthField) else {
        findings.report(
          .deferredLinks, at: first, expected: 0, found: first, "a descriptor that is not mapped")
        continue
      }
      let limit = facts.profile.deferredFrees ? facts.profile.deferredFreeLimit : 0
      if depth > limit {
        findings.report(
          .deferredCount, at: depthField, expected: UInt64(limit), found: UInt64(depth),
          "deferred frees, at most")
      }
      let found = walkDeferred(view, top, atMost: min(depth, limit) &+ 1)
      findings.require(
        .deferredCount, at: depthField, expected: UInt64(found), found: UInt64(depth),
        "deferred frees")
    }
  }

  private mutating func walkDeferred(
    _ view: PoolView, _ top: Address, atMost limit: UInt32
  ) -> UInt32 {
    var chain = ChainWalk(view, top: top)
    while chain.count < limit, let entry = chain.next() {
      let body = entry.address
      let header = body &- facts.headerBytes
      guard let next = entry.next, let fields = facts.fields(view, at: header) else {
        findings.report(
          .deferredLinks, at: body, expected: 0, found: body, "a link to memory that is not there")
        break
      }
      guard waiting.insert(body, .deferred) else {
        findings.report(
          .deferredLinks, at: body, expected: 0, found: next, "a block that waits twice")
        break
      }
      let looksFree = facts.profile.deferredFreeType == .free
      if (fields.type == 0) != looksFree {
        findings.report(
          .deferredInUse, at: header, expected: looksFree ? 0 : 1, found: UInt64(fields.type),
          "the stored pool type of a deferred free")
      }
    }
    return UInt32(chain.count)
  }
}
