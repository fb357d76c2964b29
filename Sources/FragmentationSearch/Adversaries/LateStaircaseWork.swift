import PoolBounds

/// The hands of a late staircase.
struct LateStaircaseWork {
  private let geometry: PoolGeometry
  private let peakLiveUnits: Int
  private var early: StaircaseWork
  private var latePins: [LatePin] = []
  private let walking: WalkingHands?

  /// A stretch that waits for its pin.
  private struct LatePin {
    let temporary: BlockHandle
    let rest: Int
    let stretch: Int
  }

  init(geometry: PoolGeometry, peakLiveUnits: Int, walks: Bool) {
    self.geometry = geometry
    walking = walks ? WalkingHands(WalkingCut(geometry), geometry) : nil
    self.peakLiveUnits = peakLiveUnits
    early = StaircaseWork(geometry: geometry, rules: .lastInFirstOut)
  }

  /// One level, from the release of outgrown pins to the release of all temporary blocks.
  mutating func perform<Target: AllocatorTarget & ~Copyable>(
    _ step: LateStaircasePlan.Step, on target: inout Target
  ) {
    early.begin(level: step.level, on: &target)
    for _ in 0..<step.early {
      if target.footprint.liveUnits + geometry.pageUnits <= peakLiveUnits {
        early.makePage(step.tree, on: &target)
      } else if step.walks, let walking {
        early.adopt(walking.makePage(step.tree, on: &target))
      } else {
        makeBridgedPage(step, on: &target)
      }
    }
    for _ in 0..<step.late { makeLatePage(step, on: &target) }
    early.releaseTemporaries(on: &target)
    setLatePins(level: step.level, on: &target)
  }

  /// A page made while the other pages keep only their pins: one pin in it, or one in the middle of
  /// it and one in each half.
  ///
  /// A temporary block and its pin are one block at first, larger than any free run. When the others
  /// are back in their places, it is replaced by the two.
  private mutating func makeBridgedPage<Target: AllocatorTarget & ~Copyable>(
    _ step: LateStaircasePlan.Step, on target: inout Target
  ) {
    let held = early.releaseTemporaries(on: &target)
    switch step.tree {
    case .divided(.temporary, let pin, .free(let rest)):
      let half = takeHalf(step.level, pin, rest, on: &target)
      early.hold(held, units: step.level, on: &target)
      finish(half, step, stretch: step.tree.units, on: &target)
    case .divided(let first, let pin, .divided(.temporary, _, .free(let rest))):
      guard case .divided(_, _, .free(let firstRest)) = first else { return }
      let head = target.allocate(units: first.units + pin)
      let other = target.allocate(units: step.tree.units - first.units - pin)
      target.free(head)
      let firstBlock = target.allocate(units: first.units)
      early.keep(target.allocate(units: pin), stretch: step.tree.units)
      target.free(firstBlock)
      let half = takeHalf(step.level, pin, firstRest, on: &target)
      target.free(other)
      let both = target.allocate(units: step.level + pin)
      let otherHalf = Half(both: both, gap: target.allocate(units: rest), pin: pin)
      early.hold(held, units: step.level, on: &target)
      finish(half, step, stretch: first.units, on: &target)
      finish(otherHalf, step, stretch: step.tree.units - first.units - pin, on: &target)
    default:
      preconditionFailure("a plan bridges only what a ledger can")
    }
  }

  /// A temporary block and its pin as one block, and a block beside it that keeps its end.
  private struct Half {
    let both: BlockHandle
    let gap: BlockHandle
    let pin: Int
  }

  /// Takes a half at the start of a page: a fresh one, or the only free run that can serve it.
  private func takeHalf<Target: AllocatorTarget & ~Copyable>(
    _ level: Int, _ pin: Int, _ rest: Int, on target: inout Target
  ) -> Half {
    let both = target.allocate(units: level + pin)
    let fillers = fill(rest - pin..<rest, on: &target)
    let end = target.allocate(units: rest - pin)
    let gap = target.allocate(units: pin)
    target.free(end)
    for block in fillers { target.free(block) }
    return Half(both: both, gap: gap, pin: pin)
  }

