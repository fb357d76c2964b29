import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct PoolWalk.ChainWalk
import struct PoolWalk.KeptList
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
      .runsList, at: run, expected: PoolFacts.runList(count), found: UInt64(list),
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

// Lists of freed pages that wait for the next request (ReactOS MiFreePoolPages; Vista has them for
// runs of two and three pages too, per Mandt 2011). Their pages keep all marks of allocations.

extension PoolAudit {
  /// Walks the lists and claims their pages.
  mutating func claimSinglePageLists(_ view: PoolView) {
    for number in 0..<KeptList.count { claim(view, KeptList(view, number)) }
  }

  private mutating func claim(_ view: PoolView, _ kept: KeptList) {
    let list = kept.list
    let pages = UInt64(kept.pages)
    if list.count > list.maximumCount {
      findings.report(
        .singlePageCount, at: list.top, expected: UInt64(list.maximumCount),
        found: UInt64(list.count), "freed pages that wait, at most")
    }
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      let run = entry.address
      guard facts.isPageAligned(run), spaces.space(of: run)?.kind == kept.kind,
        let next = entry.next
      else {
        findings.report(
          .singlePageLinks, at: run, expected: UInt64(kept.kind.rawValue), found: run,
          "a link to something that is no page of the pool")
        return
      }
      if let page = spaces.page(of: run), owners[page] == .singlePageList {
        findings.report(
          .singlePageLinks, at: run, expected: 0, found: next, "a page that is on a list twice")
        return
      }
      if !claimAllocation(view, run, pages: pages, .singlePageList) {
        findings.report(
          .singlePageLinks, at: run, expected: pages, found: 0, "pages within the pool")
        return
      }
    }
    findings.require(
      .singlePageCount, at: list.top, expected: UInt64(chain.count), found: UInt64(list.count),
      "freed runs of \(pages) pages that wait")
  }
}

/// The heads of the lists of free runs as the last look found them sound.
struct RunHeads {
  var address: Address = 0
  var host: UnsafeRawPointer?
  /// Eight words of eight bytes at most.
  var words = [UInt64](repeating: 0, count: 8)
}
