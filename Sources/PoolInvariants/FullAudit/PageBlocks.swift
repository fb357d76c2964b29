import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.HeaderChain
import struct PoolWalk.HeaderFields

/// Where a walk through the blocks of a page starts and what it does with what it finds.
struct WalkedPage {
  /// How much is known while the page is walked.
  enum Depth {
    /// Waiting blocks have been collected, free blocks are; every byte of live blocks is read.
    case full
    /// Only this page is known; the links of its free blocks and the ends of its live blocks are
    /// looked at where they stand.
    case touched
  }

  /// The page's address.
  let page: Address
  /// Units before the first block: 0, or where the `Frag` header behind a large allocation lies.
  let firstUnit: UInt64
  /// How much is known.
  let depth: Depth
  /// The descriptor that the blocks must belong to; nil where any of the pool's will do.
  var descriptor: Int?
  /// A caller's address that the walk should come by; 0 where none is looked for.
  var sought: Address = 0

  /// True behind a large allocation.
  var isTail: Bool { firstUnit != 0 }
}

/// What the walk of one page of blocks found: all that the rules about more than one page need.
///
/// Summaries add up: an audit that keeps the summary of every page needs to walk only the pages
/// that an operation touched.
struct PageSummary: Equatable {
  /// The page.
  var page: Address
  /// Position of its descriptor among the view's, or nil where no header names one.
  var descriptor: Int?
  /// Blocks in use, `Frag` headers excluded.
  var blocksInUse: UInt64 = 0
  /// Units of these blocks.
  var unitsInUse: UInt64 = 0
  /// Free blocks with room for links.
  var listedBlocks: UInt64 = 0
  /// Free blocks without.
  var orphans: UInt64 = 0
  /// Blocks that a caller holds.
  var liveBlocks: UInt64 = 0
  /// Whether the walk came by the address that it looked for.
  var hasSought = false
}

// The blocks of a page: headers tile it, sizes and previous sizes agree, free blocks are apart
// (ReactOS ExpCheckPoolHeader and ExpCheckPoolBlocks; Mandt 2011).

extension PoolAudit {
  /// Walks every page of small blocks and adds up what it finds.
  mutating func auditSmallPages(_ view: PoolView, _ live: LiveAllocations) {
    for page in owners.indices where owners[page] == .smallBlocks {
      let walk = WalkedPage(page: spaces.address(of: page), firstUnit: 0, depth: .full)
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
    _ view: PoolView, _ live: LiveAllocations, _ walk: WalkedPage
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
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: inout WalkedPage
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
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: WalkedPage
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
    return facts.profile.deferredFreeType == .inUse
      || !waiting.contains(header &+ facts.headerBytes)
  }

  private mutating func auditFree(
    _ view: PoolView, _ header: Address, _ fields: HeaderFields, _ walk: WalkedPage,
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
    case .touched: auditNeighbours(view, header, units: fields.units, walk.descriptor)
    }
  }

  /// A free block's neighbours on its list point back at it.
  private mutating func auditNeighbours(
    _ view: PoolView, _ header: Address, units: UInt64, _ descriptor: Int?
  ) {
    let entry = header &+ facts.headerBytes
    guard let descriptor, let host = view.bytes(at: entry, count: facts.wordBytes &* 2) else {
      return
    }
    let isSound = areLinksSound(view, host, of: entry, units: units, descriptor)
    findings.require(
      .listLinks, at: entry, expected: 1, found: isSound ? 1 : 0,
      "whether a free block's neighbours point back at it")
  }
}

// Blocks that are in use: each is some caller's, or waits on a lookaside list or among the deferred
// frees (Mandt 2011). On versions that honour cache alignment a caller's address may lie behind a
// second header within the block (SSTIC 2020).

extension PoolAudit {
  /// Finds who holds a block in use, and checks it as that one's.
  mutating func auditInUse(
    _ view: PoolView, _ live: LiveAllocations, _ header: Address, _ fields: HeaderFields,
    _ walk: WalkedPage, _ summary: inout PageSummary
  ) {
    if fields.units < facts.profile.smallestBlockUnits {
      findings.report(
        .headerSizeRange, at: header, expected: facts.profile.smallestBlockUnits,
        found: fields.units, "units of a block in use, at least")
    }
    summary.blocksInUse &+= 1
    summary.unitsInUse &+= fields.units
    let body = header &+ facts.headerBytes
    let end = header &+ fields.units &<< facts.unitShift
    if let (address, position) = live.holder(ofBodyAt: body, end: end, facts) {
      summary.liveBlocks &+= 1
      if address == walk.sought { summary.hasSought = true }
      let block = HeldBlock(
        header: header, fields: fields, address: address, descriptor: walk.descriptor)
      auditLiveBlock(view, live.allocation(at: position), block, walk.depth)
      see(position, walk.depth)
      return
    }
    guard walk.depth == .full, !waiting.meet(body) else { return }
    findings.report(
      .blockOwner, at: header, expected: 1, found: 0, "holders of a block in use")
  }

  /// Notes that a live allocation was found where it should be.
  mutating func see(_ position: Int, _ depth: WalkedPage.Depth) {
    guard depth == .full, position < isSeen.count, !isSeen[position] else { return }
    isSeen[position] = true
    seenCount += 1
  }
}

extension LiveAllocations {
  /// The live allocation whose block has its body at `body`, and the address that its caller has.
  @inline(__always)
  func holder(
    ofBodyAt body: Address, end: Address, _ facts: borrowing PoolFacts
  ) -> (address: Address, position: Int)? {
    if let position = position(of: body) { return (body, position) }
    guard facts.hasSecondHeaders else { return nil }
    let line = PoolFacts.cacheLineBytes
    let aligned = (body &+ line &- 1) & ~(line &- 1)
    guard aligned < end, let position = position(of: aligned),
      facts.honoursCacheLines(allocation(at: position).type)
    else { return nil }
    return (aligned, position)
  }
}
