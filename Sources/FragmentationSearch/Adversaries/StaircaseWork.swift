/// The hands of a staircase: cuts pages and remembers what to release when.
struct StaircaseWork {
  let geometry: PoolGeometry
  /// Whether a remainder may lie behind equal free runs on its list.
  private let remaindersWait: Bool
  private var level = 0
  private var temporaries: [BlockHandle] = []
  /// Pins by the stretch they divide.
  private var pins: [[BlockHandle]]

  init(geometry: PoolGeometry, rules: PlacementRules) {
    self.geometry = geometry
    remaindersWait = rules.remainderOrder == .tail
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

  mutating func releaseTemporaries<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    for block in temporaries { target.free(block) }
    temporaries.removeAll(keepingCapacity: true)
  }

  /// Takes a fresh page and cuts it.
  mutating func makePage<Target: AllocatorTarget & ~Copyable>(
    _ tree: PinTree, on target: inout Target
  ) {
    cut(nil, tree, on: &target)
  }

  /// Cuts the stretch of a block that is ours, or a fresh page if there is none.
  ///
  /// The stretch is released and is then the only free run that reaches the level. A request for
  /// `first` and the pin together lands in it and leaves `rest`; a request for exactly `rest` fills
  /// that; then the first block is released and requested again without the pin, whose place is
  /// an exact fit.
  ///
  /// Where remainders go to the tail, `rest` may wait behind equal runs of older pages, and a
  /// request for its size would fill one of those. So the remainder is made to be a *released*
  /// run, which goes to the head: a small end piece of a size that no other free run has is split
  /// off and filled first, and is released when only the rest lies beside it.
  private mutating func cut<Target: AllocatorTarget & ~Copyable>(
    _ block: BlockHandle?, _ tree: PinTree, on target: inout Target
  ) {
    switch tree {
    case .free:
      if let block { target.free(block) }
    case .temporary(let units):
      temporaries.append(block ?? target.allocate(units: units))
    case .divided(let first, let pin, let rest):
      if let block { target.free(block) }
      let tail = divide(tree.units, first.units + pin, on: &target)
      let firstBlock = target.allocate(units: first.units)
      pins[tree.units].append(target.allocate(units: pin))
      cut(firstBlock, first, on: &target)
      if let tail { cut(tail, rest, on: &target) }
    }
  }

  /// Leaves `headUnits` of a free stretch free and fills the rest of it with a block, nil if there
  /// is no rest.
  private func divide<Target: AllocatorTarget & ~Copyable>(
    _ stretch: Int, _ headUnits: Int, on target: inout Target
  ) -> BlockHandle? {
    let rest = stretch - headUnits
    guard rest > 0 else { return nil }
    var end: BlockHandle?
    if remaindersWait, target.hasFreeBlock(units: rest),
      let endUnits = unusedSize(below: rest, on: target)
    {
      let most = target.allocate(units: stretch - endUnits)
      end = target.allocate(units: endUnits)
      target.free(most)
    }
    let head = target.allocate(units: headUnits)
    if let end { target.free(end) }
    let filled = target.allocate(units: rest)
    target.free(head)
    return filled
  }

  /// The smallest block size that no free run has, nil if all sizes below `limit` occur.
  private func unusedSize<Target: AllocatorTarget & ~Copyable>(
    below limit: Int, on target: borrowing Target
  ) -> Int? {
    var units = geometry.smallestBlockUnits
    while units < limit, target.hasFreeBlock(units: units) { units += 1 }
    return units < limit ? units : nil
  }
}
