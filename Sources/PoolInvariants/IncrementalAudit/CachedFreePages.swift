import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct KernelPool.SinglePageList
import struct PoolWalk.ChainWalk
import struct PoolWalk.KeptList

/// The lists of freed pages as they were last seen.
struct SinglePageCache {
  /// A list with its entries, the last one first.
  struct List {
    var top: Address = 0
    var count: UInt16 = 0
    var entries: [Address] = []
  }

  /// By the numbers of ``KeptList``.
  var lists = Array(repeating: List(), count: KeptList.count)

  /// The list that is being walked, the last one first: its room is used again.
  var walked: [Address] = []

  /// Keeps what was walked as the entries of a list.
  mutating func keepWalked(as number: Int, top: Address) {
    lists[number].top = top
    lists[number].count = UInt16(truncatingIfNeeded: walked.count)
    swap(&lists[number].entries, &walked)
  }

  /// The lists as the kernel's variables had them when all were looked at last.
  private var seen:
    (SinglePageList, SinglePageList, SinglePageList, SinglePageList, SinglePageList)?

  /// Open pages of the paged, the session and the nonpaged map: a change moves the border between
  /// free and closed pages.
  var openPages: (UInt64, UInt64, UInt64) = (0, 0, 0)

  /// True where no list begins elsewhere, counts or may hold another number than when all were
  /// looked at: most operations change none.
  @inline(__always) func showsSame(_ view: PoolView) -> Bool {
    guard let seen else { return false }
    let now = view.variablesAddress
    return now.pointee.singlePageLists.nonPaged.0 == seen.0
      && now.pointee.singlePageLists.nonPaged.1 == seen.1
      && now.pointee.singlePageLists.nonPaged.2 == seen.2
      && now.pointee.singlePageLists.paged == seen.3
      && now.pointee.singlePageLists.session == seen.4
  }

  /// Notes that all lists were looked at.
  mutating func noteSeen(_ view: PoolView) {
    let lists = view.variables.singlePageLists
    seen = (
      lists.nonPaged.0, lists.nonPaged.1, lists.nonPaged.2, lists.paged, lists.session
    )
  }
}

extension IncrementalAudit {
  /// Follows the lists of freed pages: those whose top or count changed, or all where a page on one
  /// was stored to.
  mutating func updateSinglePages(_ view: PoolView) {
    for number in 0..<KeptList.count { updateSinglePages(view, number, KeptList(view, number)) }
    singles.noteSeen(view)
  }

  private mutating func updateSinglePages(_ view: PoolView, _ number: Int, _ kept: KeptList) {
    let list = kept.list
    if list.count > list.maximumCount { fallBack() }
    let hasChanged =
      singles.lists[number].top != list.top || singles.lists[number].count != list.count
    guard hasChanged || touched.hasSinglePages else { return }
    walkSinglePages(view, number, kept)
  }

  /// Walks a list; entries that stayed where they were from the end on keep their pages.
  private mutating func walkSinglePages(_ view: PoolView, _ number: Int, _ kept: KeptList) {
    let list = kept.list
    singles.walked.removeAll(keepingCapacity: true)
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      guard facts.isPageAligned(entry.address), spaces.space(of: entry.address)?.kind == kept.kind,
        entry.next != nil
      else { return fallBack() }
      singles.walked.append(entry.address)
    }
    let (count, oldCount) = (singles.walked.count, singles.lists[number].entries.count)
    guard chain.upcoming == 0, count == Int(list.count) else { return fallBack() }
    singles.walked.reverse()
    let pages = kept.pages
    var same = 0
    while same < min(oldCount, count),
      singles.lists[number].entries[same] == singles.walked[same]
    { same += 1 }
    for place in same..<oldCount {
      if let page = spaces.page(of: singles.lists[number].entries[place]) { release(page, pages) }
    }
    for place in same..<count {
      guard let page = self.pages(of: singles.walked[place], UInt64(pages)) else {
        return fallBack()
      }
      claim(page, pages, .singlePageList)
    }
    singles.keepWalked(as: number, top: list.top)
  }
}

