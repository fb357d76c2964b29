import PoolBounds

/// The true worst case of a small pool: every state that any trace can reach is visited, breadth
/// first, so the answer holds for traces of any length and the witness has as few operations as
/// any.
///
/// A state is what decides the future: the layout of each page and the order of each free list.
/// Names of blocks and numbers of pages do not matter and are not kept; see `PageStates`.
/// Memory, not time, is the limit: about 30 bytes a state, see `StateStore`.
public struct ExactOptimum: Sendable, Hashable {
  /// When the visit ends.
  public enum Extent: String, Sendable, Hashable, CaseIterable {
    /// When all states have been visited.
    case allStates = "all-states"
    /// Also as soon as a state has as many pages as the proved bound allows, which proves as much.
    case untilBound = "until-bound"
  }

  /// Why there is no answer.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The proved bound allows more pages than a state has room for.
    case tooManyPages(bound: Int)
    /// There are more ways to cut a page within the cap than tables have room for.
    case tooManyLayouts
    /// A page can have so many free runs that their places do not fit a state.
    case tooManyFreeRuns(Int)
    /// More states than allowed; the best so far is a lower limit only.
    case tooManyStates(visited: Int, bestPages: Int)
    /// The list search must be the kernel's for this solver.
    case unsupportedRules

    /// One sentence for the user.
    public var description: String {
      switch self {
      case .tooManyPages(let bound):
        "too large to enumerate: the bound allows \(bound) pages, and \(PageStates.mostPages) are"
          + " the most"
      case .tooManyLayouts:
        "too large to enumerate: a page can be cut in more than \(PageLayouts.mostLayouts) ways"
          + " within the cap"
      case .tooManyFreeRuns(let runs):
        "too large to enumerate: a page can have \(runs) free runs, too many to keep the place of"
          + " each"
      case .tooManyStates(let visited, let best):
        "gave up after \(visited) states; at least \(best) pages are possible"
      case .unsupportedRules: "only the smallest-list search can be enumerated"
      }
    }
  }

  /// The answer.
  public struct Result: Sendable, Hashable {
    /// The most pages that any trace can make the pool hold.
    public let optimumPages: Int
    /// The fewest operations, requests and releases alike, that reach them.
    public let minimalOperations: Int
    /// States visited.
    let statesVisited: Int
    /// Bytes of memory that the states took.
    let stateBytes: Int
    /// Operations that reach the optimum in as few steps as possible.
    public let witness: [AbstractOperation]
  }

  /// The pool's sizes.
  public let geometry: PoolGeometry
  /// The pool's policy.
  public let rules: PlacementRules
  /// The cap on live units.
  public let peakLiveUnits: Int

  /// The question for one pool and cap; a negative cap is taken as 0.
  public init(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
  }

  /// Visits the states.
  ///
  /// - Parameters:
  ///   - extent: whether to stop at the proved bound.
  ///   - mostStates: the number of states after which to give up.
  ///   - progress: called now and then with the states found and the best pages so far.
  /// - Throws: ``Failure``.
  public func solve(
    extent: Extent = .allStates, mostStates: Int = 100_000_000,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(Failure) -> Result {
    guard rules.fit == .smallestList else { throw .unsupportedRules }
    let bound = FragmentationBounds(geometry: geometry, peakLiveUnits: peakLiveUnits)
      .strongest(for: rules).pages
    guard bound <= PageStates.mostPages else { throw .tooManyPages(bound: bound) }
    let layouts = try PageLayouts(geometry: geometry, peakLiveUnits: peakLiveUnits)
    // A page has at most one free run more than live blocks.
    let listed = peakLiveUnits / geometry.smallestBlockUnits + bound
    let format = try PageKeys(
      layouts: layouts.count, runs: layouts.mostListedRuns,
      listed: rules.remainderOrder == .relaxed ? 0 : listed)
    var store = StateStore(layouts: layouts, format: format)
    let goal = extent == .untilBound ? bound : Int.max
    let states = PageStates(
      layouts: layouts, format: format, rules: rules, peakLiveUnits: peakLiveUnits)
    let best = try visit(states, &store, goal, mostStates, progress)
    let path = Self.path(to: best.name, in: store)
    return Result(
      optimumPages: best.pages, minimalOperations: path.count - 1, statesVisited: store.count,
      stateBytes: store.bytes,
      witness: Witness(layouts: layouts, format: format, rules: rules).operations(of: path))
  }

  /// The first state with the most pages. Records lie in the order of the visit, so the queue is
  /// the store itself.
  private func visit(
    _ states: consuming PageStates, _ store: inout StateStore, _ goal: Int, _ mostStates: Int,
    _ progress: (Int, Int) -> Void
  ) throws(Failure) -> (pages: Int, name: UInt32) {
    var states = states
    var best: (pages: Int, name: UInt32) = (0, 0)
    _ = store.insert(states.keys, pages: 0, from: 0)
    var current: UInt32 = 0
    var visited = 0
    while current < store.end, best.pages < goal {
      let (pages, next) = store.read(current, into: states.keys)
      states.pages = pages
      let finished = states.forEachStep { keys, pages in
        let name = store.end
        guard let isNew = store.insert(keys, pages: pages, from: current) else { return false }
        if isNew, pages > best.pages { best = (pages, name) }
        return best.pages < goal
      }
      if store.count > mostStates || (!finished && best.pages < goal) {
        throw .tooManyStates(visited: store.count, bestPages: best.pages)
      }
      visited += 1
      if visited & 0xfffff == 0 { progress(store.count, best.pages) }
      current = next
    }
    return best
  }

  /// The states on the way to `name`, the empty pool first.
  private static func path(
    to name: UInt32, in store: borrowing StateStore
  ) -> [[UInt64]] {
    var path: [[UInt64]] = []
    var name = name
    while true {
      path.append(
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: PageStates.mostPages + 1) {
          guard let keys = $0.baseAddress else { return [] }
          let pages = store.read(name, into: keys).pages
          return Array(UnsafeBufferPointer(start: keys, count: pages))
        })
      if name == 0 { return path.reversed() }
      name = store.predecessor(of: name)
    }
  }
}

