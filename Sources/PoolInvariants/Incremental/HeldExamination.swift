import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolType
import struct KernelPool.PoolView
import typealias KernelPool.Address

// Blocks in use: each is a caller's, with the size, type, tag and contents that go with it, or it
// waits.

extension IncrementalAudit {
  /// The live allocation whose block has its body at `body`, and the address that its caller has.
  @inline(__always)
  func holder(
    _ live: LiveAllocations, _ body: Address, units: Int
  ) -> (address: Address, position: Int)? {
    if let position = live.position(of: body) { return (body, position) }
    guard constants.hasSecondHeaders else { return nil }
    let line = PoolFacts.cacheLineBytes
    let aligned = (body &+ line &- 1) & ~(line &- 1)
    let end = body &- facts.headerBytes &+ UInt64(units) &<< facts.unitShift
    guard aligned < end, let position = live.position(of: aligned),
      facts.honoursCacheLines(live.allocation(at: position).type)
    else { return nil }
    return (aligned, position)
  }

  /// Checks a block that a caller holds.
  mutating func auditHeld(
    _ view: PoolView, _ live: LiveAllocations, _ position: Int, _ page: ExaminedPage,
    _ block: FoundBlock, _ address: Address, _ changed: ChangedBytes
  ) {
    let allocation = live.allocation(at: position)
    let offset = UInt64(UInt32(bitPattern: block.unit)) &<< facts.unitShift
    let isPlain =
      allocation.type.rawValue & PoolFacts.sizingBits == 0
      && allocation.requestedBytes <= facts.largestSmallRequest
    if isPlain {
      auditPlain(allocation, page, block, offset)
    } else {
      // Rare types have rules of their own, which the complete audit knows.
      let header = page.base &+ offset
      guard let fields = facts.fields(view, at: header) else { return suspect() }
      complete.findings = Findings()
      complete.auditLiveBlock(
        view, allocation,
        LiveBlock(header: header, fields: fields, address: address, descriptor: page.descriptor),
        .cheap)
      if !complete.findings.violations.isEmpty { suspect() }
    }
    guard doubt == nil, allocation.patternSeed != nil, !isBuilding else { return }
    let inPage = address & facts.pageMask
    let from = max(changed.from, inPage) &- inPage
    let end = min(changed.to, inPage &+ allocation.requestedBytes)
    guard end > inPage &+ from else { return }
    if !allocation.showsPattern(page.host + Int(inPage), from: from, to: end &- inPage) {
      suspect()
    }
  }

  @inline(__always)
  private mutating func auditPlain(
    _ allocation: LiveAllocation, _ page: ExaminedPage, _ block: FoundBlock, _ offset: UInt64
  ) {
    let units = max(
      (max(allocation.requestedBytes, 1) &+ facts.headerBytes &+ facts.unitBytes &- 1)
        &>> facts.unitShift, UInt64(constants.smallestBlockUnits))
    let word = page.host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    let tag = page.host.loadUnaligned(
      fromByteOffset: Int(offset &+ HeaderLayout.tagOffset), as: UInt32.self)
    guard units == UInt64(UInt32(bitPattern: block.units)), tag == allocation.tag.word,
      facts.header.poolType.get(word) == facts.stored(allocation.type),
      descriptors[page.descriptor].kind == facts.kind(allocation.type)
    else { return suspect() }
  }

  /// True where a block in use that no caller holds waits, with the link, size and type that a
  /// waiting block has.
  @inline(__always)
  func isWaitingSound(_ page: ExaminedPage, _ unit: Int, _ units: Int, _ body: Address) -> Bool {
    guard let block = waiting[body] else { return false }
    let offset = UInt64(unit) &<< facts.unitShift
    let word = page.host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    let looksFree = facts.header.poolType.get(word) == 0
    guard constants.pointer(page.host, offset &+ facts.headerBytes) == block.next else {
      return false
    }
    return block.isDeferred
      ? looksFree == constants.deferredLooksFree
      : !looksFree && units == Int(block.units)
  }
}
