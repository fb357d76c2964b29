/// What was stored to since the journal was last cleared: lines of memory, marks of pages, lookaside
/// lists.
///
/// The simulated memory keeps it at its one door for stores, so that it knows nothing of what an
/// operation meant to change: a stray store marks its line like every other. An audit that reads it
/// looks at these lines only.
///
/// A line has 64 bytes; the lines of 4096 bytes are one mask, and each mask that is not empty
/// stands on a list, so clearing costs what was stored to and nothing else.
public struct WriteJournal {
  /// Bytes of a line.
  public static let lineBytes: UInt64 = 64
  /// Bytes whose lines make up a mask.
  public static let chunkBytes: UInt64 = 4096
  /// Changed marks and lists that are kept; where there are more, the journal says so.
  public static let mostNotes = 4096

  /// 4096 bytes with at least one line that was stored to.
  public struct Chunk {
    /// The address of the first line, as far from its region's base as whole chunks are.
    public let address: Address
    @usableFromInline let mask: UnsafeMutablePointer<UInt64>

    /// A bit for every line, the lowest for the first.
    @inlinable public var lines: UInt64 { mask.pointee }
  }

  private struct Region {
    var base: Address
    var masks: UnsafeMutablePointer<UInt64>
  }

  private struct Storage {
    /// The masks of all regions, one behind the other.
    var reserved: ReservedBytes
    var regions: UnsafeMutablePointer<Region>
    var regionCount: Int
    var chunks: UnsafeMutablePointer<Chunk>
    var chunkCount = 0
    var chunkCapacity: Int
    var pages: UnsafeMutablePointer<Address>
    var pageCount = 0
    var lists: UnsafeMutablePointer<Int32>
    var listCount = 0
    var hasOverflown = false
  }

  private let storage: UnsafeMutablePointer<Storage>

  /// An empty journal of these regions; nil where there is no memory for it.
  init?(of list: UnsafeBufferPointer<MemoryRegion>, reserve: ReservedBytes.Reserver) {
    let counts = list.map { Int(($0.byteCount &+ Self.chunkBytes &- 1) / Self.chunkBytes) }
    let count = counts.reduce(0, +)
    guard let reserved = reserve(count * MemoryLayout<UInt64>.size) else { return nil }
    let regions = UnsafeMutablePointer<Region>.allocate(capacity: list.count)
    var masks = reserved.base.bindMemory(to: UInt64.self, capacity: count)
    for (index, region) in list.enumerated() {
      (regions + index).initialize(to: Region(base: region.base, masks: masks))
      masks += counts[index]
    }
    storage = .allocate(capacity: 1)
    storage.initialize(
      to: Storage(
        reserved: reserved, regions: regions, regionCount: list.count,
        chunks: .allocate(capacity: 256),
        chunkCapacity: 256, pages: .allocate(capacity: Self.mostNotes),
        lists: .allocate(capacity: Self.mostNotes)))
  }

  func deallocate() {
    // Whoever gets the bytes next may expect zeros.
    clear()
    storage.pointee.reserved.giveBack()
    storage.pointee.regions.deinitialize(count: storage.pointee.regionCount)
    storage.pointee.regions.deallocate()
    storage.pointee.chunks.deallocate()
    storage.pointee.pages.deallocate()
    storage.pointee.lists.deallocate()
    storage.deinitialize(count: 1)
    storage.deallocate()
  }

  // MARK: Reading

  /// True where neither memory nor a page's marks were stored to.
  public var hasNoStores: Bool {
    storage.pointee.chunkCount == 0 && storage.pointee.pageCount == 0
      && !storage.pointee.hasOverflown
  }

  /// The chunks that were stored to, in the order of the first stores; valid until the next store.
  public var chunks: UnsafeBufferPointer<Chunk> {
    UnsafeBufferPointer(start: storage.pointee.chunks, count: storage.pointee.chunkCount)
  }

