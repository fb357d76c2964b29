import PoolBounds

/// One pass of a search that can come back: between states at rest, by moves that it learns.
///
/// From a state at rest, in which every page has one live block, a few requests and releases lead to
/// another: they close a page for a size, open a page, cut the start of one, restore one. Such a move
/// is found once, by trying requests and releases in one page, and is tried from then on from every
/// state at rest, so that what closed one page closes the next. States are told apart by their pages,
/// live units, the largest hole and how far the pages are from closed; a state that holds no more pages
/// than the one before it, or has larger holes, is as welcome as any other that is new. That is what a
/// search of levels which only rise cannot do.
struct ReturningPass<Target: AllocatorTarget & ~Copyable> {
  typealias Resting = RestingPool<Target>

  /// States at rest of a kind are rivals.
  private struct Kind: Hashable {
    var pages: Int
    var slackUnits: Int
    var largestFreeUnits: Int
    /// The largest run of each page, all together: how far the pages are from closed.
    var largestRunsUnits: Int
  }

  /// A move, how often it led to a new state, and of how many trials.
  private struct Learnt {
    var move: PageMove
    var gains = 1
    var trials = 1

    var rate: Double { Double(gains) / Double(trials + 4) }
  }

  /// States within a move that are rivals.
  private struct Likeness: Hashable {
    var pages: Int
    var liveUnits: Int
    var blocks: Int
    var largestFreeUnits: Int
    var largestFreeBlocks: Int
  }

  /// A state within a move.
  private final class Midway {
    let pool: Target
    let live: [Resting.Block]
    let blocks: MoveBlocks
    let steps: [PageMove.Step]
    let operations: [RawOperation]
    let lastUnits: (requested: Int, released: Int)

    init(
      _ pool: consuming Target, _ live: [Resting.Block], _ blocks: MoveBlocks,
      _ steps: [PageMove.Step], _ operations: [RawOperation],
      lastUnits: (requested: Int, released: Int)
    ) {
      self.pool = pool
      self.live = live
      self.blocks = blocks
      self.steps = steps
      self.operations = operations
      self.lastUnits = lastUnits
    }
  }

  /// Learnt moves; those that lead to new states most often come first.
  private static var mostMoves: Int { 96 }
  /// States at rest that are kept with their pools: memory.
  private static var mostStates: Int { 1 << 13 }
  /// States within a move that go on, of each kind.
  private static var mostLikenesses: Int { 6 }
  /// Blocks that a move may hold at once.
  private static var mostOwnBlocks: Int { 4 }

  private let question: SearchQuestion
  private let width: Int
  private var generator: SeededGenerator
  private var mostOperations = 0
  private var steps: [(parent: Int, operation: RawOperation)] = []
  private var seen: Set<UInt64> = []
  private var counts: [Kind: Int] = [:]
  /// By worth: states from which the learnt moves were not tried yet, and those to look around from.
  private var untried: [[Resting]] = []
  private var unexplored: [[Resting]] = []
  private var keptStates = 0
  private var moves: [Learnt] = []
  private var known: Set<PageMove> = []
  private var result = StatePass<Target>.Result()
  private var bestStep = -1

  /// - Parameters:
  ///   - width: states kept of each kind, at least 1.
  ///   - generator: draws where to look around.
  init(_ question: SearchQuestion, width: Int, _ generator: SeededGenerator) {
    self.question = question
    self.width = max(1, width)
    self.generator = generator
  }

  /// Goes on until nothing new can be met; simulates about `mostOperations` at most.
  mutating func run(
    on target: consuming Target, mostOperations: Int
  ) -> StatePass<Target>.Result {
    self.mostOperations = mostOperations
    keep(Resting(target, [], step: -1))
    while result.operations < mostOperations {
      if let state = next(&untried) {
        apply(from: state)
        unexplored[worth(state.pool)].append(state)
      } else if let state = nextToExplore() {
        explore(from: state)
      } else {
        break
      }
    }
    var step = bestStep
    while step >= 0 {
      result.list.operations.append(steps[step].operation)
      step = steps[step].parent
    }
    result.list.operations.reverse()
    return result
  }

