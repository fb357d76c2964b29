import struct KernelPool.PageBitmap
import struct KernelPool.PageMarks
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import typealias KernelPool.Address

/// Bits of the page maps as they were last seen, so that a changed line tells which pages changed.
struct MapBooks: ~Copyable {
  /// One map of one space.
  struct Map: BitwiseCopyable {
    var address: Address
    var firstPage: Int
    var pages: Int
    /// Where its words begin.
    var firstWord: Int
    var isEndMap: Bool
  }

  private(set) var maps = FlatArray<Map>()
  private var words = FlatArray<UInt64>()
  private var mapped = FlatArray<UInt64>()

  init() {}

  /// Adds a map, all bits clear.
  mutating func add(_ address: Address, firstPage: Int, pages: Int, isEndMap: Bool) {
    maps.append(
      Map(
        address: address, firstPage: firstPage, pages: pages, firstWord: words.count,
        isEndMap: isEndMap))
    for _ in 0..<((pages + 63) / 64) { words.append(0) }
  }

  /// Reads one word of a map anew and calls `body` for every page whose bit changed.
  mutating func follow(
    _ view: PoolView, _ number: Int, word: Int, _ changed: inout FlatArray<Int32>
  ) -> Bool {
    let map = maps[number]
    guard word >= 0, word &* 64 < map.pages else { return true }
    guard let bits = view.word64(map.address &+ UInt64(word) &* 8) else { return false }
    let place = words.place(map.firstWord &+ word)
    var difference = place.pointee ^ bits
    place.pointee = bits
    while difference != 0 {
      let page = word &* 64 &+ difference.trailingZeroBitCount
      difference &= difference &- 1
      if page < map.pages { changed.append(Int32(map.firstPage &+ page)) }
    }
    return true
  }

  /// Makes room for the mapped pages of an expansion.
  mutating func addExpansion(pages: Int) {
    for _ in 0..<((pages + 63) / 64) { mapped.append(0) }
  }

  /// Notes whether a page of the expansion is mapped; false where that is no news.
  mutating func setMapped(_ index: Int, _ isMapped: Bool) -> Bool {
    let bit: UInt64 = 1 &<< UInt64(index & 63)
    let place = mapped.place(index &>> 6)
    guard (place.pointee & bit != 0) != isMapped else { return false }
    place.pointee ^= bit
    return true
  }

  /// True where the bits and the mapping of a page are those of its owner.
  func isSound(
    _ page: Int, isAllocated: Bool, isLast: Bool, _ marks: PageMarks, _ spaces: PageSpaces,
    _ view: PoolView
  ) -> Bool {
    for number in 0..<maps.count {
      let map = maps[number]
      let index = page &- map.firstPage
      guard index >= 0, index < map.pages else { continue }
      let isSet = words[map.firstWord &+ index &>> 6] &>> UInt64(index & 63) & 1 != 0
      if map.isEndMap {
        guard isSet == (isAllocated && isLast), marks.contains(.mapped) == isAllocated
        else { return false }
      } else if isAllocated {
        guard isSet else { return false }
      } else {
        guard isSet == (UInt64(index) >= openPages(map, spaces, view)) else { return false }
      }
    }
    return true
  }

  private func openPages(_ map: Map, _ spaces: PageSpaces, _ view: PoolView) -> UInt64 {
    let variables = view.variables
    if map.firstPage < spaces.nonPagedCount { return variables.nonPagedBitmap.openPages }
    return map.address == variables.pagedBitmap.allocationMap
      ? variables.pagedBitmap.openPages : variables.sessionBitmap.openPages
  }
}