  /// Addresses of pages whose marks changed; some more than once.
  public var markedPages: UnsafeBufferPointer<Address> {
    UnsafeBufferPointer(start: storage.pointee.pages, count: storage.pointee.pageCount)
  }

  /// Lookaside lists that changed, by `PoolView.lookaside(at:)`; some more than once.
  public var lookasides: UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: storage.pointee.lists, count: storage.pointee.listCount)
  }

  /// True where more marks or lists changed than are kept.
  public var hasOverflown: Bool { storage.pointee.hasOverflown }

  /// Forgets everything.
  public func clear() {
    let chunks = storage.pointee.chunks
    for index in 0..<storage.pointee.chunkCount { chunks[index].mask.pointee = 0 }
    storage.pointee.chunkCount = 0
    storage.pointee.pageCount = 0
    storage.pointee.listCount = 0
    storage.pointee.hasOverflown = false
  }

  // MARK: Writing

  /// The masks of a region, for its hot stores.
  func masks(of region: Int) -> UnsafeMutablePointer<UInt64> {
    storage.pointee.regions[region].masks
  }

  /// Notes a store of `width` bytes at `offset` of a region.
  func note(region: Int, offset: UInt64, width: UInt64) {
    guard width != 0 else { return }
    let masks = masks(of: region)
    let last = (offset &+ width &- 1) &>> 6
    var line = offset &>> 6
    while line <= last {
      let mask = masks + Int(truncatingIfNeeded: line &>> 6)
      let end = min(line | 63, last)
      let old = mask.pointee
      mask.pointee = old | (UInt64.max &<< (line & 63)) & (.max &>> (63 &- (end & 63)))
      if old == 0 { append(region, line &>> 6, mask) }
      line = end &+ 1
    }
  }

  /// Notes a store to a line of a region whose masks are known.
  @inline(__always)
  func note(region: Int, _ masks: UnsafeMutablePointer<UInt64>, line: UInt64) {
    let mask = masks + Int(truncatingIfNeeded: line &>> 6)
    let old = mask.pointee
    mask.pointee = old | 1 &<< (line & 63)
    if old == 0 { append(region, line &>> 6, mask) }
  }

  @inline(never)
  private func append(_ region: Int, _ chunk: UInt64, _ mask: UnsafeMutablePointer<UInt64>) {
    if storage.pointee.chunkCount == storage.pointee.chunkCapacity { grow() }
    let address = storage.pointee.regions[region].base &+ chunk &* Self.chunkBytes
    (storage.pointee.chunks + storage.pointee.chunkCount).initialize(
      to: Chunk(address: address, mask: mask))
    storage.pointee.chunkCount &+= 1
  }

  private func grow() {
    let larger = UnsafeMutablePointer<Chunk>.allocate(capacity: storage.pointee.chunkCapacity * 2)
    larger.moveInitialize(from: storage.pointee.chunks, count: storage.pointee.chunkCount)
    storage.pointee.chunks.deallocate()
    storage.pointee.chunks = larger
    storage.pointee.chunkCapacity *= 2
  }

  /// Notes that the marks of the page at `address` changed.
  func noteMarks(_ address: Address) {
    guard storage.pointee.pageCount < Self.mostNotes else {
      storage.pointee.hasOverflown = true
      return
    }
    storage.pointee.pages[storage.pointee.pageCount] = address
    storage.pointee.pageCount &+= 1
  }

  /// Notes that anything may have changed.
  func noteEverything() { storage.pointee.hasOverflown = true }

  /// Notes that a lookaside list changed.
  func noteLookaside(_ index: Int) {
    let last = storage.pointee.listCount &- 1
    if last >= 0, storage.pointee.lists[last] == Int32(truncatingIfNeeded: index) { return }
    guard storage.pointee.listCount < Self.mostNotes else {
      storage.pointee.hasOverflown = true
      return
    }
    storage.pointee.lists[storage.pointee.listCount] = Int32(truncatingIfNeeded: index)
    storage.pointee.listCount &+= 1
  }
}
