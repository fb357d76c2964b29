import struct KernelPool.PoolView
import typealias KernelPool.Address

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
  mutating func followRuns(_ view: PoolView) {
    if touched.hasRunHeads {
      for list in 0..<4 {
        let head = runs.heads[list].address
        guard let next = view.pointer(head), let back = view.pointer(head &+ facts.wordBytes)
        else { return suspect() }
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
    while place < runs.queue.count, doubt == nil {
      followRun(view, runs.queue[place])
      place += 1
      if place > 4096 { suspect(.overflow) }
    }
    guard doubt == nil else { return }
    let heads = roots.freeRunHeads
    let headBytes = constants.headBytes
    let isSound = runs.settle { Self.list(ofHeadAt: $0, heads, headBytes: headBytes) }
    if !isSound { suspect() }
  }

  private mutating func followRun(_ view: PoolView, _ run: Address) {
    guard run &- roots.freeRunHeads >= 4 &* constants.headBytes else { return }
    let known = runs.number(run)
    guard facts.isPageAligned(run), let page = spaces.page(of: run), page < spaces.nonPagedCount,
      let next = view.pointer(run), let back = view.pointer(run &+ facts.wordBytes),
      let count = view.word32(run &+ facts.wordBytes &* 2)
    else {
      if known != nil { suspect() }
      return
    }
    let isLinked = view.pointer(next &+ facts.wordBytes) == run || view.pointer(back) == run
    guard isLinked else {
      guard let known else { return }
      release(page, Int(runs.nodes[known].value))
      return runs.remove(known)
    }
    let border = page < spaces.initialCount ? spaces.initialCount : spaces.nonPagedCount
    guard count > 0, UInt64(count) <= UInt64(border &- page) else { return suspect() }
    let list = Int(min(count, 4)) - 1
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
