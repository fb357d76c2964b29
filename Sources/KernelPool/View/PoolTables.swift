// Reading the kernel's tables out of memory, as a debugger does.

/// One large allocation of the big-page table.
public struct BigPageEntry: Equatable, Sendable {
  /// The first page.
  public var address: Address
  /// The tag as stored.
  public var tag: PoolTag
  /// Whole pages.
  public var pages: UInt64
  /// Bytes: the request rounded up to units where entries count bytes, else whole pages.
  public var bytes: UInt64
}

/// The counters of a descriptor.
public struct DescriptorCounters: Equatable, Sendable {
  /// Allocations, lookaside hits excluded.
  public var allocations: UInt32
  /// Frees, lookaside pushes excluded.
  public var frees: UInt32
  /// Pages carved into small blocks.
  public var pages: UInt32
  /// Pages in large allocations.
  public var bigPages: UInt32
  /// Bytes, signed because it may drift below zero; nil on versions without the counter.
  public var bytes: Int64?
  /// Deferred frees that wait.
  public var pendingFrees: UInt32
}

/// A row of the tag table.
public struct TrackerRow: Equatable, Sendable {
  /// The three counters of one kind of pool.
  public struct Counters: Equatable, Sendable {
    /// Allocations since start.
    public var allocations: UInt32 = 0
    /// Frees since start.
    public var frees: UInt32 = 0
    /// Bytes in use, whole blocks and pages, signed because errors can take it below zero.
    public var bytes: Int64 = 0
  }

  /// The tag.
  public var tag: PoolTag
  /// Counters of nonpaged pool.
  public var nonPaged = Counters()
  /// Counters of paged pool.
  public var paged = Counters()
}

extension PoolView {
  /// One bit of a map in simulated memory; false where nothing is mapped.
  public func bit(_ index: UInt64, ofMapAt map: Address) -> Bool {
    guard let byte = byte(map &+ index >> 3) else { return false }
    return byte >> UInt8(index & 7) & 1 != 0
  }

  /// True for addresses of nonpaged pool.
  public func isNonPaged(_ address: Address) -> Bool { region(of: address)?.kind == .nonPaged }

  /// Every large allocation in the order of the table.
  public var bigEntries: [BigPageEntry] {
    var entries: [BigPageEntry] = []
    let countsBytes = profile.storedPoolType == .orTwo
    let sizeOffset = profile.wordBytes + (countsBytes ? 8 : 4)
    for index in 0..<variables.bigTableEntries {
      let place = variables.bigTable &+ index &* profile.bigEntryBytes
      guard let address = pointer(place), address & 1 == 0,
        let tag = word32(place &+ profile.wordBytes)
      else { continue }
      let size =
        countsBytes
        ? pointer(place &+ sizeOffset) : word32(place &+ sizeOffset).map(UInt64.init)
      guard let size else { continue }
      let pages = countsBytes ? (size &+ profile.pageBytes &- 1) / profile.pageBytes : size
      entries.append(
        BigPageEntry(
          address: address, tag: PoolTag(word: tag), pages: pages,
          bytes: countsBytes ? size : size &* profile.pageBytes))
    }
    return entries
  }

  /// The counters of a descriptor, zero where its memory is not mapped.
  public func counters(_ root: DescriptorRoot) -> DescriptorCounters {
    let layout = profile.descriptor
    func word(_ offset: UInt64) -> UInt32 { word32(root.address &+ offset) ?? 0 }
    let bytes = layout.totalBytes.map { offset in
      profile.wordBytes == 8
        ? Int64(bitPattern: word64(root.address &+ offset) ?? 0)
        : Int64(Int32(bitPattern: word(offset)))
    }
    return DescriptorCounters(
      allocations: word(layout.runningAllocations), frees: word(layout.runningFrees),
      pages: word(layout.totalPages), bigPages: word(layout.totalBigPages), bytes: bytes,
      pendingFrees: word(layout.pendingFreeDepth))
  }

  /// The row at an index of the tag table, or nil where it is empty.
  public func trackerRow(at index: UInt64) -> TrackerRow? {
    let place = variables.trackerTable &+ index &* profile.trackerRowBytes
    guard let key = word32(place), key != 0 else { return nil }
    let isWide = profile.wordBytes == 8
    func counters(_ allocations: UInt64, _ frees: UInt64, _ bytes: UInt64) -> TrackerRow.Counters {
      TrackerRow.Counters(
        allocations: word32(place &+ allocations) ?? 0, frees: word32(place &+ frees) ?? 0,
        bytes: isWide
          ? Int64(bitPattern: word64(place &+ bytes) ?? 0)
          : Int64(Int32(bitPattern: word32(place &+ bytes) ?? 0)))
    }
    var row = TrackerRow(tag: PoolTag(word: key))
    row.nonPaged = isWide ? counters(4, 8, 0x10) : counters(4, 8, 0xC)
    row.paged = isWide ? counters(0x18, 0x1C, 0x20) : counters(0x10, 0x14, 0x18)
    return row
  }

  /// Every row of the tag table that has a tag.
  public var trackerRows: [TrackerRow] {
    (0..<variables.trackerRows).compactMap { trackerRow(at: $0) }
  }

  /// The row of a tag, all zero where there is none.
  public func trackerRow(_ tag: PoolTag) -> TrackerRow {
    let key = tag.unprotected
    return trackerRows.first { $0.tag == key } ?? TrackerRow(tag: key)
  }

  /// Pages of a pool that are carved into small blocks, by address.
  public func smallBlockPages(_ kind: PoolKind) -> [Address] {
    var pages: [Address] = []
    for index in 0..<regionCount where regions[index].kind == kind {
      let region = regions[index]
      guard let marks = region.marksPointer else { continue }
      for page in 0..<(region.byteCount >> region.pageShift)
      where marks[Int(page)] & PageMarks.smallBlocks.rawValue != 0 {
        pages.append(region.base + page << region.pageShift)
      }
    }
    return pages.sorted()
  }
}
