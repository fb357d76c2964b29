import typealias KernelPool.Address
import struct KernelPool.DescriptorRoot
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// The tables that the kernel keeps in nonpaged pages.
public enum KernelTable: String, Sendable, CaseIterable {
  /// Counts for each tag.
  case tags = "tag table"
  /// The large allocations.
  case bigPages = "big-page table"

  /// Where the table lies, and its bytes.
  public func extent(in view: PoolView) -> (address: Address, byteCount: UInt64) {
    let variables = view.variables
    return switch self {
    case .tags:
      (variables.trackerTable, variables.trackerRows &* view.profile.trackerRowBytes)
    case .bigPages:
      (variables.bigTable, variables.bigTableEntries &* view.profile.bigEntryBytes)
    }
  }
}

/// Where a row of the tag table has the counts of one pool, as offsets from the row's start.
///
/// A row is a tag, then two 32-bit counts and the bytes of nonpaged pool, then the same of paged
/// pool; byte counts are as wide as a pointer, and aligned (public symbols, `POOL_TRACKER_TABLE`).
public struct TagColumns: Sendable {
  /// Allocations.
  public let allocations: UInt64
  /// Frees.
  public let frees: UInt64
  /// Outstanding bytes.
  public let bytes: UInt64

  /// The columns of one pool, with pointers of so many bytes.
  public init(isPaged: Bool, wordBytes: UInt64) {
    let isWide = wordBytes == 8
    allocations = isPaged ? (isWide ? 0x18 : 0x10) : 4
    frees = allocations + 4
    bytes = isPaged ? (isWide ? 0x20 : 0x18) : (isWide ? 0x10 : 0xC)
  }
}

/// A row of the tag table: what one tag has allocated and freed (public symbols,
/// `POOL_TRACKER_TABLE`).
public struct TagRow: Sendable, Equatable {
  /// The tag.
  public let tag: PoolTag
  /// Counts of nonpaged pool.
  public let nonPaged: Counts
  /// Counts of paged pool, the session's included.
  public let paged: Counts

  /// Counts of one pool.
  public struct Counts: Sendable, Equatable {
    /// Allocations, modulo 2^32.
    public let allocations: UInt32
    /// Frees, modulo 2^32.
    public let frees: UInt32
    /// Outstanding bytes: block bytes, headers included; whole pages for large allocations.
    public let bytes: UInt64

    /// Outstanding allocations, modulo 2^32.
    public var outstanding: UInt32 { allocations &- frees }
    /// True where the tag has nothing outstanding.
    public var isEmpty: Bool { outstanding == 0 && bytes == 0 }

    fileprivate init?(_ view: PoolView, ofRowAt row: Address, isPaged: Bool) {
      let columns = TagColumns(isPaged: isPaged, wordBytes: view.profile.wordBytes)
      guard let allocations = view.word32(row &+ columns.allocations),
        let frees = view.word32(row &+ columns.frees),
        let bytes = view.pointer(row &+ columns.bytes)
      else { return nil }
      self.allocations = allocations
      self.frees = frees
      self.bytes = bytes
    }
  }

  /// Every used row of the table in the order of the table.
  ///
  /// A table that is not mapped has no rows.
  public static func all(in view: PoolView) -> [TagRow] {
    let table = KernelTable.tags.extent(in: view)
    var rows: [TagRow] = []
    for index in 0..<view.variables.trackerRows {
      let address = table.address &+ index &* view.profile.trackerRowBytes
      guard let key = view.word32(address) else { break }
      guard key != 0, let row = TagRow(view, at: address, key: key) else { continue }
      rows.append(row)
    }
    return rows
  }

  private init?(_ view: PoolView, at address: Address, key: UInt32) {
    guard let nonPaged = Counts(view, ofRowAt: address, isPaged: false),
      let paged = Counts(view, ofRowAt: address, isPaged: true)
    else { return nil }
    tag = PoolTag(word: key)
    self.nonPaged = nonPaged
    self.paged = paged
  }
}

/// The counters of a pool descriptor (public symbols, `POOL_DESCRIPTOR`).
public struct DescriptorCounters: Sendable, Equatable {
  /// Which descriptor.
  public let root: DescriptorRoot
  /// Allocations, lookaside hits excluded, modulo 2^32.
  public let allocations: UInt32
  /// Frees, lookaside pushes excluded, modulo 2^32.
  public let frees: UInt32
  /// Bytes in use as the version counts them, signed because the count may drift below zero; nil
  /// on versions without it.
  public let byteCount: Int64?
  /// Pages carved into small blocks, modulo 2^32.
  public let smallPages: UInt32
  /// Pages in large allocations, modulo 2^32.
  public let bigPages: UInt32

  /// Pages that the descriptor holds.
  public var pages: UInt64 { UInt64(smallPages) + UInt64(bigPages) }

  /// Reads the counters of `root`; what is not mapped counts as zero.
  public init(_ view: PoolView, _ root: DescriptorRoot) {
    self.root = root
    let layout = view.profile.descriptor
    allocations = view.word32(root.address &+ layout.runningAllocations) ?? 0
    frees = view.word32(root.address &+ layout.runningFrees) ?? 0
    byteCount = layout.totalBytes.map { offset in
      let word = view.pointer(root.address &+ offset) ?? 0
      return view.profile.wordBytes == 8
        ? Int64(bitPattern: word) : Int64(Int32(truncatingIfNeeded: word))
    }
    smallPages = view.word32(root.address &+ layout.totalPages) ?? 0
    bigPages = view.word32(root.address &+ layout.totalBigPages) ?? 0
  }
}
