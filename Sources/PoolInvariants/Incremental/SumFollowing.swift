import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import typealias KernelPool.Address

// Equalities between the books and what the kernel counts.

extension IncrementalAudit {
  /// Checks the counters of the descriptors that were touched.
  mutating func auditCounters(_ view: PoolView) {
    var left = touched.descriptors
    for descriptor in 0..<tallies.count where left & 1 &<< UInt64(descriptor) != 0 {
      left &= ~(1 &<< UInt64(descriptor))
      auditDescriptor(view, descriptor)
      touched.kinds |= 1 &<< UInt64(descriptors[descriptor].kind.rawValue)
    }
    for number in 0..<waiting.hits.count where touched.kinds & 1 &<< UInt64(number) != 0 {
      if let kind = PoolKind(rawValue: UInt8(number)) { auditServed(kind) }
    }
  }

  /// Checks every sum.
  mutating func auditSums(_ view: PoolView, _ live: LiveAllocations) {
    guard blocksInUse &- liveBlocks == waiting.count,
      liveBlocks &+ large.liveCount &+ outside.count == live.count
    else { return suspect(.sums) }
    let variables = view.variables
    guard variables.bigTableInUse == large.entryCount,
      variables.expansionUsed == UInt64(mappedExpansion),
      variables.chargedBytes.nonPaged == charged.nonPaged,
      variables.chargedBytes.paged == charged.paged,
      variables.pagedBitmap.hint <= variables.pagedBitmap.pages,
      variables.pagedBitmap.openPages <= variables.pagedBitmap.pages,
      variables.sessionBitmap.hint <= variables.sessionBitmap.pages,
      variables.sessionBitmap.openPages <= variables.sessionBitmap.pages,
      variables.nonPagedBitmap.hint <= variables.nonPagedBitmap.pages,
      variables.nonPagedBitmap.openPages <= variables.nonPagedBitmap.pages
    else { return suspect(.sums) }
  }

  private mutating func auditDescriptor(_ view: PoolView, _ number: Int) {
    let layout = facts.profile.descriptor
    let tally = tallies.place(number).pointee
    let host = descriptors.place(number).pointee.host
    func counter(_ offset: UInt64) -> UInt32 {
      host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    }
    let drift = complete.books.drift[number]
    let outstanding =
      counter(layout.runningAllocations) &- counter(layout.runningFrees)
    guard UInt64(counter(layout.totalPages)) == tally.pages & 0xFFFF_FFFF,
      UInt64(counter(layout.totalBigPages)) == (tally.largePages &+ drift.largePages) & 0xFFFF_FFFF,
      UInt64(outstanding) == (tally.blocksInUse &+ tally.large &+ drift.outstanding) & 0xFFFF_FFFF
    else { return suspect() }
    guard let offset = layout.totalBytes else { return }
    let expected = tally.unitsInUse &<< facts.unitShift &+ tally.largeBytes &+ drift.bytes
    if constants.pointer(host, offset) != expected & facts.wordMask { suspect() }
  }

  private mutating func auditServed(_ kind: PoolKind) {
    var counted = waiting.hits[Int(kind.rawValue)]
    var hasDescriptor = false
    for number in 0..<tallies.count where descriptors[number].kind == kind {
      hasDescriptor = true
      counted &+= descriptors[number].host.loadUnaligned(
        fromByteOffset: Int(facts.profile.descriptor.runningAllocations), as: UInt32.self)
    }
    guard hasDescriptor else { return }
    if complete.books.served(kind) & 0xFFFF_FFFF != UInt64(counted) { suspect() }
  }
}
