import PoolBounds

// Looking around: how the moves of a search that can come back are found.

extension ReturningPass where Target: ~Copyable {
  /// Tries requests and releases in a page, those first that need fewest units, and learns what leads
  /// to another state at rest.
  mutating func explore(_ outlook: Outlook) {
    let state = outlook.state
    guard let pool = state.pool.duplicate() else { return }
    let before = moves.count
    let end = min(mostOperations, found.operations + outlook.mostOperations)
    var buckets: [[Midway]] = Array(repeating: [], count: max(0, slack(pool)) + 1)
    buckets[0].append(
      Midway(pool, state.live, MoveBlocks(), [], [], peakUnits: 0, lastUnits: (0, 0)))
    var met: Set<UInt64> = []
    for peak in buckets.indices {
      var place = 0
      while place < buckets[peak].count, found.operations < end {
        let midway = buckets[peak][place]
        place += 1
        for step in candidates(midway) {
          guard let after = perform(step, midway, restUnits: state.pool.footprint.liveUnits) else {
            continue
          }
          if midway.steps.isEmpty, let block = after.live.last,
            state.layout(ofPage: block.page) != outlook.layout
          {
            continue
          }
          note(after.pool.footprint, from: state, after.operations)
          if let digest = after.pool.stateDigest, !met.insert(digest).inserted { continue }
          if after.live.count == after.pool.footprint.pagesHeld {
            // What comes behind a state at rest is another move.
            guard let move = learn(after, from: state), let copy = after.pool.duplicate() else {
              continue
            }
            offer(copy, after.live, from: state, after.operations, move: move)
          } else if after.steps.count < PageMove.mostSteps {
            buckets[after.peakUnits].append(after)
          }
        }
      }
      buckets[peak] = []
    }
    if found.operations >= end {
      unexplored.append(
        Outlook(
          state: state, layout: outlook.layout, mostOperations: 2 * outlook.mostOperations))
    }
    guard moves.count > before else { return }
    for state in kept where state.knownMoves < moves.count { refresh(state) }
  }

  /// The number of a move, new or not; nil where it is none.
  private mutating func learn(_ midway: Midway, from state: Resting) -> Int? {
    let smallest = question.geometry.smallestBlockUnits
    let own = midway.blocks.own.lazy.compactMap { $0 }.first
    guard let last = midway.live.first(where: { $0.handle == own }) else { return nil }
    let before = state.layout(ofPage: last.page)
    let after = Layout(offset: midway.pool.offset(of: last.handle), units: last.units)
    // What takes a fresh page takes it with what this pass is for, or leaves a pin there.
    guard before != after, after.units == smallest || before == nil && after.units == freshUnits,
      midway.pool.footprint.pagesHeld == state.live.count + (before == nil ? 1 : 0)
    else { return nil }
    let effect = Effect(before: before, after: after)
    let others = alike[effect] ?? []
    if let same = others.first(where: { moves[$0].steps == midway.steps }) { return same }
    guard others.count < Self.mostAlike else { return others.last }
    credits.append(0)
    alike[effect, default: []].append(moves.count)
    movesFrom[before, default: []].append(moves.count)
    moves.append(
      PageMove(steps: midway.steps, before: before, after: after, peakUnits: midway.peakUnits))
    return moves.count - 1
  }

  mutating func perform(
    _ step: PageMove.Step, _ midway: Midway, restUnits: Int
  ) -> Midway? {
    guard var pool = midway.pool.duplicate() else { return nil }
    var live = midway.live
    var blocks = midway.blocks
    let before = pool.footprint.liveUnits
    found.operations += 1
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
      peakUnits: max(midway.peakUnits, before + change - restUnits), lastUnits: lastUnits)
  }

  /// Requests of sizes near the largest and the newest hole, the last request and release; then releases.
  private func candidates(_ midway: Midway) -> [PageMove.Step] {
    let geometry = question.geometry
    let sizes = PageMove.sizes(
      geometry,
      near: [
        midway.pool.largestFreeUnits, midway.pool.newestFreeUnits, midway.lastUnits.requested,
        midway.lastUnits.released,
      ])
    var steps: [PageMove.Step] = []
    let own = midway.blocks.own.indices.filter { midway.blocks.own[$0] != nil }
    if own.count < mostOwnBlocks {
      var granted: Set<Int> = []
      for size in sizes {
        let units = question.remedy.granted(size, geometry)
        if granted.insert(units).inserted { steps.append(.request(units: units)) }
      }
    }
    for number in own { steps.append(.releaseOwn(number)) }
    // The block that was there before is the same for all of them.
    if let first = own.first { steps.append(.releaseOther(first)) }
    return steps
  }
}
