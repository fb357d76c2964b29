import PoolBounds

/// What was once done to a page, to be done to others: a few requests and releases that led
/// from a state at rest to another one, in terms that have a meaning in any state.
///
/// A state is at rest where every page has exactly one live block. So the blocks that a move meets
/// are its own and, in the page it comes to, the one that was there before.
struct PageMove: Hashable {
  enum Step: Hashable {
    case request(units: Int)
    /// Releases the block of the move's request of this number, from 0.
    case releaseOwn(Int)
    /// Releases the block that was in the page of that request's block before.
    case releaseOther(Int)
  }

  /// A page at rest: its only block.
  struct Layout: Hashable, Comparable {
    let offset: Int
    let units: Int

    static func < (left: Layout, right: Layout) -> Bool {
      (left.offset, left.units) < (right.offset, right.units)
    }

    /// The longest free run of the page.
    func longestRun(pageUnits: Int) -> Int { max(offset, pageUnits - offset - units) }

    /// Summed over the pages of a state, whatever their order, it tells the state.
    var digest: UInt64 {
      var mixer = SeededGenerator(seed: UInt64(offset) << 32 | UInt64(units))
      return mixer.next()
    }
  }

  let steps: [Step]
  /// The page before; nil where the move takes a fresh one.
  let before: Layout?
  /// The page afterwards.
  let after: Layout
  /// The most units live beyond those of the state that it begins with.
  let peakUnits: Int

  /// Sizes worth a request, in rising order: all in small pages, in large ones those near the smallest,
  /// half a page, a page, and what is given.
  static func sizes(_ geometry: PoolGeometry, near given: [Int]) -> [Int] {
    let requests = geometry.smallestBlockUnits...geometry.largestBlockUnits
    if geometry.pageUnits <= 24 { return Array(requests) }
    var sizes: Set<Int> = []
    for size in given + [requests.lowerBound, geometry.pageUnits / 2, geometry.pageUnits] {
      for change in -1...1 where requests.contains(size + change) { sizes.insert(size + change) }
    }
    return sizes.sorted()
  }

  /// Longer ones are not learnt: they hold more than one thought.
  static let mostSteps = 10
}

/// The blocks of a move under way.
struct MoveBlocks {
  /// The blocks of its requests; nil once released.
  var own: [BlockHandle?] = []

  /// What a step does to a state, or nil where it cannot be done within the cap.
  mutating func perform<Target: AllocatorTarget & ~Copyable>(
    _ step: PageMove.Step, _ pool: inout Target, _ live: inout [RestingPool<Target>.Block],
    slackUnits: Int
  ) -> RawOperation? {
    switch step {
    case .request(let units):
      guard units <= slackUnits else { return nil }
      let handle = pool.allocate(units: units)
      own.append(handle)
      live.append(.init(handle: handle, units: units, page: pool.page(of: handle)))
      return RawOperation(slot: Int(handle.index), units: units)
    case .releaseOwn(let number):
      guard number < own.count, let handle = own[number] else { return nil }
      own[number] = nil
      return release(handle, &pool, &live)
    case .releaseOther(let number):
      guard number < own.count, let handle = own[number] else { return nil }
      let page = pool.page(of: handle)
      let other = live.first { block in
        block.page == page && !own.contains(where: { $0 == block.handle })
      }
      guard let other else { return nil }
      return release(other.handle, &pool, &live)
    }
  }

  private func release<Target: AllocatorTarget & ~Copyable>(
    _ handle: BlockHandle, _ pool: inout Target, _ live: inout [RestingPool<Target>.Block]
  ) -> RawOperation? {
    guard let place = live.firstIndex(where: { $0.handle == handle }) else { return nil }
    live.swapAt(place, live.count - 1)
    live.removeLast()
    pool.free(handle)
    return RawOperation(slot: Int(handle.index), units: 1)
  }
}