  private mutating func finish<Target: AllocatorTarget & ~Copyable>(
    _ half: Half, _ step: LateStaircasePlan.Step, stretch: Int, on target: inout Target
  ) {
    target.free(half.both)
    early.hold(1, units: step.level, on: &target)
    early.keep(target.allocate(units: half.pin), stretch: stretch)
    target.free(half.gap)
  }

  private mutating func makeLatePage<Target: AllocatorTarget & ~Copyable>(
    _ step: LateStaircasePlan.Step, on target: inout Target
  ) {
    let isWhole = if case .divided(.temporary, _, _) = step.tree { false } else { true }
    let peak = isWhole ? geometry.pageUnits : step.level
    if target.footprint.liveUnits + peak <= peakLiveUnits {
      cut(step.tree, nil, first: step.level, on: &target)
      return
    }
    let held = early.releaseTemporaries(on: &target)
    let before = latePins.count
    cut(step.tree, nil, first: step.level + 1, on: &target)
    early.hold(held, units: step.level, on: &target)
    for index in before..<latePins.count {
      let pin = latePins[index]
      target.free(pin.temporary)
      latePins[index] = LatePin(
        temporary: target.allocate(units: step.level), rest: pin.rest, stretch: pin.stretch)
    }
  }

  /// Cuts a stretch and leaves the last pins out. `first` is the size of the temporary blocks.
  private mutating func cut<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, _ block: BlockHandle?, first: Int, atPageStart: Bool = true,
    on target: inout Target
  ) {
    switch tree {
    case .free:
      if let block { target.free(block) }
    case .temporary(let units):
      early.adopt(block ?? target.allocate(units: units))
    case .divided(.temporary, let pin, .free(let rest))
    where atPageStart && pin == geometry.smallestBlockUnits && rest >= pin:
      if let block { target.free(block) }
      latePins.append(
        LatePin(temporary: target.allocate(units: first), rest: rest, stretch: tree.units))
    case .divided(let left, let pin, let right):
      if let block { target.free(block) }
      let head = target.allocate(units: left.units + pin)
      let restBlock = right.units > 0 ? target.allocate(units: right.units) : nil
      target.free(head)
      let firstBlock = target.allocate(units: left.units)
      early.keep(target.allocate(units: pin), stretch: tree.units)
      cut(left, firstBlock, first: first, atPageStart: atPageStart, on: &target)
      if let restBlock {
        cut(right, restBlock, first: first, atPageStart: false, on: &target)
      }
    }
  }

  /// Sets the pins that wait, shortest rests first, so that no rest finds the place of another. The
  /// newest of equal runs is the first on its list.
  private mutating func setLatePins<Target: AllocatorTarget & ~Copyable>(
    level: Int, on target: inout Target
  ) {
    guard !latePins.isEmpty else { return }
    let smallest = geometry.smallestBlockUnits
    var fillers: [BlockHandle] = []
    for rest in Set(latePins.map(\.rest)).sorted() {
      fillers += fill(rest..<rest + smallest, on: &target)
      for pin in latePins.reversed() where pin.rest == rest {
        fillers.append(target.allocate(units: rest))
        early.keep(target.allocate(units: smallest), stretch: pin.stretch)
        target.free(pin.temporary)
      }
    }
    for block in fillers { target.free(block) }
    latePins.removeAll(keepingCapacity: true)
  }

  /// Fills every free run of certain lengths.
  private func fill<Target: AllocatorTarget & ~Copyable>(
    _ lengths: Range<Int>, on target: inout Target
  ) -> [BlockHandle] {
    var fillers: [BlockHandle] = []
    for units in lengths {
      while target.hasFreeBlock(units: units) { fillers.append(target.allocate(units: units)) }
    }
    return fillers
  }
}
