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
