import PoolBounds

/// One pass of a search that can come back: between states at rest, by moves that it learns.
///
/// From a state at rest, in which every page has one live block, a few requests and releases in one page
/// lead to another: they close a page for a size, take a fresh one, cut the start of one, restore
/// one. Such a move is found once, by trying requests and releases, those first that need fewest units, so that
/// no loose move is known where a tight one would do. What it did to its page is what it promises to do to
/// other pages that look the same, in any state.
///
/// So the moves of a state are tried in the order of what they promise. A state is worth its pages
/// with a smallest block first; then a fresh page, or how few of the others still stand in the way of one:
/// those that would serve the request with which this pass takes fresh pages. Between equals, the move that was on the
/// way to more pages most often comes first. States are the same where their pages are, in any order,
/// and have few kinds of pages: what pays for one page pays for those that look like it. A state that closes no
/// page, or opens one again, is gone on from when nothing better is left, and that is what a search of
/// levels which only rise cannot do.
struct ReturningPass<Target: AllocatorTarget & ~Copyable> {
  typealias Resting = RestingPool<Target>
  typealias Layout = PageMove.Layout

  /// A state within a move.
  final class Midway {
    let pool: Target
    let live: [Resting.Block]
    let blocks: MoveBlocks
    let steps: [PageMove.Step]
    let operations: [RawOperation]
    /// The most units live beyond those at rest.
    let peakUnits: Int
    let lastUnits: (requested: Int, released: Int)

    init(
      _ pool: consuming Target, _ live: [Resting.Block], _ blocks: MoveBlocks,
      _ steps: [PageMove.Step], _ operations: [RawOperation], peakUnits: Int,
      lastUnits: (requested: Int, released: Int)
    ) {
      self.pool = pool
      self.live = live
      self.blocks = blocks
      self.steps = steps
      self.operations = operations
      self.peakUnits = peakUnits
      self.lastUnits = lastUnits
    }
  }

  /// Pages of a layout, or a fresh one if nil, to look around in.
  struct Outlook {
    let state: Resting
    let layout: Layout?
    var mostOperations: Int
  }

  /// What a move does to its page.
  struct Effect: Hashable {
    var before: Layout?
    var after: Layout
  }

  /// Kinds of pages of a state.
  static var mostLayouts: Int { 3 }
  /// Moves with one effect: not every one works among all other pages.
  static var mostAlike: Int { 6 }
  /// Bytes of the pools of states at rest: memory.
  static var mostBytes: Int { 1 << 27 }
  /// Operations without more pages that are nothing unusual.
  static var patience: Int { 1000 }
  /// Operations of the first look around; each further one has twice as many.
  static var firstExploring: Int { 4000 }

  let question: SearchQuestion
  /// What fresh pages are taken with.
  let freshUnits: Int
  let width: Int
  /// Blocks that a move may hold at once.
  let mostOwnBlocks: Int
  var generator: SeededGenerator
  var mostOperations = 0
  var steps: [(parent: Int, operation: RawOperation)] = []
  /// States met, by their pages.
  var seen: [UInt64: Int] = [:]
  /// States with moves to be tried, a heap by what these promise; the newer first among equals.
  var open = PromiseQueue<Target>()
  var unexplored: [Outlook] = []
  /// How often pages of a layout were looked around in.
  var looks: [Layout?: Int] = [:]
  var kept: [Resting] = []
  /// The moves that led to states, each with the one before.
  var trails: [(parent: Int, move: Int, isRecord: Bool)] = []
  var mostPinnedPages = 0
  /// How often a move was on the way to more pages.
  var credits: [Int] = []
  var moves: [PageMove] = []
  var movesFrom: [Layout?: [Int]] = [:]
  var alike: [Effect: [Int]] = [:]
  /// Operations when the pages became more, and those that looked around since.
  var recordOperations = 0
  var exploringOperations = 0
  var found = StatePass<Target>.Result()
  var bestStep = -1

  /// - Parameters:
  ///   - target: empty.
  ///   - freshUnits: what fresh pages are taken with.
  ///   - round: from 0; every second pass knows larger moves, and later ones more orders of the same pages.
  ///   - generator: draws where to look around.
  init(
    _ question: SearchQuestion, on target: consuming Target, freshUnits: Int, round: Int,
    _ generator: SeededGenerator
  ) {
    self.question = question
    self.freshUnits = freshUnits
    width = 1 << min(round / 2, 10)
    mostOwnBlocks = 2 + round % 2
    self.generator = generator
    keep(Resting(target, [], step: -1))
  }

