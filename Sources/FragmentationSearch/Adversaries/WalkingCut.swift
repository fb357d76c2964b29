import PoolBounds

/// How a pin is put right behind a block with little more live than that block.
///
/// Behind a front block of a page lies a gap, and at its end a block D. All other free runs of the
/// pool are longer than the gap, so small requests stay in the page. A request meets the gap, and
/// not what lies behind D, as long as it is longer than every free run there; so *separators*, smallest
/// blocks, keep these short, and each request of one unit more than they are long becomes the new
/// D further to the left. Separators are placed while the front block is released, when there is room
/// for all that must be filled for the moment. As soon as what lies behind D is longer than the gap,
/// no separators are needed any more: smallest blocks walk to the left, and the last of them is the pin.
///
/// What this costs at least is found by a search over the units behind D and those of D.
struct WalkingCut: Sendable {
  /// A walk to a pin.
  struct Walk: Sendable {
    /// The most units live beside the front block.
    let peakUnits: Int
    /// For each step but the walk of smallest blocks, the longest free run left behind D.
    let holes: [Int]
  }

  private let smallest: Int
  private let pageUnits: Int
  /// The walk of each tail, by its units; nil where there is none.
  private let walks: [Walk?]

  init(_ geometry: PoolGeometry) {
    smallest = geometry.smallestBlockUnits
    pageUnits = geometry.pageUnits
    walks = WalkSearch(geometry).walks()
  }

  /// The walk through a tail of `units`, front block to next block.
  func walk(tail units: Int) -> Walk? { walks.indices.contains(units) ? walks[units] : nil }

  /// The most units of a page that are live while it is cut this way at a level at which all other
  /// free runs are those that such cuts leave; nil if the page cannot be cut so.
  func peakUnits(_ tree: PinTree) -> Int? {
    switch tree {
    case .divided(.temporary(let level), smallest, .free(let rest)):
      guard let walk = walk(tail: rest + smallest) else { return nil }
      return level + max(2 * smallest + 2, walk.peakUnits)
    case .divided(let left, smallest, let right):
      // Two equal halves with a temporary block each.
      guard left == right,
        case .divided(.temporary(let level), smallest, .free(let rest)) = left,
        let walk = walk(tail: rest + smallest)
      else { return nil }
      return left.units + level + smallest + max(3 * smallest + 2, walk.peakUnits)
    default: return nil
    }
  }

  /// The number of separators that leave no run longer than `hole` in a stretch of `units`.
  static func separators(_ units: Int, hole: Int, smallest: Int) -> Int {
    units <= hole ? 0 : (units - hole + hole + smallest - 1) / (hole + smallest)
  }
}

/// The least that a walk costs, for every tail at once: states are the units behind D and those of
/// D; the cost of a way is its peak.
private struct WalkSearch {
  private let smallest: Int
  private let pageUnits: Int
  /// More units of D never pay: they would be live as long as it.
  private let mostUnits: Int

  init(_ geometry: PoolGeometry) {
    smallest = geometry.smallestBlockUnits
    pageUnits = geometry.pageUnits
    var root = 1
    while root * root < geometry.pageUnits { root += 1 }
    mostUnits = 3 * root + 3 * smallest
  }

  private struct State {
    var peak = Int.max
    var previous = -1
    var hole = 0
  }

  private func index(_ behind: Int, _ units: Int) -> Int { behind * (mostUnits + 1) + units }

  func walks() -> [WalkingCut.Walk?] {
    var best = Array(repeating: (peak: Int.max, state: -1), count: pageUnits + 1)
    let states = solved { peak, behind, units, state in
      // Tails for which no more separators are needed.
      for gap in smallest..<max(smallest + 1, behind) {
        let tail = behind + units + gap
        guard tail <= pageUnits else { break }
        guard behind > gap || gap == smallest && behind == 0,
          gap % smallest == 0 || gap >= 2 * smallest + gap % smallest
        else { continue }
        let step = smallest + gap % smallest
        let most = max(peak, units + (gap > smallest ? step : smallest), step + smallest)
        if most < best[tail].peak { best[tail] = (most, state) }
      }
      // Whatever is found later costs as much as the longest tail.
      return peak < best[pageUnits].peak
    }
    return best.map { peak, last in
      guard last >= 0 else { return nil }
      var holes: [Int] = []
      var state = last
      while states[state].previous >= 0 {
        holes.append(states[state].hole)
        state = states[state].previous
      }
      return WalkingCut.Walk(peakUnits: peak, holes: holes.reversed())
    }
  }

