import struct KernelPool.HeaderLayout
import struct KernelPool.PoolTag
import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.HeaderChain
import struct PoolWalk.HeaderFields

// The blocks of a page: headers tile it, sizes and previous sizes agree, free blocks are apart
// (ReactOS ExpCheckPoolHeader and ExpCheckPoolBlocks; Mandt 2011).

extension PoolAudit {
  /// Walks every page of small blocks and adds up what it finds.
  mutating func auditSmallPages(_ view: PoolView, _ live: LiveAllocations) {
    for page in owners.indices where owners[page] == .smallBlocks {
      let walk = PageWalk(page: spaces.address(of: page), firstUnit: 0, depth: .full)
      let summary = auditBlocks(view, live, walk)
      guard let descriptor = summary.descriptor else { continue }
      tallies[descriptor].pages &+= 1
      add(summary, to: descriptor)
    }
  }

  /// Adds a page's blocks to the tally of its descriptor.
  mutating func add(_ summary: PageSummary, to descriptor: Int) {
    tallies[descriptor].blocksInUse &+= summary.blocksInUse
    tallies[descriptor].unitsInUse &+= summary.unitsInUse
  }

  /// Walks the blocks of a page, or those behind a large allocation.
  mutating func auditBlocks(
    _ view: PoolView, _ live: LiveAllocations, _ walk: PageWalk
  ) -> PageSummary {
    var walk = walk
    var summary = PageSummary(page: walk.page)
    var isAfterFree = false
    for step in HeaderChain(view, page: walk.page, fromUnit: walk.firstUnit) {
      let header = step.address
      guard let fields = step.fields else {
        findings.report(.headerTiling, at: header, expected: 1, found: 0, "mapped memory")
        return summary
      }
      let isFirst = step.unit == walk.firstUnit
      if isFirst {
        summary.descriptor = auditFirst(view, header, fields, &walk)
      } else {
        findings.require(
          .headerPreviousSize, at: header, expected: step.previousUnits,
          found: fields.previousUnits, "units of the block before")
        auditPoolIndex(view, header, fields, walk)
      }
      if let end = step.end {
        reportEnd(end, step, fields)
        return summary
      }
      let isFree = isFree(header, fields)
      if isFree, isAfterFree {
        findings.report(
          .freeAdjacent, at: header, expected: 0, found: 1, "free blocks right behind a free block")
      }
      if isFree {
        auditFree(view, header, fields, walk, &summary)
      } else if !(walk.isTail && isFirst) {
        auditInUse(view, live, header, fields, walk, &summary)
      }
      isAfterFree = isFree
    }
    if summary.blocksInUse == 0, !walk.isTail {
      findings.report(
        .pageWhollyFree, at: walk.page, expected: 1, found: 0, "blocks in use on a kept page")
    }
    return summary
  }

  /// The first header: previous size zero; behind a large allocation it is the `Frag` block.
  private mutating func auditFirst(
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: inout PageWalk
  ) -> Int? {
    if walk.isTail {
      let tag = view.word32(header &+ HeaderLayout.tagOffset) ?? 0
      let isFragment =
        fields.previousUnits == 0 && fields.units == 1 && fields.type != 0
        && tag == PoolTag.fragment.word
      if !isFragment {
        findings.report(
          .fragmentHeader, at: header, expected: UInt64(PoolTag.fragment.word), found: UInt64(tag),
          "a one-unit block in use tagged Frag with previous size 0 (\(fields.units) units, type"
            + " \(fields.type), previous size \(fields.previousUnits))")
      }
    } else {
      findings.require(
        .headerFirst, at: header, expected: 0, found: fields.previousUnits,
        "previous size of a page's first block")
    }
    if walk.descriptor == nil {
      walk.descriptor = descriptor(view, ofPageAt: walk.page, index: fields.poolIndex)
      if walk.descriptor == nil {
        findings.report(
          .headerPoolIndex, at: header, expected: 0, found: UInt64(fields.poolIndex),
          "a pool index that its pool has")
      }
    }
    auditPoolIndex(view, header, fields, walk)
    return walk.descriptor
  }

  private mutating func auditPoolIndex(
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: PageWalk
  ) {
    guard facts.profile.poolIndexRule != .stale, let descriptor = walk.descriptor else { return }
    findings.require(
      .headerPoolIndex, at: header, expected: UInt64(view.descriptors[descriptor].index),
      found: UInt64(fields.poolIndex), "pool index of the page's descriptor")
  }

  /// The position of the descriptor that a header on the page names; where pool indexes are stale,
  /// of the pool's only one.
  func descriptor(_ view: PoolView, ofPageAt page: Address, index: UInt32) -> Int? {
    guard let kind = spaces.space(of: page)?.kind else { return nil }
    let isStale = facts.profile.poolIndexRule == .stale
    for (position, root) in view.descriptors.enumerated() {
      let isPool =
        root.kind == kind || (kind == .nonPaged && root.kind == .nonPagedNoExecute)
      if isPool, isStale || root.index == index { return position }
    }
    return nil
  }

  /// Reports a header whose size leads to no next one: it is none, or leads beyond the page.
  private mutating func reportEnd(
    _ end: HeaderChain.End, _ step: HeaderChain.Step, _ fields: HeaderFields
  ) {
    guard end == .zeroSize else {
      findings.report(
        .headerTiling, at: step.address, expected: facts.unitsPerPage &- step.unit,
        found: fields.units, "units up to the page's end, at most")
      return
    }
    // A block that covers its page has a size that wraps to zero where the field is narrow.
    let coversPage =
      step.unit == 0 && fields.type == 0
      && facts.unitsPerPage & UInt64(facts.header.blockSize.mask) == 0
    findings.report(
      coversPage ? .pageWhollyFree : .headerSizeRange, at: step.address, expected: 1, found: 0,
      coversPage ? "blocks in use on a kept page" : "units of a block, at least")
  }

  /// True for a block that nobody holds. A deferred free may look free already.
  private func isFree(_ header: Address, _ fields: HeaderFields) -> Bool {
    guard fields.type == 0 else { return false }
    return facts.profile.deferredFreeType == .inUse || !held.contains(header &+ facts.headerBytes)
  }

  private mutating func auditFree(
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: PageWalk,
    _ summary: inout PageSummary
  ) {
    guard fields.units >= facts.profile.smallestListedUnits else {
      summary.orphans &+= 1
      return
    }
    summary.listedBlocks &+= 1
    switch walk.depth {
    case .full:
      free.insert(header, units: fields.units, descriptor: walk.descriptor ?? 0xFF)
    case .cheap:
      auditNeighbours(view, header, units: fields.units, walk.descriptor)
    }
  }
}
