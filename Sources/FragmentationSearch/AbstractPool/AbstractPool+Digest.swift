// Two pools in which every further request would have the same consequences have the same digest:
// pages have no names, and neither have blocks, but the places on the lists count.

extension AbstractPool {
  /// A number for the state, the same for states that differ in names alone. Different states have
  /// the same number by accident only, once in 2^64.
  public var stateDigest: UInt64? {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: recordCount + 1) { places in
      places.initialize(repeating: 0)
      for units in 0...geometry.pageUnits {
        var place: UInt64 = 1
        var block = lists.heads[units]
        while block >= 0 {
          places[Int(block)] = place
          place &+= 1
          block = records[Int(block)].listNext
        }
      }
      // A sum does not depend on the order of pages.
      var sum: UInt64 = 0
      for page in 0..<pageCount where firstBlocks[page] >= 0 {
        sum &+= pageDigest(firstBlocks[page], places)
      }
      return sum
    }
  }

  private func pageDigest(
    _ first: Int32, _ places: UnsafeMutableBufferPointer<UInt64>
  ) -> UInt64 {
    var mixer = SeededGenerator(seed: 0)
    var block = first
    while block >= 0 {
      let record = records[Int(block)]
      let state: UInt64 = record.isFree ? 1 : 0
      let word = UInt64(UInt32(record.units)) << 33 | places[Int(block)] << 1 | state
      mixer = SeededGenerator(seed: mixer.next() ^ word)
      block = record.right
    }
    return mixer.next()
  }
}
