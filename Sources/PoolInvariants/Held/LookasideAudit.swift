import typealias KernelPool.Address
import struct KernelPool.LookasideList
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.ChainWalk

// Lookaside lists (Mandt 2011; Chappell; ReactOS ExAllocatePoolWithTag and ExFreePoolWithTag): each
// class holds blocks of one size that keep the look of live ones.

extension PoolAudit {
  /// Walks every lookaside list and claims its blocks.
  mutating func collectLookasides(_ view: PoolView) {
    for owner in 0..<view.lookasideOwners {
      for kind in PoolKind.allCases {
        for units in 1...max(facts.profile.lookasideClasses, 1) {
          let list = view.lookaside(owner: owner, kind: kind, units: units)
          if list.top == 0, list.count == 0, list.totalFrees == 0, list.allocateHits == 0 {
            continue
          }
          auditLookaside(view, list, kind, units: units)
        }
      }
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
      guard held.insert(body, .lookaside) else {
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
  mutating func auditHeldOwners(_ live: LiveAllocations) {
    var unmet: [(body: Address, place: HeldBlocks.Place)] = []
    held.forEachUnmet { unmet.append(($0, $1)) }
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
