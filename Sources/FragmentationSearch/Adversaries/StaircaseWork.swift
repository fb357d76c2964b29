import PoolBounds

/// What a page consists of when it is cut.
struct CutPage {
  /// A block to release when the level is over.
  struct Temporary {
    var handle: BlockHandle
    /// Which of the pins divides its stretch; nil where it fills one.
    var pin: Int?
  }

  var temporaries: [Temporary] = []
  /// Pins with the stretches that they divide.
  var pins: [(handle: BlockHandle, stretch: Int)] = []
}

/// The hands of a staircase: cuts pages and remembers what to release when.
struct StaircaseWork {
  let geometry: PoolGeometry
  let rules: PlacementRules
  private var level = 0
  private var temporaries: [BlockHandle] = []
  /// Pins by the stretch they divide.
  private var pins: [[BlockHandle]]
  private let walking: WalkingHands?

  init(geometry: PoolGeometry, rules: PlacementRules, walks: Bool) {
    walking = walks ? WalkingHands(WalkingCut(geometry), geometry) : nil
    self.geometry = geometry
    self.rules = rules
    pins = Array(repeating: [], count: geometry.pageUnits + 1)
  }

  /// Ends the level before, if `level` is a new one: temporaries go, and outgrown pins.
  mutating func begin<Target: AllocatorTarget & ~Copyable>(
    level newLevel: Int, on target: inout Target
  ) {
    guard newLevel > level else { return }
    releaseTemporaries(on: &target)
    for stretch in level..<newLevel {
      for pin in pins[stretch] { target.free(pin) }
      pins[stretch] = []
    }
    level = newLevel
  }

  /// Releases the temporary blocks; gives how many there were.
  @discardableResult
  mutating func releaseTemporaries<Target: AllocatorTarget & ~Copyable>(
    on target: inout Target
  ) -> Int {
    let count = temporaries.count
    for block in temporaries { target.free(block) }
    temporaries.removeAll(keepingCapacity: true)
    return count
  }

  /// Takes temporary blocks of `units`.
  mutating func hold<Target: AllocatorTarget & ~Copyable>(
    _ count: Int, units: Int, on target: inout Target
  ) {
    for _ in 0..<count { temporaries.append(target.allocate(units: units)) }
  }

  /// Remembers a temporary block that somebody else took.
  mutating func adopt(_ temporary: BlockHandle) { temporaries.append(temporary) }

  /// Remembers a pin that somebody else took.
  mutating func keep(_ pin: BlockHandle, stretch: Int) { pins[stretch].append(pin) }

  /// Remembers the blocks of a page that somebody else cut.
  private mutating func adopt(_ page: CutPage) {
    for temporary in page.temporaries { adopt(temporary.handle) }
    for pin in page.pins { keep(pin.handle, stretch: pin.stretch) }
  }

  /// Takes a fresh page and cuts it; false, and nothing done, where there is no room for it.
  mutating func makePage<Target: AllocatorTarget & ~Copyable>(
    _ cost: PageCost, slackUnits: Int, walks: Bool, on target: inout Target
  ) -> Bool {
    let way = cost.way(
      slackUnits: slackUnits, heldUnits: temporaries.count * level, walks: walks)
    switch way {
    case nil: return false
    case .whole: adopt(wholePage(cost.tree, on: &target))
    case .walking: adopt(page(cost.tree, walking: true, on: &target))
    case .lowered(let walking):
      guard let lowering = cost.lowering else { return false }
      makeLoweredPage(lowering.tree, walking: walking, on: &target)
    }
    return true
  }

