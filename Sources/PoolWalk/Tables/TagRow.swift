import KernelPool

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
  }

  /// Every used row of the table in the order of the table.
  ///
  /// A table that is not mapped has no rows.
  public static func all(in view: PoolView) -> [TagRow] {
    let variables = view.variables
    var rows: [TagRow] = []
    for index in 0..<variables.trackerRows {
      let address = variables.trackerTable &+ index &* view.profile.trackerRowBytes
      guard let key = view.word32(address) else { break }
      guard key != 0, let row = TagRow(view, at: address, key: key) else { continue }
      rows.append(row)
    }
    return rows
  }

  private init?(_ view: PoolView, at address: Address, key: UInt32) {
    let columns: [UInt64] = view.profile.wordBytes == 8 ? [0x4, 0x18] : [0x4, 0x10]
    guard let nonPaged = Counts(view, at: address &+ columns[0]),
      let paged = Counts(view, at: address &+ columns[1])
    else { return nil }
    tag = PoolTag(word: key)
    self.nonPaged = nonPaged
    self.paged = paged
  }
}

extension TagRow.Counts {
  /// Two 32-bit counts and then the bytes, aligned to a pointer.
  fileprivate init?(_ view: PoolView, at address: Address) {
    let bytesAt = (address &+ 8 &+ view.profile.wordBytes &- 1) & ~(view.profile.wordBytes - 1)
    guard let allocations = view.word32(address), let frees = view.word32(address &+ 4),
      let bytes = view.pointer(bytesAt)
    else { return nil }
    self.init(allocations: allocations, frees: frees, bytes: bytes)
  }
}