  /// Every state by the least peak that leads to it, told to `visit` in the order of peaks until it
  /// answers false; peaks are small numbers, so each has a bucket.
  private func solved(_ visit: (Int, Int, Int, Int) -> Bool) -> [State] {
    var states = Array(repeating: State(), count: (pageUnits + 1) * (mostUnits + 1))
    var buckets: [[(behind: Int, units: Int)]] = Array(repeating: [], count: 4 * mostUnits)
    let first = smallest + 1
    states[index(0, first)].peak = first
    buckets[first].append((0, first))
    for peak in buckets.indices {
      var next = 0
      while next < buckets[peak].count {
        let (behind, units) = buckets[peak][next]
        next += 1
        guard states[index(behind, units)].peak == peak else { continue }
        guard visit(peak, behind, units, index(behind, units)) else { return states }
        let after = behind + units
        for request in smallest...mostUnits where after + request <= pageUnits {
          let hole = request - 1
          guard behind <= hole || hole >= smallest else { continue }
          let separators = WalkingCut.separators(behind, hole: hole, smallest: smallest)
          let reached = max(peak, units + separators * smallest + request)
          guard reached < buckets.count, reached < states[index(after, request)].peak else {
            continue
          }
          states[index(after, request)] = State(
            peak: reached, previous: index(behind, units), hole: hole)
          buckets[reached].append((after, request))
        }
      }
    }
    return states
  }
}

/// The hands of a walking cut.
struct WalkingHands {
  private let walking: WalkingCut
  private let geometry: PoolGeometry
  private var smallest: Int { geometry.smallestBlockUnits }

  init(_ walking: WalkingCut, _ geometry: PoolGeometry) {
    self.walking = walking
    self.geometry = geometry
  }

  /// Takes a fresh page and cuts it; `tree` must have a ``WalkingCut/peakUnits(_:)``.
  func makePage<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, on target: inout Target
  ) -> CutPage {
    guard case .divided(let left, _, let right) = tree else {
      preconditionFailure("nothing to be cut")
    }
    if case .temporary(let level) = left {
      let (front, pin) = divide(level, tail: tree.units - level, on: &target)
      return CutPage(
        temporaries: [CutPage.Temporary(handle: front, pin: 0)], pins: [(pin, tree.units)])
    }
    guard case .divided(.temporary(let level), _, .free(let rest)) = left else {
      preconditionFailure("only halves with one temporary block each are cut")
    }
    let head = target.allocate(units: left.units + 2 * smallest + 1)
    let end = target.allocate(units: level)
    let endPin = target.allocate(units: smallest)
    let stop = target.allocate(units: smallest + 1)
    target.free(head)
    var front = target.allocate(units: left.units)
    let middlePin = walk(&front, left.units, stop, tail: rest + smallest, on: &target)
    target.free(front)
    let (first, firstPin) = divide(level, tail: left.units - level, on: &target)
    return CutPage(
      temporaries: [
        CutPage.Temporary(handle: first, pin: 1), CutPage.Temporary(handle: end, pin: 2),
      ],
      pins: [(middlePin, tree.units), (firstPin, left.units), (endPin, right.units)])
  }

  /// Puts a pin right behind a block of `level` at the start of a page, fresh or the only one that
  /// can serve the request.
  private func divide<Target: AllocatorTarget & ~Copyable>(
    _ level: Int, tail: Int, on target: inout Target
  ) -> (front: BlockHandle, pin: BlockHandle) {
    // The gap is a unit shorter than the rest that such cuts leave in other pages.
    let head = target.allocate(units: level + smallest + 1)
    let stop = target.allocate(units: smallest + 1)
    target.free(head)
    var front = target.allocate(units: level)
    let pin = walk(&front, level, stop, tail: tail, on: &target)
    return (front, pin)
  }

  /// Walks from the block at the end of a tail to its start; gives the pin there.
  private func walk<Target: AllocatorTarget & ~Copyable>(
    _ front: inout BlockHandle, _ frontUnits: Int, _ stop: BlockHandle, tail: Int,
    on target: inout Target
  ) -> BlockHandle {
    var last = stop
    var units = smallest + 1
    var behind = 0
    var separators: [BlockHandle] = []
    for hole in walking.walk(tail: tail)?.holes ?? [] {
      for separator in separators { target.free(separator) }
      separators = []
      if behind > hole {
        target.free(front)
        separators = separate(behind, hole: hole, on: &target)
        front = target.allocate(units: frontUnits)
      }
      let next = target.allocate(units: hole + 1)
      target.free(last)
      last = next
      behind += units
      units = hole + 1
    }
    for separator in separators { target.free(separator) }
    var gap = tail - behind - units
    while gap > smallest {
      let step = smallest + gap % smallest
      let next = target.allocate(units: step)
      target.free(last)
      last = next
      gap -= step
    }
    let pin = target.allocate(units: smallest)
    target.free(last)
    return pin
  }

  /// Cuts a free run of `units` so that none longer than `hole` is left; gives the separators.
  private func separate<Target: AllocatorTarget & ~Copyable>(
    _ units: Int, hole: Int, on target: inout Target
  ) -> [BlockHandle] {
    var separators: [BlockHandle] = []
    var fillers: [BlockHandle] = []
    var left = units
    while left > hole {
      let filler = min(hole, left - smallest)
      if filler >= smallest {
        fillers.append(target.allocate(units: filler))
        left -= filler
      }
      separators.append(target.allocate(units: smallest))
      left -= smallest
    }
    for filler in fillers { target.free(filler) }
    return separators
  }
}
