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

  /// The lists as the kernel's variables had them when all were looked at last.
  var seen = SinglePageTops()

  /// Open pages of the maps: a change moves the border between free and closed pages.
  var openPages: [UInt64] = [0, 0, 0]
}

/// Where the lists of freed pages begin and what they count and may hold, all at once: most
/// operations change none of them.
struct SinglePageTops: Equatable {
  private var tops = SIMD8<UInt64>(repeating: 0)
  private var counts = SIMD8<UInt32>(repeating: 0)

  /// Of no list.
  init() {}

  /// As they are now.
  init(_ view: PoolView) {
    let lists = view.variables.singlePageLists
    note(0, lists.nonPaged.0)
    note(1, lists.nonPaged.1)
    note(2, lists.nonPaged.2)
    note(3, lists.paged)
    note(4, lists.session)
  }

  @inline(__always) private mutating func note(_ number: Int, _ list: SinglePageList) {
    tops[number] = list.top
    counts[number] = UInt32(list.count) &<< 16 | UInt32(list.maximumCount)
  }
}

extension IncrementalAudit {
  /// Follows the lists of freed pages: those whose top or count changed, or all where a page on one
  /// was stored to.
  mutating func updateSinglePages(_ view: PoolView) {
    guard touched.hasSinglePages || singles.seen != SinglePageTops(view) else { return }
    for number in 0..<KeptList.count { updateSinglePages(view, number, KeptList(view, number)) }
    singles.seen = SinglePageTops(view)
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
    var entries: [Address] = []
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      guard facts.isPageAligned(entry.address), spaces.space(of: entry.address)?.kind == kept.kind,
        entry.next != nil
      else { return fallBack() }
      entries.append(entry.address)
    }
    guard chain.upcoming == 0, entries.count == Int(list.count) else { return fallBack() }
    entries.reverse()
    let old = singles.lists[number].entries
    let pages = kept.pages
    var same = 0
    while same < min(old.count, entries.count), old[same] == entries[same] { same += 1 }
    for entry in old[same...] {
      if let page = spaces.page(of: entry) { release(page, pages) }
    }
    for entry in entries[same...] {
      guard let page = self.pages(of: entry, UInt64(pages)) else { return fallBack() }
      claim(page, pages, .singlePageList)
    }
    singles.lists[number].entries = entries
    singles.lists[number].top = list.top
    singles.lists[number].count = list.count
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
        let head = runs.heads[list].address
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

  private mutating func updateRun(_ view: PoolView, _ run: Address) {
    guard run &- roots.freeRunHeads >= 4 &* constants.headBytes else { return }
    let known = runs.number(run)
    guard facts.isPageAligned(run), let page = spaces.page(of: run), page < spaces.nonPagedCount,
      let next = view.pointer(run), let back = view.pointer(run &+ facts.wordBytes),
      let count = view.word32(run &+ facts.wordBytes &* 2)
    else {
      if known != nil { fallBack() }
      return
    }
    let isLinked = view.pointer(next &+ facts.wordBytes) == run || view.pointer(back) == run
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
