import typealias KernelPool.Address

/// Blocks that look allocated although no caller holds them.
struct HeldBlocks {
  /// Where a block waits.
  enum Place: UInt32 {
    case lookaside = 1
    case deferred = 2
  }

  private var index = AddressIndex()
  private static let metBit: UInt32 = 1 << 8

  /// Adds the block whose body starts at `body`; false where it was there before.
  mutating func insert(_ body: Address, _ place: Place) -> Bool {
    guard index[body] == nil else { return false }
    return index.set(body, place.rawValue)
  }

  /// True where a block waits.
  @inline(__always) func contains(_ body: Address) -> Bool { index[body] != nil }

  /// Notes that a page's walk met the block as one in use; false where it does not wait.
  @inline(__always) mutating func meet(_ body: Address) -> Bool {
    guard let value = index[body] else { return false }
    index.set(body, value | Self.metBit)
    return true
  }

  /// Blocks that no page's walk met.
  func forEachUnmet(_ report: (Address, Place) -> Void) {
    index.forEach { body, value in
      guard value & Self.metBit == 0 else { return }
      report(body, Place(rawValue: value & 0xFF) ?? .lookaside)
    }
  }

  /// Takes everything out.
  mutating func removeAll() { index.removeAll() }
}
