/// One pass over the states of a small pool: from the empty pool operation by operation, after each
/// of them the most promising states of every kind.
///
/// Every request and every release that is possible is tried from each state that was kept; states
/// that were met before are not met again. What is kept is the diversity of the adversary's
/// positions: states are rivals only where they agree in pages, live units, the largest hole and how
/// many holes are as large. Among those the ones with most live blocks come first, since small blocks
/// can be given up one by one; equals are drawn.
struct StatePass<Target: AllocatorTarget & ~Copyable> {
  /// What a pass came to.
  struct Result: Sendable {
    /// The operations that lead to the most pages.
    var list = RawList(operations: [])
    /// Those pages.
    var pages = 0
    /// Operations simulated.
    var operations = 0
  }

  /// States of a kind are rivals.
  private struct Kind: Hashable, Comparable {
    var pages: Int
    var slackUnits: Int
    var largestFreeUnits: Int
    var largestFreeBlocks: Int

    static func < (left: Kind, right: Kind) -> Bool {
      (left.pages, left.slackUnits, right.largestFreeUnits, right.largestFreeBlocks)
        < (right.pages, right.slackUnits, left.largestFreeUnits, left.largestFreeBlocks)
    }
  }

  /// A state that is extended. A reference, for arrays hold no allocators.
  private final class State {
    let pool: Target
    let live: [BlockHandle]
    let step: Int

    init(_ pool: consuming Target, _ live: [BlockHandle], step: Int) {
      self.pool = pool
      self.live = live
      self.step = step
    }
  }

  /// What leads from one state to the next.
  private enum Change {
    case request(units: Int)
    /// Releases the live block at that place.
    case release(Int)
  }

  /// A state that may be extended next, as what leads to it: of a pool with large pages there are a hundred
  /// times as many of them as are extended.
  private struct Candidate {
    var parent: State
    var change: Change
    var operation: RawOperation
    var liveCount: Int
    var draw: UInt64
  }

  /// States kept after an operation, all kinds together: memory, where a cap is far from small.
  private static var mostStates: Int { 1 << 14 }

  private let question: SearchQuestion
  private let width: Int
  private var generator: SeededGenerator
  private var steps: [(parent: Int, operation: RawOperation)] = []
  private var seen: Set<UInt64> = []
  private var kept: [Kind: [Candidate]] = [:]
  private var result = Result()
  private var bestStep = -1

  /// - Parameters:
  ///   - width: states kept of each kind, at least 1.
  ///   - generator: draws among equals.
  init(_ question: SearchQuestion, width: Int, _ generator: SeededGenerator) {
    self.question = question
    self.width = max(1, width)
    self.generator = generator
  }

  /// Goes on until nothing new can be met; simulates about `mostOperations` at most.
  mutating func run(on target: consuming Target, mostOperations: Int) -> Result {
    var states = [State(target, [], step: -1)]
    while !states.isEmpty {
      for state in states where result.operations < mostOperations { extend(state) }
      let chosen = kept.sorted { $0.key > $1.key }.lazy.flatMap(\.value).prefix(Self.mostStates)
      states = chosen.compactMap { state(of: $0) }
      kept = [:]
    }
    var step = bestStep
    while step >= 0 {
      result.list.operations.append(steps[step].operation)
      step = steps[step].parent
    }
    result.list.operations.reverse()
    return result
  }

  private mutating func extend(_ state: State) {
    let slack = question.peakLiveUnits - state.pool.footprint.liveUnits
    let sizes = question.geometry.smallestBlockUnits...question.geometry.largestBlockUnits
    for units in sizes {
      let granted = question.remedy.granted(units, question.geometry)
      guard granted <= slack else { continue }
      guard var pool = state.pool.duplicate() else { return }
      let handle = pool.allocate(units: granted)
      offer(
        pool, state, .request(units: granted), RawOperation(slot: Int(handle.index), units: units),
        liveCount: state.live.count + 1)
    }
    for (place, handle) in state.live.enumerated() {
      guard var pool = state.pool.duplicate() else { return }
      pool.free(handle)
      let operation = RawOperation(
        slot: Int(handle.index), units: question.geometry.smallestBlockUnits)
      offer(pool, state, .release(place), operation, liveCount: state.live.count - 1)
    }
  }

  /// The state that a candidate stands for.
  private mutating func state(of candidate: Candidate) -> State? {
    guard var pool = candidate.parent.pool.duplicate() else { return nil }
    var live = candidate.parent.live
    switch candidate.change {
    case .request(let units): live.append(pool.allocate(units: units))
    case .release(let place): pool.free(live.remove(at: place))
    }
    steps.append((candidate.parent.step, candidate.operation))
    return State(pool, live, step: steps.count - 1)
  }

  private mutating func offer(
    _ pool: borrowing Target, _ parent: State, _ change: Change, _ operation: RawOperation,
    liveCount: Int
  ) {
    result.operations += 1
    let footprint = pool.footprint
    let isRecord = footprint.pagesHeld > result.pages
    if isRecord { result.pages = footprint.pagesHeld }
    if let digest = pool.stateDigest, !seen.insert(digest).inserted { return }
    let kind = Kind(
      pages: footprint.pagesHeld, slackUnits: question.peakLiveUnits - footprint.liveUnits,
      largestFreeUnits: pool.largestFreeUnits, largestFreeBlocks: pool.largestFreeBlocks)
    let draw = generator.next()
    let rivals = kept[kind, default: []]
    let place =
      rivals.firstIndex { ($0.liveCount, $0.draw) < (liveCount, draw) } ?? rivals.count
    guard isRecord || place < width else { return }
    if isRecord {
      bestStep = steps.count
      steps.append((parent.step, operation))
    }
    kept[kind, default: []].insert(
      Candidate(
        parent: parent, change: change, operation: operation, liveCount: liveCount, draw: draw),
      at: place)
    if rivals.count >= width { kept[kind]?.removeLast() }
  }
}
