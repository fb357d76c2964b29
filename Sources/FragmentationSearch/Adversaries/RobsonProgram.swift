import PoolBounds

/// The program that defeats every allocator that never moves blocks (J. M. Robson, JACM 21(3),
/// 1974): sizes double, and each time the blocks are kept that occupy one chosen place in every
/// aligned stretch of the new size, so that no old stretch can take a new block.
///
/// Words are smallest blocks. It knows addresses, as any adversary may; here only their place in
/// the page matters, because no stretch is longer than a page.
public struct RobsonProgram: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int

  /// The program for one pool and cap.
  public init(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
  }

  /// A short name for tables.
  public var name: String { "Robson" }

  private var smallest: Int { geometry.smallestBlockUnits }
  private var isPowerOfTwoPage: Bool {
    let words = geometry.pageUnits / smallest
    return geometry.pageUnits % smallest == 0 && words & (words - 1) == 0
  }

  /// Each doubling adds half of the cap; exact where a page is a power of two of words and the cap
  /// is a whole number of pages.
  public var predictedPages: Int? {
    guard isPowerOfTwoPage, geometry.pageUnits > 2,
      geometry.largestBlockUnits >= geometry.pageUnits - 1,
      peakLiveUnits % (2 * geometry.pageUnits) == 0,
      rules.exactFit == .taken, rules.fit == .smallestList
    else { return nil }
    let doublings = (geometry.pageUnits / smallest).trailingZeroBitCount
    return peakLiveUnits / geometry.pageUnits * (2 + doublings) / 2
  }

  private struct Object {
    let handle: BlockHandle
    /// Words from the start of the page.
    let start: Int
    let words: Int

    /// Whether the object covers an address that is `place` modulo `stretch`.
    func occupies(_ place: Int, modulo stretch: Int) -> Bool {
      let distance = (place - start) % stretch
      return (distance < 0 ? distance + stretch : distance) < words
    }
  }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    var objects: [Object] = []
    fill(words: 1, &objects, &target)
    var place = 0
    var stretch = 2
    while stretch * smallest <= geometry.pageUnits {
      let candidates = [place, place + stretch / 2]
      let weights = candidates.map { candidate in
        objects.reduce(0) {
          $0 + ($1.occupies(candidate, modulo: stretch) ? stretch - $1.words : 0)
        }
      }
      place = weights[1] > weights[0] ? candidates[1] : candidates[0]
      for object in objects where !object.occupies(place, modulo: stretch) {
        target.free(object.handle)
      }
      objects.removeAll { !$0.occupies(place, modulo: stretch) }
      fill(words: stretch, &objects, &target)
      stretch *= 2
    }
  }

  /// Takes blocks of `words` until the cap. A whole page is above the kernel's largest block, which
  /// then stands for it: it needs a page of its own just the same.
  private func fill<Target: AllocatorTarget & ~Copyable>(
    words: Int, _ objects: inout [Object], _ target: inout Target
  ) {
    let units = min(words * smallest, geometry.largestBlockUnits)
    var liveWords = objects.reduce(0) { $0 + $1.words }
    while (liveWords + words) * smallest <= peakLiveUnits {
      liveWords += words
      let handle = target.allocate(units: units)
      objects.append(
        Object(handle: handle, start: target.offset(of: handle) / smallest, words: words))
    }
  }
}

/// How one stretch of a page is cut at a level of the staircase.
///
/// At level b every free run of the pool is shorter than b. A stretch shorter than b may be left
/// free. A stretch of exactly b is held by a temporary block until the level is over. A longer one
/// is divided by a *pin*, a smallest block that stays: the two sides are cut in turn. The side
/// called `first` is the one that is requested, so it must have at least b units; the other may be
/// shorter. When the level has grown past the whole stretch, its pins are no longer needed.
indirect enum PinTree: Hashable, Sendable {
  /// Left free at once.
  case free(units: Int)
  /// Held until the level is over.
  case temporary(units: Int)
  /// Divided: `first`, `pin` units and `rest` fill the stretch.
  case divided(first: PinTree, pin: Int, rest: PinTree)

  var units: Int {
    switch self {
    case .free(let units), .temporary(let units): units
    case .divided(let first, let pin, let rest): first.units + pin + rest.units
    }
  }

  /// Calls `body` with the stretch and the pin of every division.
  func forEachPin(_ body: (_ stretch: Int, _ pin: Int) -> Void) {
    guard case .divided(let first, let pin, let rest) = self else { return }
    body(units, pin)
    first.forEachPin(body)
    rest.forEachPin(body)
  }

  /// Units that stay live after the level: those of the pins.
  var pinUnits: Int {
    var sum = 0
    forEachPin { sum += $1 }
    return sum
  }

  /// The dyadic cut of a stretch: in halves while both halves reach the level, at the level then.
  ///
  /// What is too short for any request beside the pin is added to the pin, which exact fits then
  /// place; nil if a stretch is longer than the level but has no room for a pin beside it.
  static func dyadic(stretch: Int, level: Int, smallest: Int) -> PinTree? {
    if stretch < level { return .free(units: stretch) }
    if stretch == level { return .temporary(units: stretch) }
    if stretch < level + smallest { return nil }
    let half = (stretch - smallest) / 2
    let firstUnits = half >= level ? half : level
    var rest = stretch - smallest - firstUnits
    var pin = smallest
    if rest < smallest {
      pin += rest
      rest = 0
    }
    guard let first = dyadic(stretch: firstUnits, level: level, smallest: smallest),
      let other = dyadic(stretch: rest, level: level, smallest: smallest)
    else { return nil }
    return .divided(first: first, pin: pin, rest: other)
  }
}
