import PoolBounds

/// An operation of a raw candidate: on slots, so that any change leaves the others their meaning.
struct RawOperation: Hashable, Sendable {
  let slot: Int
  /// Units to request if the slot is empty; a full slot is released.
  let units: Int

  static func random(
    _ geometry: PoolGeometry, slots: Int, _ generator: inout SeededGenerator
  ) -> RawOperation {
    let isLogarithmic = generator.chance(1, in: 2)
    return RawOperation(
      slot: generator.below(slots), units: randomUnits(geometry, isLogarithmic, &generator))
  }

  static func randomUnits(
    _ geometry: PoolGeometry, _ isLogarithmic: Bool, _ generator: inout SeededGenerator
  ) -> Int {
    let (least, most) = (geometry.smallestBlockUnits, geometry.largestBlockUnits)
    if !isLogarithmic { return generator.within(least...most) }
    // A random width, then a number of that width: integers only, so that seeds are portable.
    let width = generator.below(Int.bitWidth - most.leadingZeroBitCount) + 1
    return min(max(least, generator.below(1 << width) + 1), most)
  }
}
