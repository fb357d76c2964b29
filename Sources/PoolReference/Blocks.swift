import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

/// A block of a page as its history left it. Positions and sizes are in units.
struct PageBlock: Sendable {
  /// What a block is.
  enum State: UInt8, Sendable {
    /// Free; on a list if it has room for links.
    case free
    /// Held by a caller.
    case held
    /// On a lookaside list.
    case onLookaside
    /// Among the deferred frees.
    case deferred
    /// Part of a large allocation, or the one unit behind it.
    case large
  }

  var start: UInt16
  var units: UInt16
  var state: State
  /// The descriptor that it is of.
  var owner: UInt8
  /// Units between its own header and the second one, where it has one.
  var slip: UInt8 = 0
  /// The bytes that its caller asked for.
  var bytes: UInt16 = 0
  var tag = PoolTag(word: 0)
  /// Its place in the list that it is on.
  var order = 0

  var end: Int { Int(start) + Int(units) }
}

extension Array {
  /// The first place from `start` on whose element is at or behind what is sought; the end where none
  /// is. The elements stand in order: the condition holds for all behind one for which it holds.
  @inline(__always)
  func place(from start: Int = 0, where isAtOrBehind: (Element) -> Bool) -> Int {
    var low = start
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isAtOrBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// The pages that are cut into blocks, each with its blocks in the order of their places.
struct BlockPages: Sendable {
  private var places: [Address: Int] = [:]
  private var pages: [[PageBlock]] = []
  private var unused: [Int] = []
  /// The page that was asked for last: a call asks for the same one several times.
  private var last: (page: Address, place: Int) = (.max, 0)

  /// The place of a page's blocks; nil where the page has none.
  func place(_ page: Address) -> Int? { last.page == page ? last.place : places[page] }

  /// The same, for a call that will ask again.
  mutating func open(_ page: Address) -> Int? {
    guard let place = place(page) else { return nil }
    last = (page, place)
    return place
  }

  subscript(place: Int) -> [PageBlock] {
    _read { yield pages[place] }
    _modify { yield &pages[place] }
  }

  /// The index of the block that holds a unit.
  func index(_ place: Int, ofUnit unit: Int) -> Int {
    pages[place].place { $0.end > unit }
  }

  /// Makes a page one of blocks, which its caller appends; returns their place.
  mutating func begin(_ page: Address) -> Int {
    let place = unused.popLast() ?? pages.count
    places[page] = place
    last = (page, place)
    if place == pages.count { pages.append([]) }
    return place
  }

  /// Forgets a page's blocks.
  mutating func close(_ page: Address) {
    guard let place = places.removeValue(forKey: page) else { return }
    last.page = .max
    pages[place].removeAll(keepingCapacity: true)
    unused.append(place)
  }
}

/// Free blocks of a descriptor by their size in units, those of a size in the order of their list.
struct BlocksBySize: Sendable {
  /// A block on a list, or room for one; none is a place below zero.
  private struct Entry: Sendable {
    var header: Address
    var next: Int32
    var previous: Int32
  }

  /// The ends of the list of a size.
  private struct Ends: Sendable {
    var first: Int32 = -1
    var last: Int32 = -1
  }

  /// A bit for each size, set where there are blocks of it.
  private var sizes: [UInt64] = []
  /// The place in `ends` of each size, counted from one; 0 for one that never had a block.
  private var places: [UInt16] = []
  private var ends: [Ends] = []
  private var entries: [Entry] = []
  /// The first entry without a block; they are linked by `next`.
  private var unused: Int32 = -1

  /// Takes the first block of the smallest size from `units` on.
  mutating func takeFirst(from units: Int) -> Address? {
    guard let size = firstSize(from: units) else { return nil }
    let place = Int(ends[Int(places[size]) - 1].first)
    let header = entries[place].header
    remove(place, units: size)
    return header
  }

  /// Puts a block to an end of its list; returns what `remove` needs.
  mutating func insert(_ header: Address, units: Int, atHead: Bool) -> Int {
    if units >= places.count { makeRoom(for: units) }
    if places[units] == 0 {
      ends.append(Ends())
      places[units] = UInt16(ends.count)
    }
    let list = Int(places[units]) - 1
    let (first, last) = (ends[list].first, ends[list].last)
    let entry = Entry(header: header, next: atHead ? first : -1, previous: atHead ? -1 : last)
    var place = Int(unused)
    if place < 0 {
      place = entries.count
      entries.append(entry)
    } else {
      unused = entries[place].next
      entries[place] = entry
    }
    let number = Int32(truncatingIfNeeded: place)
    if first < 0 {
      sizes[units &>> 6] |= 1 &<< UInt64(units & 63)
      ends[list] = Ends(first: number, last: number)
    } else if atHead {
      entries[Int(first)].previous = number
      ends[list].first = number
    } else {
      entries[Int(last)].next = number
      ends[list].last = number
    }
    return place
  }

  /// Takes a block off its list, wherever in it it is.
  mutating func remove(_ place: Int, units: Int) {
    let list = Int(places[units]) - 1
    let (next, previous) = (entries[place].next, entries[place].previous)
    if previous < 0 { ends[list].first = next } else { entries[Int(previous)].next = next }
    if next < 0 { ends[list].last = previous } else { entries[Int(next)].previous = previous }
    if next < 0, previous < 0 { sizes[units &>> 6] &= ~(1 &<< UInt64(units & 63)) }
    entries[place].next = unused
    unused = Int32(truncatingIfNeeded: place)
  }

  /// The smallest size from `units` on that has blocks, or nil.
  private func firstSize(from units: Int) -> Int? {
    var word = units &>> 6
    guard word < sizes.count else { return nil }
    var bits = sizes[word] & (.max &<< UInt64(units & 63))
    while bits == 0 {
      word += 1
      guard word < sizes.count else { return nil }
      bits = sizes[word]
    }
    return word &<< 6 + bits.trailingZeroBitCount
  }

  /// Room for all sizes of the smaller pages at once, then for twice as many: nobody grows often.
  private mutating func makeRoom(for units: Int) {
    let words = max(units &>> 6 + 1, 2 * sizes.count, 5)
    if sizes.isEmpty {
      entries.reserveCapacity(16)
      ends.reserveCapacity(16)
    }
    sizes += Array(repeating: 0, count: words - sizes.count)
    places += Array(repeating: 0, count: words * 64 - places.count)
  }
}

/// A lookaside list: headers of blocks, the top last, and what its depth is worked out from.
struct Lookaside: Sendable {
  var headers: [Address] = []
  var depth: Int
  private var allocates = 0
  private var hits = 0

  init(depth: Int) { self.depth = depth }

  mutating func pop(fromBottom: Bool) -> Address? {
    allocates += 1
    guard !headers.isEmpty else { return nil }
    hits += 1
    return fromBottom ? headers.removeFirst() : headers.removeLast()
  }

  mutating func push(_ header: Address, extra: Int) -> Bool {
    guard depth != 0, headers.count < depth + extra else { return false }
    headers.append(header)
    return true
  }

  /// A second passes. Fewer than 25 allocations: ten less; almost no misses: one less; else more by
  /// half of the miss ratio's share of what is left, and five (SSTIC 2020).
  mutating func adjust(lowest: Int, highest: Int, ratioUnit: Int, enough: Int) {
    let misses = allocates - min(hits, allocates)
    if allocates < enough {
      depth -= 10
    } else if misses * 200 < allocates {
      depth -= 1
    } else {
      depth += misses * ratioUnit * (highest - depth) / (2 * allocates) + 5
    }
    depth = min(max(depth, lowest), highest)
    allocates = 0
    hits = 0
  }

  /// Whether nothing was asked of it since the last second.
  var isIdle: Bool { allocates == 0 }
}

/// The lookaside lists of a machine. It has hundreds, of which a short trace asks a few: the others
/// are one value.
struct Lookasides: Sendable {
  /// The place in `used` of each list; none for one that nobody has asked for.
  private var places: [Int32]
  private var used: [Lookaside] = []
  /// What a list is that nobody has asked for.
  private var untouched: Lookaside

  init(count: Int, depth: Int) {
    places = Array(repeating: -1, count: count)
    untouched = Lookaside(depth: depth)
  }

  subscript(number: Int) -> Lookaside {
    _read { yield places[number] < 0 ? untouched : used[Int(places[number])] }
    _modify {
      if places[number] < 0 {
        places[number] = Int32(used.count)
        used.append(untouched)
      }
      yield &used[Int(places[number])]
    }
  }

  /// Changes every list.
  mutating func changeAll(_ change: (inout Lookaside) -> Void) {
    change(&untouched)
    for place in used.indices { change(&used[place]) }
  }
}

/// What a caller holds in whole pages.
struct LargeBlock: Sendable {
  /// Its pages, as counted by the page level.
  var pages: UInt64
  /// The bytes that its caller may write to.
  var bytes: UInt64
  /// The request rounded up to units, from which the place of the tail follows.
  var roundedBytes: UInt64
  var tag: PoolTag
  var type: PoolType
  /// False where the big-page table had no room for it.
  var isInTable: Bool
  /// The kernel's own: nobody may free it.
  var isSystem: Bool
}