  private func page<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, walking isWalking: Bool, on target: inout Target
  ) -> CutPage {
    if isWalking, let walking { return walking.makePage(tree, on: &target) }
    return wholePage(tree, on: &target)
  }

  private func wholePage<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, on target: inout Target
  ) -> CutPage {
    var page = CutPage()
    cut(nil, tree, pin: nil, atPageStart: true, &page, on: &target)
    return page
  }

  /// A page that is cut for a level one pin higher while the others keep only their pins: see
  /// ``PageCost``.
  private mutating func makeLoweredPage<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, walking: Bool, on target: inout Target
  ) {
    let held = releaseTemporaries(on: &target)
    var page = page(tree, walking: walking, on: &target)
    for place in page.temporaries.indices {
      target.free(page.temporaries[place].handle)
      // All free runs of the level are exact fits, and filled before the longer one is cut.
      if place == 0 { hold(held, units: level, on: &target) }
      page.temporaries[place].handle = target.allocate(units: level)
      guard let pin = page.temporaries[place].pin else { continue }
      let lower = target.allocate(units: geometry.smallestBlockUnits)
      target.free(page.pins[pin].handle)
      page.pins[pin].handle = lower
    }
    adopt(page)
  }

  /// Cuts the stretch of a block that is ours, or a fresh page if there is none.
  ///
  /// The stretch is released and is then the only free run that reaches the level. A request for
  /// the first side and the pin together lands in it; the remainder is filled; then the first block
  /// is released and requested again without the pin, which finds its place beside it.
  private func cut<Target: AllocatorTarget & ~Copyable>(
    _ block: BlockHandle?, _ tree: PinTree, pin ownPin: Int?, atPageStart: Bool,
    _ page: inout CutPage, on target: inout Target
  ) {
    switch tree {
    case .free:
      if let block { target.free(block) }
    case .temporary(let units):
      page.temporaries.append(
        CutPage.Temporary(handle: block ?? target.allocate(units: units), pin: ownPin))
    case .divided(let first, let pin, let rest):
      let sizes = CutSizes(
        first: first.units, pin: pin, rest: rest.units, exactFit: rules.exactFit,
        atPageStart: atPageStart)
      if let block { target.free(block) }
      let restBlock = rest.units > 0 ? fillRest(of: tree.units, sizes, on: &target) : nil
      let firstBlock = target.allocate(units: sizes.first)
      page.pins.append((target.allocate(units: pin), tree.units))
      cut(
        firstBlock, first, pin: page.pins.count - 1, atPageStart: atPageStart, &page, on: &target)
      if let restBlock {
        cut(restBlock, rest, pin: nil, atPageStart: false, &page, on: &target)
      }
    }
  }

  /// Fills the other side of a free stretch with a block; the first side and the pin stay free.
  ///
  /// Where remainders go to the tail, the remainder may wait behind equal runs of older pages, and
  /// the request would land in one of those. So the remainder is made to be a *released* run, which
  /// goes to the head: an end piece of a size that no other free run has is split off and filled
  /// first, and is released when only the rest of the remainder lies beside it.
  private func fillRest<Target: AllocatorTarget & ~Copyable>(
    of stretch: Int, _ sizes: CutSizes, on target: inout Target
  ) -> BlockHandle {
    let gap = rules.exactFit == .never ? 1 : 0
    var end: BlockHandle?
    if rules.remainderOrder == .tail, target.hasFreeBlock(units: sizes.remainder),
      let endUnits = unusedSize(
        from: max(geometry.smallestBlockUnits + gap, stretch - geometry.largestBlockUnits),
        below: min(sizes.remainder, geometry.largestBlockUnits), on: target)
    {
      let most = target.allocate(units: stretch - endUnits)
      end = target.allocate(units: endUnits - gap)
      target.free(most)
    }
    let head = target.allocate(units: sizes.head)
    if let end { target.free(end) }
    let filled = target.allocate(units: sizes.rest)
    target.free(head)
    return filled
  }

  /// The smallest size in a range that no free run has, nil if all of them occur.
  private func unusedSize<Target: AllocatorTarget & ~Copyable>(
    from least: Int, below limit: Int, on target: borrowing Target
  ) -> Int? {
    var units = least
    while units < limit, target.hasFreeBlock(units: units) { units += 1 }
    return units < limit ? units : nil
  }
}
