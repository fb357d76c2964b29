/// Finds the index of a name: a hash table of eight bytes a place, which names a table of slots
/// but holds none.
///
/// Linear probing; a removal moves later names of the run back, so no dead places remain however
/// many names come and go. Each place keeps 32 bits of the hash beside the index: comparing and
/// moving names rarely looks at the names themselves. The hash is the library's seeded one, so no
/// trace can be made to collide; nothing depends on the order of places.
struct SlotIndex {
  /// The hash in the upper half, the index plus one in the lower; zero where the place is free.
  private var places: [UInt64] = []
  private var mask = 0
  private(set) var count = 0

  private static let smallestPlaces = 1024

  static func hash(_ name: SlotName) -> UInt32 {
    UInt32(truncatingIfNeeded: name.hashValue)
  }

  /// The index of the name with `hash`; `isName` tells whether an index is that name's.
  @inline(__always)
  func find(_ hash: UInt32, where isName: (Int) -> Bool) -> Int? {
    guard count > 0 else { return nil }
    var position = Int(hash) & mask
    while places[position] != 0 {
      if UInt32(truncatingIfNeeded: places[position] >> 32) == hash {
        let index = Int(places[position] & 0xFFFF_FFFF) - 1
        if isName(index) { return index }
      }
      position = (position + 1) & mask
    }
    return nil
  }

  /// Adds a name that is not there.
  mutating func insert(_ hash: UInt32, _ index: Int) {
    if (count + 1) * 2 > places.count { grow() }
    count += 1
    put(UInt64(hash) << 32 | UInt64(index + 1))
  }

  /// Removes the name with `hash` and `index`, which must be there.
  mutating func remove(_ hash: UInt32, _ index: Int) {
    let place = UInt64(hash) << 32 | UInt64(index + 1)
    var hole = Int(hash) & mask
    while places[hole] != place {
      precondition(places[hole] != 0, "the name is in the table")
      hole = (hole + 1) & mask
    }
    count -= 1
    var position = (hole + 1) & mask
    while places[position] != 0 {
      let home = Int(places[position] >> 32) & mask
      // A name may move into the hole only if the hole is not before its home.
      if (position - home) & mask >= (position - hole) & mask {
        places[hole] = places[position]
        hole = position
      }
      position = (position + 1) & mask
    }
    places[hole] = 0
  }

  private mutating func put(_ place: UInt64) {
    var position = Int(place >> 32) & mask
    while places[position] != 0 { position = (position + 1) & mask }
    places[position] = place
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: 0, count: max(SlotIndex.smallestPlaces, old.count * 2))
    mask = places.count - 1
    for place in old where place != 0 { put(place) }
  }
}