  /// Goes on until nothing new can be met, or about so many operations are simulated, those of before
  /// included.
  mutating func advance(to mostOperations: Int) {
    self.mostOperations = mostOperations
    while found.operations < mostOperations {
      // Where the pages no longer become more, half of the operations since then look around.
      let since = found.operations - recordOperations
      let explores = open.isEmpty || 2 * exploringOperations + Self.patience < since
      if explores, let outlook = nextToExplore() {
        let before = found.operations
        explore(outlook)
        exploringOperations += found.operations - before
      } else if let state = open.popFirst() {
        tryMove(from: state)
      } else {
        break
      }
    }
  }

  /// What it has come to.
  var result: StatePass<Target>.Result {
    var result = found
    var step = bestStep
    while step >= 0 {
      result.list.operations.append(steps[step].operation)
      step = steps[step].parent
    }
    result.list.operations.reverse()
    return result
  }

  /// Of passes with each size of fresh pages the better half goes on, until one is left.
  static func best(
    _ question: SearchQuestion, round: Int, _ generator: SeededGenerator, mostOperations: Int,
    on makeTarget: () -> Target
  ) -> StatePass<Target>.Result {
    let sizes = PageMove.sizes(question.geometry, near: [])
    var passes = sizes.map { units in
      ReturningPass(
        question, on: makeTarget(), freshUnits: units, round: round, generator)
    }
    var spent = 0
    var rounds = 1
    while 1 << rounds <= passes.count { rounds += 1 }
    while true {
      let share = (mostOperations - spent) / rounds / passes.count
      for place in passes.indices {
        let before = passes[place].found.operations
        passes[place].advance(to: before + share)
        spent += passes[place].found.operations - before
      }
      passes.sort {
        ($0.mostPinnedPages, -$0.freshUnits) > ($1.mostPinnedPages, -$1.freshUnits)
      }
      rounds -= 1
      if passes.count == 1 || rounds <= 0 { break }
      passes.removeSubrange(((passes.count + 1) / 2)...)
    }
    var result = passes.map(\.result).max { $0.pages < $1.pages } ?? StatePass<Target>.Result()
    result.operations = spent
    return result
  }

  // MARK: - States

  func slack(_ pool: borrowing Target) -> Int {
    question.peakLiveUnits - pool.footprint.liveUnits
  }

  /// Whether a page can serve a request.
  func serves(_ layout: Layout, _ units: Int) -> Bool {
    let run = layout.longestRun(pageUnits: question.geometry.pageUnits)
    return question.rules.exactFit == .taken ? run >= units : run > units
  }

  /// What a state is worth with other layouts than it has, and what decides between equals: `removed` for
  /// `added`. Nil where it had too many kinds of pages.
  func worth(
    _ state: Resting, removing removed: Layout? = nil, adding added: Layout? = nil
  ) -> (worth: Int, order: Int)? {
    let smallest = question.geometry.smallestBlockUnits
    var slack = slack(state.pool)
    var pinned = state.pinnedPages
    var pages = state.live.count
    var layouts = state.counts.count
    if let removed {
      slack += removed.units
      pages -= 1
      if removed.units == smallest { pinned -= 1 }
      if state.counts[removed] == 1 { layouts -= 1 }
    }
    if let added {
      slack -= added.units
      pages += 1
      if added.units == smallest { pinned += 1 }
      if state.counts[added] == nil || added == removed { layouts += 1 }
    }
    guard layouts <= Self.mostLayouts else { return nil }
    let order = slack - layouts * question.peakLiveUnits
    let most = question.peakLiveUnits / smallest + 2
    if pages > pinned { return (pinned * most + 1, order) }
    var serving = 0
    for (layout, count) in state.counts where serves(layout, freshUnits) { serving += count }
    if let removed, serves(removed, freshUnits) { serving -= 1 }
    if let added, serves(added, freshUnits) { serving += 1 }
    return (pinned * most - serving, order)
  }

  func rank(_ state: Resting) -> (Int, Int) {
    worth(state).map { ($0.worth, $0.order) } ?? (0, 0)
  }

  mutating func keep(_ state: Resting) {
    reward(state)
    kept.append(state)
    // In an order of its own: that of a dictionary is another one in each process.
    for layout in [nil] + state.counts.keys.sorted().map(Optional.some) {
      unexplored.append(
        Outlook(state: state, layout: layout, mostOperations: Self.firstExploring))
    }
    refresh(state)
    let bytes = 64 * question.geometry.pageUnits + 16_384
    guard kept.count > Self.mostBytes / bytes else { return }
    // The half of least worth goes.
    kept = kept.map { (rank($0), $0) }.sorted { $0.0 > $1.0 }.prefix(kept.count / 2).map(\.1)
    let remaining = Set(kept.map(ObjectIdentifier.init))
    unexplored.removeAll { !remaining.contains(ObjectIdentifier($0.state)) }
    open.removeAll { !remaining.contains(ObjectIdentifier($0)) }
  }

