/// A descriptor as the algorithm works with it: where it and its list heads lie in the host.
///
/// Descriptors lie in the kernel's data or on pages of the nonpaged pool that were mapped at start;
/// neither is ever taken away.
struct Owner {
  /// The pool it describes.
  let kind: PoolKind
  /// Its index, as headers keep it: shifted into place, or nothing where versions leave the field.
  let indexBits: UInt32
  /// The descriptor.
  let address: Address
  let host: UnsafeMutableRawPointer
  /// The head of its first list.
  let headsAddress: Address
  let heads: UnsafeMutableRawPointer
  /// Which of its lists may have blocks.
  let used: UsedLists
  /// True where memory tells `used` of every store to the heads that is not the algorithm's own.
  let hasSummary: Bool
}

typealias OwnerPointer = UnsafeMutablePointer<Owner>

/// Which lists of a descriptor may have blocks. A profile of small-block traces showed half of an
/// allocation's instructions in reading list heads that point at themselves, 26 of them on average;
/// the summary leaves one head to be read.
///
/// A missing list's head points at itself; of a list that is in the set nothing is known. So whoever
/// stores to the first link of a head enters its list, and memory enters all of them when anybody
/// else stores there.
struct UsedLists {
  /// One bit a list; bits behind the last list are always set, so that every search ends.
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int

  /// A set of so many lists, all of them in it.
  init(lists: UInt64) {
    // A search starts at most two lists behind the last.
    wordCount = Int(lists / 64) + 2
    words = .allocate(capacity: wordCount)
    words.initialize(repeating: .max, count: wordCount)
  }

  func deallocate() { words.deallocate() }

  /// Enters every list.
  func insertAll() { words.update(repeating: .max, count: wordCount) }

  /// Enters the list of `units`, which must be one.
  @inline(__always) func insert(_ units: UInt64) {
    let list = units &- 1
    words[Int(truncatingIfNeeded: list &>> 6)] |= 1 &<< (list & 63)
  }

  /// The first list from the one of `units` up that is in the set and that `isUsed` confirms; those
  /// that it does not are removed. Nil where there is none.
  @inline(__always)
  func first(from units: UInt64, last: UInt64, where isUsed: (UInt64) -> Bool) -> UInt64? {
    var position = Int(truncatingIfNeeded: (units &- 1) &>> 6)
    var bits = words[position] & (UInt64.max &<< ((units &- 1) & 63))
    while true {
      while bits == 0 {
        position &+= 1
        bits = words[position]
      }
      let list = UInt64(truncatingIfNeeded: position &<< 6 &+ bits.trailingZeroBitCount) &+ 1
      if list > last { return nil }
      if isUsed(list) { return list }
      words[position] &= ~(bits & (0 &- bits))
      bits &= bits &- 1
    }
  }
}
