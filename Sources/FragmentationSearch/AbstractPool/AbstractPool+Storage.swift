/// Records and page numbers: taken from a chain of unused ones, or from the end of a buffer that
/// doubles when it is full.
extension AbstractPool {
  mutating func makeRecord(_ record: BlockRecord) -> Int32 {
    if firstUnused >= 0 {
      let index = firstUnused
      firstUnused = records[Int(index)].listNext
      records[Int(index)] = record
      return index
    }
    if recordCount == recordCapacity {
      records = Self.doubled(records, count: recordCount)
      recordCapacity *= 2
    }
    (records + recordCount).initialize(to: record)
    recordCount &+= 1
    return Int32(recordCount &- 1)
  }

  mutating func recycle(_ index: Int32) {
    records[Int(index)].state = .unused
    records[Int(index)].listNext = firstUnused
    firstUnused = index
  }

  mutating func makePage() -> Int32 {
    if firstUnusedPage >= 0 {
      let page = firstUnusedPage
      firstUnusedPage = -2 - firstBlocks[Int(page)] - 1
      return page
    }
    if pageCount == pageCapacity {
      firstBlocks = Self.doubled(firstBlocks, count: pageCount)
      pageCapacity *= 2
    }
    (firstBlocks + pageCount).initialize(to: -1)
    pageCount &+= 1
    return Int32(pageCount &- 1)
  }

  private static func doubled<Element>(
    _ buffer: UnsafeMutablePointer<Element>, count: Int
  ) -> UnsafeMutablePointer<Element> {
    precondition(count < 1 << 30, "more records than a handle can name")
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: count * 2)
    larger.moveInitialize(from: buffer, count: count)
    buffer.deallocate()
    return larger
  }
}

/// One doubly linked list for each size of free block, and a bit map of those that hold any.
struct FreeLists: ~Copyable {
  let pageUnits: Int
  private let wordCount: Int
  let heads: UnsafeMutablePointer<Int32>
  let tails: UnsafeMutablePointer<Int32>
  let nonEmpty: UnsafeMutablePointer<UInt64>

  init(pageUnits: Int) {
    self.pageUnits = pageUnits
    wordCount = pageUnits / 64 + 1
    heads = .allocate(capacity: pageUnits + 1)
    heads.initialize(repeating: -1, count: pageUnits + 1)
    tails = .allocate(capacity: pageUnits + 1)
    tails.initialize(repeating: -1, count: pageUnits + 1)
    nonEmpty = .allocate(capacity: wordCount)
    nonEmpty.initialize(repeating: 0, count: wordCount)
  }

  init(copying other: borrowing FreeLists) {
    pageUnits = other.pageUnits
    wordCount = other.wordCount
    heads = .allocate(capacity: pageUnits + 1)
    heads.initialize(from: other.heads, count: pageUnits + 1)
    tails = .allocate(capacity: pageUnits + 1)
    tails.initialize(from: other.tails, count: pageUnits + 1)
    nonEmpty = .allocate(capacity: wordCount)
    nonEmpty.initialize(from: other.nonEmpty, count: wordCount)
  }

  deinit {
    heads.deallocate()
    tails.deallocate()
    nonEmpty.deallocate()
  }

  /// The smallest size of at least `units` with a free block, or -1.
  func smallestSize(atLeast units: Int) -> Int {
    guard units <= pageUnits else { return -1 }
    var word = units >> 6
    var bits = nonEmpty[word] & (~0 << UInt64(units & 63))
    while bits == 0 {
      word &+= 1
      if word == wordCount { return -1 }
      bits = nonEmpty[word]
    }
    return word << 6 &+ bits.trailingZeroBitCount
  }

  /// The largest size with a free block, 0 if there is none.
  var largestSize: Int {
    for word in stride(from: wordCount - 1, through: 0, by: -1) where nonEmpty[word] != 0 {
      return word << 6 + 63 - nonEmpty[word].leadingZeroBitCount
    }
    return 0
  }

  mutating func insertAtHead(_ block: Int32, _ records: UnsafeMutablePointer<BlockRecord>) {
    let size = Int(records[Int(block)].units)
    let next = heads[size]
    records[Int(block)].listPrevious = -1
    records[Int(block)].listNext = next
    heads[size] = block
    if next >= 0 {
      records[Int(next)].listPrevious = block
    } else {
      tails[size] = block
      nonEmpty[size >> 6] |= 1 << UInt64(size & 63)
    }
  }

  mutating func insertAtTail(_ block: Int32, _ records: UnsafeMutablePointer<BlockRecord>) {
    let size = Int(records[Int(block)].units)
    let previous = tails[size]
    records[Int(block)].listPrevious = previous
    records[Int(block)].listNext = -1
    tails[size] = block
    if previous >= 0 {
      records[Int(previous)].listNext = block
    } else {
      heads[size] = block
      nonEmpty[size >> 6] |= 1 << UInt64(size & 63)
    }
  }

  mutating func remove(_ block: Int32, _ records: UnsafeMutablePointer<BlockRecord>) {
    let record = records[Int(block)]
    let size = Int(record.units)
    if record.listPrevious >= 0 {
      records[Int(record.listPrevious)].listNext = record.listNext
    } else {
      heads[size] = record.listNext
    }
    if record.listNext >= 0 {
      records[Int(record.listNext)].listPrevious = record.listPrevious
    } else {
      tails[size] = record.listPrevious
    }
    if heads[size] < 0 { nonEmpty[size >> 6] &= ~(1 << UInt64(size & 63)) }
  }
}

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
