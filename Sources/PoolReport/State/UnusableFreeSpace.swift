/// How much of the free space a request of a size cannot use: Linux's unusable free space index for
/// every size of block (Gorman and Whitcroft 2006).
public struct UnusableFreeSpace: Sendable {
  /// Bytes of free blocks inside of pages.
  public let freeBytes: UInt64
  /// Bytes of a unit.
  public let unitBytes: UInt64
  /// For blocks of 1 unit, 2 units, ... up to a page: the share of free bytes in smaller holes.
  public let shares: [Double]

  /// The curve of a state.
  public init(_ state: HistoryState) {
    let units = Int(state.history.unitsPerPage)
    unitBytes = state.history.unitBytes
    var bytesBySize = [UInt64](repeating: 0, count: units + 1)
    for page in state.pages {
      for block in page.blocks where block.state == .free || block.state == .orphan {
        bytesBySize[min(Int(block.byteCount / unitBytes), units)] += block.byteCount
      }
    }
    let free = bytesBySize.reduce(0, +)
    freeBytes = free
    var smaller: UInt64 = 0
    shares = (1...max(units, 1)).map { size in
      defer { smaller += bytesBySize[min(size, units)] }
      return free == 0 ? 0 : Double(smaller) / Double(free)
    }
  }

  /// The share of free bytes in holes too small for a block of `bytes`, header included.
  public func share(blockBytes bytes: UInt64) -> Double {
    let units = Int((bytes + unitBytes - 1) / unitBytes)
    return shares[min(max(units, 1), shares.count) - 1]
  }

  /// The sizes at which the curve rises, with what it rises to, the first size included.
  public var corners: [(blockBytes: UInt64, share: Double)] {
    shares.indices.filter { $0 == 0 || shares[$0] != shares[$0 - 1] }
      .map { (UInt64($0 + 1) * unitBytes, shares[$0]) }
  }
}
