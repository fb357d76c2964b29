// Which of the nonpaged lists may have blocks. A profile of small-block traces showed half of an
// allocation's instructions in reading list heads that point at themselves, 26 of them on average;
// the summary leaves one head to be read.
//
// A clear bit says that the list's head points at itself; a set bit says nothing. Plain requests
// set the bit of every head whose first link they write. Any other access to the heads, by the
// general algorithm or by a driver's store, sets `listHeadsWereTouched`: then the heads themselves
// are read until a few searches in a row have found them untouched, and the summary is made anew.

/// The size of the summary, and how many searches find the heads untouched before it is made.
enum UsedLists {
  /// Words of 64 bits, for the 512 lists of x86.
  static let words = 8
  /// Searches that read the heads themselves after somebody else touched them.
  static let quietSearches: UInt32 = 8
}

extension KernelPool {
  /// The first size, from `units` up, whose list head does not point at itself.
  @inline(__always)
  mutating func firstUsedList<Shape: BlockShape>(
    _ shape: Shape.Type, from units: UInt32
  ) -> UInt32? {
    if memory.listHeadsWereTouched || plain.quietSearches < UsedLists.quietSearches {
      return searchHeads(shape, from: units)
    }
    let first = Int(units) &- 1
    let words = Shape.pageBytes &>> (Int(Shape.unitShift) &+ 6)
    var position = first &>> 6
    guard position < words else { return nil }
    var bits = usedLists[position] & (UInt64.max &<< UInt64(first & 63))
    while true {
      while bits == 0 {
        position &+= 1
        if position == words { return nil }
        bits = usedLists[position]
      }
      let list = UInt32((position &<< 6) &+ bits.trailingZeroBitCount &+ 1)
      if plainLink(shape, plainHead(shape, list), 0) != plainHeadAddress(shape, list) {
        return list
      }
      usedLists[position] &= ~(bits & (0 &- bits))
      bits &= bits &- 1
    }
  }

  /// Notes that a list may have blocks.
  @inline(__always) func noteUsedList(_ units: UInt32) {
    let list = Int(units) &- 1
    usedLists[list &>> 6] |= 1 &<< UInt64(list & 63)
  }

  /// Reads the heads themselves; makes the summary when nobody else has touched them for a while.
  @inline(never)
  private mutating func searchHeads<Shape: BlockShape>(
    _ shape: Shape.Type, from units: UInt32
  ) -> UInt32? {
    plain.quietSearches = memory.listHeadsWereTouched ? 0 : plain.quietSearches &+ 1
    memory.listHeadsWereTouched = false
    let lists = UInt32(Shape.pageBytes &>> Int(Shape.unitShift))
    if plain.quietSearches == UsedLists.quietSearches {
      usedLists.update(repeating: 0, count: UsedLists.words)
      for list in 1...lists where isUsed(shape, list) { noteUsedList(list) }
    }
    guard units <= lists else { return nil }
    return (units...lists).first { isUsed(shape, $0) }
  }

  @inline(__always)
  private func isUsed<Shape: BlockShape>(_ shape: Shape.Type, _ list: UInt32) -> Bool {
    plainLink(shape, plainHead(shape, list), 0) != plainHeadAddress(shape, list)
  }

  /// The host address of a link in a block of the window or in a head; nil for any other address.
  /// The list whose head it is counts as used.
  @inline(__always)
  mutating func linkInWindow<Shape: BlockShape>(
    _ shape: Shape.Type, _ address: Address
  ) -> UnsafeMutableRawPointer? {
    if let host = memory.wordInWindow(address) { return host }
    let inHeads = address &- plain.headsAddress
    guard inHeads < UInt64(Shape.headBytes &* (Shape.pageBytes &>> Int(Shape.unitShift))),
      inHeads & UInt64(Shape.wordBytes &- 1) == 0
    else { return nil }
    noteUsedList(UInt32(truncatingIfNeeded: inHeads) / UInt32(Shape.headBytes) &+ 1)
    return plain.heads + Int(inHeads)
  }

  /// Stores a link, as the version stores it, at any address.
  @inline(__always)
  mutating func storePlainLink<Shape: BlockShape>(
    _ shape: Shape.Type, _ address: Address, _ stored: Shape.Word
  ) throws(Halt) {
    if let host = linkInWindow(shape, address) {
      if Shape.keepsJournal { memory.noteStore(address, UInt64(Shape.wordBytes)) }
      host.store(stored)
    } else {
      try storeElsewhere(address, stored)
    }
  }

  /// A link out of the window: rare, and kept out of line so that the rest is compiled into one
  /// piece.
  @inline(never)
  private mutating func storeElsewhere<Word: FixedWidthInteger>(
    _ address: Address, _ stored: Word
  ) throws(Halt) {
    try memory.storeWord(address, stored)
  }

  @inline(never)
  private mutating func loadElsewhere<Word: FixedWidthInteger>(
    _ address: Address, as: Word.Type
  ) throws(Halt) -> Word {
    try memory.loadWord(address, as: Word.self)
  }

  /// A decoded link at any address.
  @inline(__always)
  mutating func loadPlainLink<Shape: BlockShape>(
    _ shape: Shape.Type, _ address: Address
  ) throws(Halt) -> Address {
    if let host = linkInWindow(shape, address) { return plainLink(shape, host, 0) }
    return Address(try loadElsewhere(address, as: Shape.Word.self)) & ~plain.linkBit
  }

  /// As `checkLinks`, for a head or entry whose two links lie at a host address.
  @inline(never)
  mutating func checkPlainLinks<Shape: BlockShape>(
    _ shape: Shape.Type, _ address: Address, _ host: UnsafeMutableRawPointer
  ) throws(Halt) {
    let next = plainLink(shape, host, 0)
    let previous = plainLink(shape, host, Shape.wordBytes)
    let backFromNext = try loadPlainLink(shape, next &+ UInt64(Shape.wordBytes))
    let backFromPrevious = try loadPlainLink(shape, previous)
    guard backFromNext == address, backFromPrevious == address else {
      throw bugCheck(BugCheck.badPoolHeader, 3, address, backFromNext, backFromPrevious)
    }
  }
}
