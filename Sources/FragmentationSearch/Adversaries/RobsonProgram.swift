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
