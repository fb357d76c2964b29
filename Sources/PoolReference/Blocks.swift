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

  /// Cuts a page into blocks; returns their place.
  mutating func open(_ page: Address, _ blocks: [PageBlock]) -> Int {
    let place = unused.popLast() ?? pages.count
    places[page] = place
    last = (page, place)
    if place == pages.count { pages.append(blocks) } else { pages[place] += blocks }
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

/// The free blocks of one size, in the order of their list. What leaves the middle leaves a gap
/// behind, so that a list of any length costs the same.
private struct FreeList: Sendable {
  private struct Entry: Sendable {
    let order: Int
    var header: Address
  }

  /// What was put to the head, the head last, and what was put to the tail, the tail last.
  private var front: [Entry] = []
  private var back: [Entry] = []
  private var firstOfBack = 0
  private var count = 0

  var isEmpty: Bool { count == 0 }

  /// Puts a block to an end; returns what finds it again.
  mutating func insert(_ header: Address, atHead: Bool) -> Int {
    count += 1
    if atHead {
      let order = (front.last?.order ?? 0) + 1
      front.append(Entry(order: order, header: header))
      return order
    }
    let order = (back.last?.order ?? 0) - 1
    back.append(Entry(order: order, header: header))
    return order
  }

  mutating func takeFirst() -> Address? {
    while let entry = front.popLast() {
      guard entry.header != 0 else { continue }
      count -= 1
      return entry.header
    }
    while firstOfBack < back.count {
      let header = back[firstOfBack].header
      back[firstOfBack].header = 0
      firstOfBack += 1
      guard header != 0 else { continue }
      count -= 1
      compactBack()
      return header
    }
    return nil
  }

  mutating func remove(_ order: Int) {
    count -= 1
    if order > 0 {
      front[front.place { $0.order >= order }].header = 0
      while front.last?.header == 0 { front.removeLast() }
      if front.count > 2 * count + 16 { front.removeAll { $0.header == 0 } }
    } else {
      back[back.place(from: firstOfBack) { $0.order <= order }].header = 0
      compactBack()
    }
  }

  /// Makes a list without blocks a new one, and keeps its room.
  mutating func reset() {
    front.removeAll(keepingCapacity: true)
    back.removeAll(keepingCapacity: true)
    firstOfBack = 0
  }

  /// The last entry stays, since the next order follows from it.
  private mutating func compactBack() {
    guard back.count > 2 * count + 16 else { return }
    let last = back[back.count - 1]
    back = back[firstOfBack...].dropLast().filter { $0.header != 0 } + [last]
    firstOfBack = 0
  }
}

/// Free blocks of a descriptor by their size in units.
struct BlocksBySize: Sendable {
  /// A bit for each size, set where there are blocks of it.
  private var sizes: [UInt64] = []
  /// The place in `lists` of each size; none for one that never had a block.
  private var places: [Int32] = []
  private var lists: [FreeList] = []

  /// Takes the first block of the smallest size from `units` on.
  mutating func takeFirst(from units: Int) -> Address? {
    guard let size = firstSize(from: units) else { return nil }
    let place = Int(places[size])
    let header = lists[place].takeFirst()
    forgetIfEmpty(place, size)
    return header
  }

  /// Puts a block to an end of its list; returns what `remove` needs.
  mutating func insert(_ header: Address, units: Int, atHead: Bool) -> Int {
    if units >= places.count { makeRoom(for: units) }
    if places[units] < 0 {
      places[units] = Int32(lists.count)
      lists.append(FreeList())
    }
    sizes[units &>> 6] |= 1 &<< UInt64(units & 63)
    return lists[Int(places[units])].insert(header, atHead: atHead)
  }

  mutating func remove(_ order: Int, units: Int) {
    guard firstSize(from: units) == units else { return }
    let place = Int(places[units])
    lists[place].remove(order)
    forgetIfEmpty(place, units)
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

  private mutating func forgetIfEmpty(_ place: Int, _ size: Int) {
    guard lists[place].isEmpty else { return }
    sizes[size &>> 6] &= ~(1 &<< UInt64(size & 63))
    lists[place].reset()
  }

  private mutating func makeRoom(for units: Int) {
    let words = max(units &>> 6 + 1, 2 * sizes.count)
    sizes += Array(repeating: 0, count: words - sizes.count)
    places += Array(repeating: -1, count: words * 64 - places.count)
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
