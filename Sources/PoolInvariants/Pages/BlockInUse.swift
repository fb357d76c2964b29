import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct PoolWalk.HeaderFields

// Blocks that are in use: each is some caller's, or waits on a lookaside list or among the deferred
// frees (Mandt 2011). On versions that honour cache alignment a caller's address may lie behind a
// second header within the block (SSTIC 2020).

extension PoolAudit {
  /// Finds who holds a block in use, and checks it as that one's.
  mutating func auditInUse(
    _ view: PoolView, _ live: LiveAllocations, _ header: Address, _ fields: HeaderFields,
    _ walk: PageWalk, _ summary: inout PageSummary
  ) {
    if fields.units < facts.profile.smallestBlockUnits {
      findings.report(
        .headerSizeRange, at: header, expected: facts.profile.smallestBlockUnits,
        found: fields.units, "units of a block in use, at least")
    }
    summary.blocksInUse &+= 1
    summary.unitsInUse &+= fields.units
    let body = header &+ facts.headerBytes
    if let (address, position) = holder(
      view, live, body, end: header &+ fields.units &<< facts.unitShift)
    {
      summary.liveBlocks &+= 1
      if address == walk.sought { summary.hasSought = true }
      let block = LiveBlock(
        header: header, fields: fields, address: address, descriptor: walk.descriptor)
      auditLiveBlock(view, live.at(position).allocation, block, walk.depth)
      see(position, walk.depth)
      return
    }
    guard walk.depth == .full, !held.meet(body) else { return }
    findings.report(
      .blockOwner, at: header, expected: 1, found: 0, "holders of a block in use")
  }

  /// The live allocation whose block has its body at `body`, and the address that its caller has.
  private func holder(
    _ view: PoolView, _ live: LiveAllocations, _ body: Address, end: Address
  ) -> (address: Address, position: Int)? {
    if let position = live.position(of: body) { return (body, position) }
    guard facts.profile.cacheAlignment == .secondHeader else { return nil }
    let line = PoolFacts.cacheLineBytes
    let aligned = (body &+ line &- 1) & ~(line &- 1)
    guard aligned < end, let position = live.position(of: aligned),
      facts.honoursCacheLines(live.at(position).allocation.type)
    else { return nil }
    return (aligned, position)
  }

  /// Notes that a live allocation was found where it should be.
  mutating func see(_ position: Int, _ depth: PageWalk.Depth) {
    guard depth == .full, position < isSeen.count, !isSeen[position] else { return }
    isSeen[position] = true
    seenCount += 1
  }
}
