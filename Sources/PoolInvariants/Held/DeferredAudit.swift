import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct PoolWalk.ChainWalk

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
      guard held.insert(body, .deferred) else {
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