// Free runs are found by their links alone. Where a link changed, the run it led to and the run it
// leads to are looked at: one that nobody links to any more is gone, one that is linked is a run.

extension IncrementalAudit {
  /// The list whose head lies at an address.
  private static func list(
    ofHeadAt address: Address, _ heads: Address, headBytes: UInt64
  ) -> Int? {
    let offset = address &- heads
    guard offset < 4 &* headBytes, offset % headBytes == 0 else { return nil }
    return Int(offset / headBytes)
  }

  /// Follows heads and runs whose bytes changed.
  mutating func updateRuns(_ view: PoolView) {
    if touched.hasRunHeads {
      for list in 0..<4 {
        let head = runs.head(list).pointee.address
        guard let next = view.pointer(head), let back = view.pointer(head &+ facts.wordBytes)
        else { return fallBack() }
        runs.note(head: list, next: next, back: back)
      }
    }
    for index in 0..<touched.pages.count {
      let page = Int(touched.pages[index])
      if PageShare.owner(owners[page]) == .freeRunStart {
        runs.look(at: spaces.address(of: page))
      }
    }
    // Looking at a run may lead to others. A kernel changes a handful in one operation.
    var place = 0
    while place < runs.queue.count, fallback == nil {
      updateRun(view, runs.queue[place])
      place += 1
      if place > 4096 { fallBack(.overflow) }
    }
    guard fallback == nil else { return }
    let heads = roots.freeRunHeads
    let headBytes = constants.headBytes
    let isSound = runs.settle { Self.list(ofHeadAt: $0, heads, headBytes: headBytes) }
    if !isSound { fallBack() }
  }

  /// The pointer at an address, read where it lies if that is in the initial nonpaged pool, as most
  /// runs are, on a page that was accessed before.
  @inline(__always)
  private mutating func pointer(_ view: PoolView, _ address: Address) -> Address? {
    let inPool = address &- spaces.firstBase
    guard inPool < spaces.firstBytes, address & (facts.wordBytes &- 1) == 0, let poolHost,
      view.marks(ofInitialPage: Int(inPool &>> facts.pageShift)).contains(.touched)
    else { return view.pointer(address) }
    return facts.pointer(poolHost, inPool)
  }

  private mutating func updateRun(_ view: PoolView, _ run: Address) {
    guard run &- roots.freeRunHeads >= 4 &* constants.headBytes else { return }
    let known = runs.number(run)
    guard facts.isPageAligned(run), let page = spaces.page(of: run), page < spaces.nonPagedCount,
      let next = pointer(view, run), let back = pointer(view, run &+ facts.wordBytes),
      let count = view.word32(run &+ facts.wordBytes &* 2)
    else {
      if known != nil { fallBack() }
      return
    }
    let isLinked = pointer(view, next &+ facts.wordBytes) == run || pointer(view, back) == run
    guard isLinked else {
      guard let known else { return }
      release(page, Int(runs.nodes[known].value))
      return runs.remove(known)
    }
    let border = page < spaces.initialCount ? spaces.initialCount : spaces.nonPagedCount
    guard count > 0, UInt64(count) <= UInt64(border &- page) else { return fallBack() }
    let list = Int(PoolFacts.runList(count))
    guard let known else {
      claim(page, Int(count), .freeRunStart)
      return runs.add(run, list: list, value: count, next: next, back: back)
    }
    let old = runs.nodes[known]
    if old.value != count {
      if count < old.value {
        release(page &+ Int(count), Int(old.value &- count))
      } else {
        grow(page &+ Int(old.value), Int(count &- old.value))
      }
      runs.set(value: count, of: known)
      touched.pages.append(Int32(page))
    }
    if Int(old.list) != list {
      runs.remove(known)
      runs.add(run, list: list, value: count, next: next, back: back)
    } else {
      runs.note(known, next: next, back: back)
    }
  }

  /// Claims pages behind a run that keeps its start.
  private mutating func grow(_ first: Int, _ count: Int) { claim(first, count, .freeRun) }
}