  /// By turns the state that is worth most, the layout that was looked at least, and sometimes any.
  mutating func nextToExplore() -> Outlook? {
    guard !unexplored.isEmpty else { return nil }
    var place = generator.below(unexplored.count)
    let draw = generator.below(8)
    if draw > 0 {
      let ranks = unexplored.map { outlook in
        let rank = rank(outlook.state)
        return (draw < 4 ? 0 : -looks[outlook.layout, default: 0], rank.0, rank.1)
      }
      place = ranks.indices.max { ranks[$0] < ranks[$1] } ?? place
    }
    let outlook = unexplored.remove(at: place)
    looks[outlook.layout, default: 0] += 1
    return outlook
  }

  // MARK: - Learnt moves

  /// Adds what the moves that a state was not asked for yet promise, and queues it.
  mutating func refresh(_ state: Resting) {
    let first = state.knownMoves
    state.knownMoves = moves.count
    let slack = slack(state.pool)
    var found = false
    for layout in [nil] + state.counts.keys.map(Optional.some) {
      for number in (movesFrom[layout] ?? []).reversed() {
        guard number >= first else { break }
        guard moves[number].peakUnits <= slack, !isKnown(state, moves[number]),
          let (worth, order) = worth(state, removing: layout, adding: moves[number].after)
        else { continue }
        state.promises.append(
          Resting.Promise(worth: worth, credit: credits[number], order: order, move: number))
        found = true
      }
    }
    guard found else { return }
    state.promises.sort()
    queue(state)
  }

  /// Remembers the moves since the last record, if a state is one.
  mutating func reward(_ state: Resting) {
    guard state.pinnedPages > mostPinnedPages, state.trail >= 0 else { return }
    mostPinnedPages = state.pinnedPages
    recordOperations = found.operations
    exploringOperations = 0
    trails[state.trail].isRecord = true
    var rewarded: Set<Int> = []
    var trail = state.trail
    repeat {
      let move = trails[trail].move
      if rewarded.insert(move).inserted { credits[move] += 1 }
      trail = trails[trail].parent
    } while trail >= 0 && !trails[trail].isRecord
  }

  mutating func queue(_ state: Resting) {
    if let best = state.promises.last { open.insert(state, best) }
  }

  /// Whether the state that a move promises was met as often as it may be.
  func isKnown(_ state: Resting, _ move: PageMove) -> Bool {
    let digest = state.digest &- (move.before?.digest ?? 0) &+ move.after.digest
    return seen[digest, default: 0] >= width
  }

  mutating func tryMove(from state: Resting) {
    while let promise = state.promises.popLast() {
      let move = moves[promise.move]
      guard !isKnown(state, move) else { continue }
      perform(promise.move, from: state)
      break
    }
    queue(state)
  }

  mutating func perform(_ number: Int, from state: Resting) {
    let move = moves[number]
    guard var pool = state.pool.duplicate() else { return }
    var live = state.live
    var blocks = MoveBlocks()
    var operations: [RawOperation] = []
    for step in move.steps {
      let operation = blocks.perform(step, &pool, &live, slackUnits: slack(pool))
      found.operations += 1
      guard let operation else { break }
      operations.append(operation)
      note(pool.footprint, from: state, operations)
    }
    if operations.count == move.steps.count {
      offer(pool, live, from: state, operations, move: number)
    }
  }

  /// Remembers the way to the most pages.
  mutating func note(
    _ footprint: Footprint, from state: Resting, _ operations: [RawOperation]
  ) {
    guard footprint.pagesHeld > found.pages else { return }
    found.pages = footprint.pagesHeld
    bestStep = append(operations, to: state.step)
  }

  mutating func append(_ operations: [RawOperation], to parent: Int) -> Int {
    var step = parent
    for operation in operations {
      steps.append((step, operation))
      step = steps.count - 1
    }
    return step
  }

  func isAtRest(_ pool: borrowing Target, _ live: [Resting.Block]) -> Bool {
    // A page with more than a smallest block was just taken: one at a time.
    let smallest = question.geometry.smallestBlockUnits
    return live.count == pool.footprint.pagesHeld && live.count { $0.units > smallest } <= 1
  }

  /// Takes a state in if it is at rest and new.
  mutating func offer(
    _ pool: consuming Target, _ live: [Resting.Block], from state: Resting,
    _ operations: [RawOperation], move: Int
  ) {
    guard isAtRest(pool, live) else { return }
    let next = Resting(pool, live, step: -1)
    guard next.counts.count <= Self.mostLayouts, seen[next.digest, default: 0] < width else {
      return
    }
    seen[next.digest, default: 0] += 1
    next.trail = trails.count
    trails.append((state.trail, move, false))
    next.step = append(operations, to: state.step)
    keep(next)
  }
}
