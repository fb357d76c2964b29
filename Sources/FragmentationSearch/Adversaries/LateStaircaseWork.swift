import PoolBounds

/// The hands of a late staircase.
struct LateStaircaseWork {
  private let geometry: PoolGeometry
  private let peakLiveUnits: Int
  private var early: StaircaseWork
  private var latePins: [LatePin] = []

  /// A stretch that waits for its pin.
  private struct LatePin {
    let temporary: BlockHandle
    let rest: Int
    let stretch: Int
  }

  init(geometry: PoolGeometry, peakLiveUnits: Int, walks: Bool) {
    self.geometry = geometry
    self.peakLiveUnits = peakLiveUnits
    early = StaircaseWork(geometry: geometry, rules: .lastInFirstOut, walks: walks)
  }

  /// One level, from the release of outgrown pins to the release of all temporary blocks.
  mutating func perform<Target: AllocatorTarget & ~Copyable>(
    _ step: LateStaircasePlan.Step, on target: inout Target
  ) {
    early.begin(level: step.level, on: &target)
    for _ in 0..<step.early {
      let slack = peakLiveUnits - target.footprint.liveUnits
      guard early.makePage(step.cost, slackUnits: slack, walks: step.walks, on: &target) else {
        preconditionFailure("a plan has no more pages than a ledger finds room for")
      }
    }
    for _ in 0..<step.late { makeLatePage(step, on: &target) }
    early.releaseTemporaries(on: &target)
    setLatePins(level: step.level, on: &target)
  }

  private mutating func makeLatePage<Target: AllocatorTarget & ~Copyable>(
    _ step: LateStaircasePlan.Step, on target: inout Target
  ) {
    let isWhole = if case .divided(.temporary, _, _) = step.cost.tree { false } else { true }
    let peak = isWhole ? geometry.pageUnits : step.level
    if target.footprint.liveUnits + peak <= peakLiveUnits {
      cut(step.cost.tree, nil, first: step.level, on: &target)
      return
    }
    let held = early.releaseTemporaries(on: &target)
    let before = latePins.count
    cut(step.cost.tree, nil, first: step.level + 1, on: &target)
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
