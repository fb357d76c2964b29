import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

/// A block of a page as its history left it. Positions and sizes are in units.
struct Block: Sendable {
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

  var end: Int { Int(start) + Int(units) }
}

/// The pages that are cut into blocks, each with its blocks in the order of their places.
struct BlockPages: Sendable {
  private var places: [Address: Int] = [:]
  private var pages: [[Block]] = []
  private var unused: [Int] = []

  /// The place of a page's blocks; nil where the page has none.
  func place(_ page: Address) -> Int? { places[page] }

  subscript(place: Int) -> [Block] {
    _read { yield pages[place] }
    _modify { yield &pages[place] }
  }

  /// The index of the block that holds a unit.
  func index(_ place: Int, ofUnit unit: Int) -> Int {
    var low = 0
    var high = pages[place].count
    while low < high {
      let middle = (low + high) / 2
      if pages[place][middle].end > unit { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Cuts a page into blocks.
  mutating func open(_ page: Address, _ blocks: [Block]) {
    if let place = unused.popLast() {
      places[page] = place
      pages[place] += blocks
    } else {
      places[page] = pages.count
      pages.append(blocks)
    }
  }

  /// Forgets a page's blocks.
  mutating func close(_ page: Address) {
    guard let place = places.removeValue(forKey: page) else { return }
    pages[place].removeAll(keepingCapacity: true)
    unused.append(place)
  }
}

/// Free blocks of a descriptor by their size in units, those of one size in the order of their list.
struct FreeLists: Sendable {
  /// The sizes that have blocks, ascending.
  private var sizes: [Int] = []
  /// The headers of each size, the head of the list last.
  private var blocks: [[Address]] = []

  /// Takes the first block of the smallest size from `units` on.
  mutating func takeFirst(from units: Int) -> Address? {
    let place = place(of: units)
    guard place < sizes.count else { return nil }
    let header = blocks[place].removeLast()
    if blocks[place].isEmpty { forget(place) }
    return header
  }

  mutating func insert(_ header: Address, units: Int, atHead: Bool) {
    let place = place(of: units)
    if place == sizes.count || sizes[place] != units {
      sizes.insert(units, at: place)
      blocks.insert([header], at: place)
    } else if atHead {
      blocks[place].append(header)
    } else {
      blocks[place].insert(header, at: 0)
    }
  }

  mutating func remove(_ header: Address, units: Int) {
    let place = place(of: units)
    guard place < sizes.count, let index = blocks[place].lastIndex(of: header) else { return }
    blocks[place].remove(at: index)
    if blocks[place].isEmpty { forget(place) }
  }

  private mutating func forget(_ place: Int) {
    sizes.remove(at: place)
    blocks.remove(at: place)
  }

  private func place(of units: Int) -> Int {
    var low = 0
    var high = sizes.count
    while low < high {
      let middle = (low + high) / 2
      if sizes[middle] >= units { high = middle } else { low = middle + 1 }
    }
    return low
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
