import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// An entry in use of the big-page table, as it is stored.
///
/// An entry is an address, a tag and a size; bit 0 of the address marks a free one. The size is a
/// page count up to Windows 2003; since Vista it is a byte count behind the pool type (public
/// symbols; Vergilius).
public struct BigPageEntry: Sendable {
  /// Address of the allocation.
  public let address: Address
  /// The tag as stored, the mark of a protected block included.
  public let tag: PoolTag
  /// The pool type as stored; 0 where entries keep none.
  public let type: UInt32
  /// The size as stored: pages, or bytes where `countsBytes`.
  public let size: UInt64
  /// Whether the size is one of bytes, behind a pool type.
  public let countsBytes: Bool

  /// The entry at a place of the table; nil where it is free or cannot be read.
  @inlinable public init?(_ view: PoolView, at place: Address) {
    let wordBytes = view.profile.wordBytes
    guard let address = view.pointer(place), Self.isUsed(address),
      let tag = view.word32(place &+ wordBytes)
    else { return nil }
    countsBytes = view.profile.storedPoolType == .orTwo
    let size =
      countsBytes
      ? view.pointer(place &+ wordBytes &+ 8)
      : view.word32(place &+ wordBytes &+ 4).map(UInt64.init)
    guard let size else { return nil }
    type = countsBytes ? view.word32(place &+ wordBytes &+ 4) ?? 0 : 0
    self.address = address
    self.tag = PoolTag(word: tag)
    self.size = size
  }

  /// Whether an entry with this address, as it is stored, is in use.
  @inlinable package static func isUsed(_ storedAddress: Address) -> Bool { storedAddress & 1 == 0 }

  /// Pages of the allocation, on pages of so many bytes.
  @inlinable public func pages(pageBytes: UInt64) -> UInt64 {
    guard countsBytes else { return size }
    let shift = UInt64(pageBytes.trailingZeroBitCount)
    return size &>> shift &+ (size & (pageBytes &- 1) == 0 ? 0 : 1)
  }
}

/// A large allocation as the big-page table knows it (ReactOS `POOL_TRACKER_BIG_PAGES`).
public struct LargeAllocation: Sendable, Equatable {
  /// Address of its first page.
  public let address: Address
  /// The tag as stored, the mark of a protected block included.
  public let tag: PoolTag
  /// Its size as the table has it: whole pages up to Windows 2003, bytes since Vista.
  public let byteCount: UInt64
  /// Its pages.
  public let pages: UInt64
  /// True for what the kernel allocated for its own descriptors at start.
  public let isKernelsOwn: Bool

  /// True where `address` lies in its pages.
  public func contains(_ address: Address, pageBytes: UInt64) -> Bool {
    address &- self.address < pages &* pageBytes
  }
}

/// The used entries of the big-page table, sorted by address.
public struct BigPageTable: Sendable {
  /// The large allocations in address order.
  public let allocations: [LargeAllocation]

  /// Reads the table; entries that cannot be read or have no pages are left out.
  public init(_ view: PoolView) {
    let roots = view.descriptors.map(\.address)
    let table = KernelTable.bigPages.extent(in: view)
    var found: [LargeAllocation] = []
    // A table that is not mapped ends here instead of failing entry by entry.
    var next = table.address
    for _ in 0..<Int(view.variables.bigTableEntries) {
      let place = next
      next &+= view.profile.bigEntryBytes
      guard let stored = view.pointer(place) else { break }
      guard BigPageEntry.isUsed(stored), stored != 0, let entry = BigPageEntry(view, at: place),
        let allocation = Self.allocation(view, entry, roots)
      else { continue }
      found.append(allocation)
    }
    allocations = found.sorted { $0.address < $1.address }
  }

  /// The allocation in whose pages `address` lies, or nil.
  public func allocation(containing address: Address, pageBytes: UInt64) -> LargeAllocation? {
    var low = 0
    var high = allocations.count
    while low < high {
      let middle = (low + high) / 2
      if allocations[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let candidate = allocations[low - 1]
    return candidate.contains(address, pageBytes: pageBytes) ? candidate : nil
  }

  private static func allocation(
    _ view: PoolView, _ entry: BigPageEntry, _ roots: [Address]
  ) -> LargeAllocation? {
    let pageBytes = view.profile.pageBytes
    let limit = view.region(of: entry.address)?.byteCount ?? 0
    let bytes = entry.countsBytes ? entry.size : entry.size &* pageBytes
    guard entry.size != 0, bytes <= limit else { return nil }
    let pages = entry.pages(pageBytes: pageBytes)
    return LargeAllocation(
      address: entry.address, tag: entry.tag, byteCount: bytes, pages: pages,
      isKernelsOwn: roots.contains { $0 &- entry.address < pages * pageBytes })
  }
}