  /// The newest of the states of most worth.
  private func next(_ stacks: inout [[Resting]]) -> Resting? {
    guard let worth = stacks.lastIndex(where: { !$0.isEmpty }) else { return nil }
    return stacks[worth].popLast()
  }

  /// Mostly the newest of the states of most worth, else any one.
  private mutating func nextToExplore() -> Resting? {
    if generator.chance(3, in: 4) { return next(&unexplored) }
    let filled = unexplored.indices.filter { !unexplored[$0].isEmpty }
    guard !filled.isEmpty else { return nil }
    let worth = filled[generator.below(filled.count)]
    return unexplored[worth].remove(at: generator.below(unexplored[worth].count))
  }

  /// Pages, less what is live in them beyond a smallest block each: a block of half a page is worth
  /// half a page less, for it must be given up before the next one like it.
  private func worth(_ pool: borrowing Target) -> Int {
    let geometry = question.geometry
    return (geometry.pageUnits + geometry.smallestBlockUnits) * pool.footprint.pagesHeld
      - pool.footprint.liveUnits
  }

  private mutating func keep(_ state: Resting) {
    let worth = worth(state.pool)
    while untried.count <= worth {
      untried.append([])
      unexplored.append([])
    }
    untried[worth].append(state)
    keptStates += 1
    guard keptStates > Self.mostStates else { return }
    // Those of least worth go first.
    if let least = unexplored.firstIndex(where: { !$0.isEmpty }) {
      unexplored[least].removeFirst()
      keptStates -= 1
    }
  }

  private func slack(_ pool: borrowing Target) -> Int {
    question.peakLiveUnits - pool.footprint.liveUnits
  }

  // MARK: - Learnt moves

  private mutating func apply(from state: Resting) {
    // The best ones last: what they lead to is gone on from first.
    for number in moves.indices.reversed() where result.operations < mostOperations {
      guard var pool = state.pool.duplicate() else { return }
      var live = state.live
      var blocks = MoveBlocks()
      var operations: [RawOperation] = []
      for step in moves[number].move.steps {
        let operation = blocks.perform(step, &pool, &live, slackUnits: slack(pool))
        result.operations += 1
        guard let operation else { break }
        operations.append(operation)
      }
      guard operations.count == moves[number].move.steps.count else { continue }
      moves[number].trials += 1
      if offer(pool, live, from: state, operations) { moves[number].gains += 1 }
    }
    var place = 1
    while place < moves.count {
      if moves[place].rate > moves[place - 1].rate { moves.swapAt(place, place - 1) }
      place += 1
    }
  }

  private mutating func learn(_ steps: [PageMove.Step]) {
    let move = PageMove(steps: steps)
    guard known.insert(move).inserted else { return }
    moves.append(Learnt(move: move))
    guard moves.count > Self.mostMoves else { return }
    let worst = moves.indices.min { moves[$0].rate < moves[$1].rate }
    if let worst { moves.remove(at: worst) }
  }

  /// Takes a state in if it is at rest and new, or holds more pages than any before.
  private mutating func offer(
    _ pool: consuming Target, _ live: [Resting.Block], from state: Resting,
    _ operations: [RawOperation]
  ) -> Bool {
    let footprint = pool.footprint
    let isRecord = footprint.pagesHeld > result.pages
    let isAtRest = live.count == footprint.pagesHeld
    var isNew = false
    let geometry = question.geometry
    let spareUnits = footprint.liveUnits - geometry.smallestBlockUnits * footprint.pagesHeld
    // With more than a page of them there is nothing to come back from.
    if isAtRest, spareUnits < geometry.pageUnits {
      let runs = live.reduce(0) { sum, block in
        let offset = pool.offset(of: block.handle)
        return sum + max(offset, geometry.pageUnits - offset - block.units)
      }
      let kind = Kind(
        pages: footprint.pagesHeld, slackUnits: slack(pool),
        largestFreeUnits: pool.largestFreeUnits, largestRunsUnits: runs)
      if counts[kind, default: 0] < width,
        pool.stateDigest.map({ seen.insert($0).inserted }) ?? true
      {
        counts[kind, default: 0] += 1
        isNew = true
      }
    }
    guard isRecord || isNew else { return false }
    var step = state.step
    for operation in operations {
      steps.append((step, operation))
      step = steps.count - 1
    }
    if isRecord {
      result.pages = footprint.pagesHeld
      bestStep = step
    }
    if isNew { keep(Resting(pool, live, step: step)) }
    return isNew
  }

