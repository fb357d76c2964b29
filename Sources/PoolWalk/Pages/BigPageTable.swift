import KernelPool

/// The used entries of the big-page table, sorted by address.
///
/// An entry is an address, a tag and a size; bit 0 of the address marks a free one. The size is a
/// page count up to Windows 2003; since Vista it is a byte count behind the pool type (public
/// symbols; Vergilius).
public struct BigPageTable: Sendable {
  /// The large allocations in address order.
  public let allocations: [LargeAllocation]

  /// Reads the table; entries that cannot be read or have no pages are left out.
  public init(_ view: PoolView) {
    let roots = view.descriptors.map(\.address)
    let variables = view.variables
    var found: [LargeAllocation] = []
    for index in 0..<variables.bigTableEntries {
      let entry = variables.bigTable &+ index &* view.profile.bigEntryBytes
      // A table that is not mapped ends here instead of failing entry by entry.
      guard let address = view.pointer(entry) else { break }
      guard address & 1 == 0, address != 0,
        let allocation = Self.read(view, entry, address, roots)
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

  private static func read(
    _ view: PoolView, _ entry: Address, _ address: Address, _ roots: [Address]
  ) -> LargeAllocation? {
    let profile = view.profile
    let key = entry &+ profile.wordBytes
    let countsBytes = profile.storedPoolType == .orTwo
    let size = countsBytes ? view.pointer(key &+ 8) : view.word32(key &+ 4).map(UInt64.init)
    guard let tag = view.word32(key), let size, size != 0 else { return nil }
    let limit = view.region(of: address)?.byteCount ?? 0
    let pageBytes = profile.pageBytes
    let bytes = countsBytes ? size : size &* pageBytes
    guard bytes <= limit else { return nil }
    let pages = (bytes + pageBytes - 1) / pageBytes
    let isKernelsOwn = roots.contains { $0 &- address < pages * pageBytes }
    return LargeAllocation(
      address: address, tag: PoolTag(word: tag), byteCount: bytes, pages: pages,
      isKernelsOwn: isKernelsOwn)
  }
}
