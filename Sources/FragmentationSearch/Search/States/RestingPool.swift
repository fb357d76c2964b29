import PoolBounds

/// A state at rest that a search keeps. A reference, for arrays hold no allocators.
final class RestingPool<Target: AllocatorTarget & ~Copyable> {
  struct Block {
    var handle: BlockHandle
    var units: Int
    var page: UInt64
  }

  /// A move to be tried, and what it promises.
  struct Promise: Comparable {
    /// What the state that it leads to is worth.
    var worth: Int
    /// How often it was on the way to more pages.
    var credit: Int
    /// Decides between equals: like pages, and units that are left.
    var order: Int
    var move: Int

    static func < (left: Promise, right: Promise) -> Bool {
      (left.worth, left.credit, left.order, left.move)
        < (right.worth, right.credit, right.order, right.move)
    }
  }

  let pool: Target
  let live: [Block]
  /// How many pages there are of each layout.
  let counts: [PageMove.Layout: Int]
  /// The same for states whose pages have the same layouts.
  let digest: UInt64
  /// Pages with a smallest block.
  let pinnedPages: Int
  /// The number of the step that led here; -1 for the beginning.
  var step: Int
  /// The number of the move that led here; -1 for the beginning.
  var trail = -1
  /// Moves to be tried, the best last.
  var promises: [Promise] = []
  /// Moves that were looked at: those of lower numbers.
  var knownMoves = 0

  init(_ pool: consuming Target, _ live: [Block], step: Int) {
    let smallest = pool.geometry.smallestBlockUnits
    pinnedPages = live.count { $0.units == smallest }
    var counts: [PageMove.Layout: Int] = [:]
    var digest: UInt64 = 0
    for block in live {
      let layout = PageMove.Layout(offset: pool.offset(of: block.handle), units: block.units)
      counts[layout, default: 0] += 1
      digest &+= layout.digest
    }
    self.counts = counts
    self.digest = digest
    self.pool = pool
    self.live = live
    self.step = step
  }

  /// The layout of the page that a live block is in, nil where there is none such.
  func layout(ofPage page: UInt64) -> PageMove.Layout? {
    live.first { $0.page == page }.map {
      PageMove.Layout(offset: pool.offset(of: $0.handle), units: $0.units)
    }
  }
}

/// States by the best that they promise, the newer first among equals.
struct PromiseQueue<Target: AllocatorTarget & ~Copyable> {
  typealias Resting = RestingPool<Target>

  private var entries: [(promise: Resting.Promise, number: Int, state: Resting)] = []
  private var count = 0

  var isEmpty: Bool { entries.isEmpty }

  private func isBefore(_ one: Int, _ other: Int) -> Bool {
    let (first, second) = (entries[one], entries[other])
    return (first.promise.worth, first.promise.credit, first.promise.order, first.number)
      > (second.promise.worth, second.promise.credit, second.promise.order, second.number)
  }

  mutating func insert(_ state: Resting, _ promise: Resting.Promise) {
    count += 1
    entries.append((promise, count, state))
    var place = entries.count - 1
    while place > 0, isBefore(place, (place - 1) / 2) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func popFirst() -> Resting? {
    guard !entries.isEmpty else { return nil }
    entries.swapAt(0, entries.count - 1)
    let state = entries.removeLast().state
    var place = 0
    while true {
      var first = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && isBefore(child, first) { first = child }
      if first == place { return state }
      entries.swapAt(place, first)
      place = first
    }
  }

  mutating func removeAll(where isGone: (Resting) -> Bool) {
    let remaining = entries.filter { !isGone($0.state) }
    entries = []
    for entry in remaining { insert(entry.state, entry.promise) }
  }
}