  // MARK: - Looking around

  /// Tries requests and releases in a page, breadth first, and learns what leads to a new
  /// state at rest.
  private mutating func explore(from state: Resting) {
    guard let pool = state.pool.duplicate() else { return }
    var midways = [
      Midway(pool, state.live, MoveBlocks(), [], [], lastUnits: (0, 0))
    ]
    var met: Set<UInt64> = []
    for _ in 0..<PageMove.mostSteps where !midways.isEmpty {
      var next: [Midway] = []
      for midway in midways where result.operations < mostOperations {
        for step in candidates(midway) {
          guard let after = perform(step, midway) else { continue }
          if let digest = after.pool.stateDigest, !met.insert(digest).inserted { continue }
          guard let copy = after.pool.duplicate() else { return }
          if offer(copy, after.live, from: state, after.operations) { learn(after.steps) }
          // What comes behind a state at rest is another move.
          if after.live.count > after.pool.footprint.pagesHeld { next.append(after) }
        }
      }
      midways = thinned(next)
    }
  }

  private mutating func perform(_ step: PageMove.Step, _ midway: Midway) -> Midway? {
    guard var pool = midway.pool.duplicate() else { return nil }
    var live = midway.live
    var blocks = midway.blocks
    let before = pool.footprint.liveUnits
    result.operations += 1
    guard let operation = blocks.perform(step, &pool, &live, slackUnits: slack(pool)) else {
      return nil
    }
    // A move is made in one page.
    let own = blocks.own.compactMap { $0 }
    if own.count > 1, let first = own.first, let last = own.last,
      pool.page(of: first) != pool.page(of: last)
    {
      return nil
    }
    var lastUnits = midway.lastUnits
    let change = pool.footprint.liveUnits - before
    if change > 0 { lastUnits.requested = change } else { lastUnits.released = -change }
    return Midway(
      pool, live, blocks, midway.steps + [step], midway.operations + [operation],
      lastUnits: lastUnits)
  }

  /// Requests of all sizes in small pages; in large ones those near what is there: the smallest, half
  /// a page, the largest and the newest hole, the last request and release.
  private func candidates(_ midway: Midway) -> [PageMove.Step] {
    let geometry = question.geometry
    let (least, most) = (geometry.smallestBlockUnits, geometry.largestBlockUnits)
    var sizes: Set<Int> = []
    if geometry.pageUnits <= 24 {
      sizes = Set(least...most)
    } else {
      let largest = midway.pool.largestFreeUnits
      let half = geometry.pageUnits / 2
      for size in [
        least, half, largest, midway.pool.newestFreeUnits, midway.lastUnits.requested,
        midway.lastUnits.released,
      ] { for change in -1...1 { sizes.insert(size + change) } }
    }
    var steps: [PageMove.Step] = []
    let own = midway.blocks.own.indices.filter { midway.blocks.own[$0] != nil }
    if own.count < Self.mostOwnBlocks {
      var granted: Set<Int> = []
      for size in sizes.sorted() where (least...most).contains(size) {
        let units = question.remedy.granted(size, geometry)
        if granted.insert(units).inserted { steps.append(.request(units: units)) }
      }
    }
    for number in own { steps += [.releaseOwn(number), .releaseOther(number)] }
    return steps
  }

  /// Of the states after a step a few of each kind go on, drawn.
  private mutating func thinned(_ midways: [Midway]) -> [Midway] {
    var order = Array(midways.indices)
    for place in order.indices.dropLast() {
      order.swapAt(place, generator.within(place...(order.count - 1)))
    }
    var counts: [Likeness: Int] = [:]
    return order.compactMap { number in
      let midway = midways[number]
      let footprint = midway.pool.footprint
      let likeness = Likeness(
        pages: footprint.pagesHeld, liveUnits: footprint.liveUnits, blocks: midway.live.count,
        largestFreeUnits: midway.pool.largestFreeUnits,
        largestFreeBlocks: midway.pool.largestFreeBlocks)
      let count = counts[likeness, default: 0]
      counts[likeness] = count + 1
      return count < Self.mostLikenesses ? midway : nil
    }
  }
}
