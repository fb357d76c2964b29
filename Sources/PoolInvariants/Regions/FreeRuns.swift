import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct PoolWalk.RingWalk

// Free runs of nonpaged pages on four lists (ReactOS MiInitializeNonPagedPool, MiAllocatePoolPages,
// MiFreePoolPages). A run's first page begins with two plain links, its page count, a signature and
// its own address; every other page has the signature and that address too.

extension PoolAudit {
  /// The signature of a free page.
  static let freeRunSignature: UInt32 = 0x4152_4D33

  private var pagesOffset: UInt64 { facts.wordBytes &* 2 }
  private var signatureOffset: UInt64 { facts.wordBytes &* 2 &+ 4 }
  private var ownerOffset: UInt64 { facts.wordBytes &* 2 &+ 8 }

  /// Walks the four lists and claims the runs.
  mutating func claimFreeRuns(_ view: PoolView) {
    var steps = 0
    for list in 0..<4 {
      let head = view.variables.freeRunHeads &+ UInt64(list) &* facts.wordBytes &* 2
      guard var ring = RingWalk(view, head: head) else {
        findings.report(.runsLinks, at: head, expected: head, found: 0, "a head that is not mapped")
        continue
      }
      var isWalkedOn = true
      while isWalkedOn, let run = ring.next() {
        steps += 1
        guard steps <= spaces.nonPagedCount else {
          findings.report(
            .runsLinks, at: head, expected: head, found: run.address, "a list without an end")
          return
        }
        isWalkedOn = auditRun(view, run, list)
      }
      if isWalkedOn {
        findings.require(
          .runsLinks, at: head, expected: ring.last, found: ring.lastOfHead,
          "the last run of a list head")
      }
    }
  }

  /// Checks and claims a run; false where the walk cannot go on.
  private mutating func auditRun(_ view: PoolView, _ entry: RingWalk.Entry, _ list: Int) -> Bool {
    let run = entry.address
    guard facts.isPageAligned(run), let page = spaces.page(of: run), page < spaces.nonPagedCount,
      let links = entry.links, let count = view.word32(run &+ pagesOffset)
    else {
      findings.report(
        .runsLinks, at: entry.previous, expected: 0, found: run,
        "a link to something that is no page")
      return false
    }
    findings.require(
      .runsLinks, at: run, expected: entry.previous, found: links.storedBack,
      "the link back from a free run")
    let border = page < spaces.initialCount ? spaces.initialCount : spaces.nonPagedCount
    guard count > 0, UInt64(count) <= UInt64(border &- page) else {
      findings.report(
        .runsSize, at: run, expected: UInt64(border &- page), found: UInt64(count),
        "pages of a free run, at least one and at most")
      return false
    }
    findings.require(
      .runsList, at: run, expected: UInt64(min(count, 4)) &- 1, found: UInt64(list),
      "list of a free run of \(count) pages")
    guard claim(page, Int(count), .freeRun) else { return false }
    owners[page] = .freeRunStart
    auditStamps(view, run, page, Int(count))
    return true
  }

  /// Pages that were never touched still wait for their stamp: nothing can be wrong with them, and
  /// reading them would commit memory.
  private mutating func auditStamps(_ view: PoolView, _ run: Address, _ first: Int, _ count: Int) {
    for page in first..<(first &+ count) {
      let address = spaces.address(of: page)
      if page < spaces.initialCount, page != first,
        !(view.marks(ofPageAt: address)?.contains(.touched) ?? true)
      {
        continue
      }
      let signature = view.word32(address &+ signatureOffset) ?? 0
      findings.require(
        .runsStamp, at: address, expected: UInt64(Self.freeRunSignature), found: UInt64(signature),
        "signature of a free page")
      findings.require(
        .runsStamp, at: address, expected: run, found: view.pointer(address &+ ownerOffset) ?? 0,
        "first page that a free page names")
    }
  }
}