/// Turns a path of canonical states back into operations, by trying on the abstract pool which
/// operation makes the next state. The solver and the pool share no code, so a path that cannot be
/// followed would be an error of one of them.
struct Witness {
  let layouts: PageLayouts
  let format: PageKeys
  let rules: PlacementRules

  /// Operations whose states are `path`; paths are a few dozen steps, so replaying each attempt
  /// from the start costs nothing.
  func operations(of path: [[UInt64]]) -> [AbstractOperation] {
    var operations: [AbstractOperation] = []
    for (previous, state) in zip(path, path.dropFirst()) {
      // In relaxed order any of the equal runs may be cut, at most a few in each page.
      let ranks = rules.remainderOrder == .relaxed ? previous.count * layouts.mostListedRuns : 0
      let next = candidates(after: operations, ranks: max(1, ranks)).first {
        self.state(after: operations + [$0]) == state
      }
      guard let next else {
        preconditionFailure("no operation leads to the solver's next state")
      }
      operations.append(next)
    }
    return operations
  }

  /// Every operation that could follow, releases first.
  private func candidates(after operations: [AbstractOperation], ranks: Int) -> [AbstractOperation]
  {
    var live: [Int] = []
    for operation in operations {
      switch operation {
      case .allocate(let slot, _, _): live.append(slot)
      case .free(let slot): live.removeAll { $0 == slot }
      }
    }
    let slot = (0...live.count).first { !live.contains($0) } ?? live.count
    let sizes = layouts.geometry.smallestBlockUnits...layouts.geometry.largestBlockUnits
    return live.map { .free(slot: $0) }
      + (0..<ranks).flatMap { rank in
        sizes.map { .allocate(slot: slot, units: $0, rank: rank) }
      }
  }

  private func state(after operations: [AbstractOperation]) -> [UInt64] {
    var pool = AbstractPool(geometry: layouts.geometry, rules: rules)
    var handles: [Int: BlockHandle] = [:]
    for operation in operations { operation.apply(to: &pool, &handles) }
    return pool.canonicalKeys(layouts, format)
  }
}

extension AbstractPool {
  /// This pool as the solver writes it down: the sorted keys of its pages.
  func canonicalKeys(_ layouts: PageLayouts, _ format: PageKeys) -> [UInt64] {
    var places: [Int32: UInt64] = [:]
    if rules.remainderOrder != .relaxed {
      for size in 0...geometry.pageUnits {
        var block = lists.heads[size]
        var place: UInt64 = 0
        while block >= 0 {
          places[block] = place
          place += 1
          block = records[Int(block)].listNext
        }
      }
    }
    var keys: [UInt64] = []
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      var runs: [Int] = []
      var key: UInt64 = 0
      var run = 0
      var block = firstBlocks[page]
      while block >= 0 {
        let record = records[Int(block)]
        runs.append(record.isFree ? -Int(record.units) : Int(record.units))
        if record.state == .free {
          key |= (places[block] ?? 0) << format.shift(run)
          run += 1
        }
        block = record.right
      }
      keys.append(
        UInt64(layouts.number(of: runs) ?? PageLayouts.noLayout) << format.layoutShift | key)
    }
    return keys.sorted()
  }
}
