import PoolBounds

/// What a page of one cut costs at its level, and the ways to make it.
///
/// A page is all live while it is cut, or somewhat more than a temporary block of it where a
/// ``WalkingCut`` makes it. Near the end of a level there is no room for that moment beside the temporary
/// blocks of the other pages, though there is for what the page costs afterwards. *Lowering* makes it all
/// the same: while the others keep only their pins, it is cut as if the level were a pin higher. When their
/// blocks are back in their places, each of its own is released, requested a pin smaller, and followed by
/// a new pin, and the old one goes. So every pin of a temporary block is there twice for a moment, and
/// that is all a level loses.
struct PageCost: Sendable, Hashable {
  struct Pin: Sendable, Hashable {
    let stretch: Int
    let units: Int
  }

  /// A cut as if the level were a pin higher.
  struct Lowering: Sendable, Hashable {
    let tree: PinTree
    /// Units that the page costs for a moment beyond what it costs.
    let extraUnits: Int
    let walkingUnits: Int?
  }

  /// How the next page is made.
  enum Way {
    case whole
    case walking
    case lowered(walking: Bool)
  }

  /// The cut.
  let tree: PinTree
  /// Units of the temporary blocks.
  let temporaryUnits: Int
  /// The stretch and the units of each pin.
  let pins: [Pin]
  /// Units of all pins.
  let pinUnits: Int
  /// The most units that are live while a walk cuts the page; nil if none can.
  let walkingUnits: Int?
  /// nil where the page cannot be lowered.
  let lowering: Lowering?
  private let pageUnits: Int

  /// - Parameters:
  ///   - lowers: false to leave lowering out.
  ///   - walking: of the same pool; nil to leave walks out.
  init(
    _ tree: PinTree, _ geometry: PoolGeometry, _ rules: PlacementRules, lowers: Bool = true,
    walking: WalkingCut? = nil
  ) {
    self.tree = tree
    pageUnits = geometry.pageUnits
    temporaryUnits = tree.temporaryUnits(rules.exactFit, block: tree.units)
    var pins: [Pin] = []
    tree.forEachPin { pins.append(Pin(stretch: $0, units: $1)) }
    self.pins = pins
    pinUnits = pins.reduce(0) { $0 + $1.units }
    walkingUnits = walking?.peakUnits(tree)
    let smallest = geometry.smallestBlockUnits
    var temporaries = 0
    tree.forEachTemporary { temporaries += 1 }
    lowering = tree.raised(byPin: smallest).flatMap { raised in
      guard lowers, rules.exactFit == .taken, raised.isFeasible(geometry, rules) else { return nil }
      return Lowering(
        tree: raised, extraUnits: temporaries * smallest,
        walkingUnits: walking?.peakUnits(raised))
    }
  }

  /// Live units of the page until the level is over.
  var units: Int { temporaryUnits + pinUnits }

  /// How the next page is made; nil if there is no room for it.
  ///
  /// - Parameters:
  ///   - slackUnits: units that may still become live.
  ///   - heldUnits: units of the level's temporary blocks, which can be released for a moment.
  ///   - walks: whether no free run elsewhere is in the way of a walk.
  func way(slackUnits: Int, heldUnits: Int, walks: Bool) -> Way? {
    if slackUnits >= pageUnits { return .whole }
    if walks, let walkingUnits, slackUnits >= walkingUnits { return .walking }
    guard let lowering, slackUnits >= units + lowering.extraUnits else { return nil }
    if slackUnits + heldUnits >= pageUnits { return .lowered(walking: false) }
    guard walks, let walkingUnits = lowering.walkingUnits, slackUnits + heldUnits >= walkingUnits
    else { return nil }
    return .lowered(walking: true)
  }

  /// The most pages that can be made one after the other; the parameters are those of
  /// ``way(slackUnits:heldUnits:walks:)``.
  func mostPages(slackUnits: Int, heldUnits: Int, walks: Bool) -> Int {
    func peak(_ walkingUnits: Int?) -> Int {
      walks ? min(pageUnits, walkingUnits ?? pageUnits) : pageUnits
    }
    let room = slackUnits - peak(walkingUnits)
    let direct = room < 0 ? 0 : room / units + 1
    guard let lowering, slackUnits >= lowering.extraUnits else { return direct }
    // Before the last page all others have only their pins live.
    let moment = slackUnits + heldUnits - peak(lowering.walkingUnits)
    guard moment >= 0 else { return direct }
    return max(direct, min((slackUnits - lowering.extraUnits) / units, moment / pinUnits + 1))
  }
}

extension PinTree {
  /// The same cut for a level that is a pin higher: every temporary block grows into the free run behind
  /// its pin. Nil where that run is too short, or where a block has no pin and run of its own.
  func raised(byPin units: Int) -> PinTree? {
    guard case .divided(let first, let pin, let rest) = self else { return nil }
    if case .temporary(let level) = first {
      guard pin == units, case .free(let run) = rest, run >= 2 * units else { return nil }
      return .divided(
        first: .temporary(units: level + units), pin: pin, rest: .free(units: run - units))
    }
    guard let first = first.raised(byPin: units) else { return nil }
    if case .free = rest { return .divided(first: first, pin: pin, rest: rest) }
    guard let rest = rest.raised(byPin: units) else { return nil }
    return .divided(first: first, pin: pin, rest: rest)
  }
}
