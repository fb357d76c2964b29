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
