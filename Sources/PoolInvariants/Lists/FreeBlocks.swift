import typealias KernelPool.Address

/// The free blocks with room for links that the page walks found.
struct FreeBlocks {
  /// What a walk says of one.
  struct Block {
    var units: UInt64
    var descriptor: Int
    var isListed: Bool
  }

  private var index = AddressIndex()
  /// Blocks that were found on a list.
  private(set) var listedCount = 0
  private static let listedBit: UInt32 = 1 << 31

  /// How many there are.
  var count: Int { index.count }

  /// Adds a block by its header. Units have 16 bits at most, descriptors are fewer than 256.
  @inline(__always) mutating func insert(_ header: Address, units: UInt64, descriptor: Int) {
    index.set(
      header,
      UInt32(truncatingIfNeeded: units & 0xFFFF) | UInt32(truncatingIfNeeded: descriptor & 0xFF)
        &<< 16)
  }

  /// The block with its header at an address, or nil.
  @inline(__always) subscript(header: Address) -> Block? {
    index[header].map { Self.block($0) }
  }

  private static func block(_ value: UInt32) -> Block {
    Block(
      units: UInt64(value & 0xFFFF), descriptor: Int((value &>> 16) & 0xFF),
      isListed: value & listedBit != 0)
  }

  /// Notes that a block is on a list.
  mutating func list(_ header: Address) {
    guard let value = index[header], value & Self.listedBit == 0 else { return }
    listedCount += 1
    index.set(header, value | Self.listedBit)
  }

  /// Calls `report` for every block that is on no list.
  func forEachUnlisted(_ report: (Address, Block) -> Void) {
    index.forEach { header, value in
      if value & Self.listedBit == 0 { report(header, Self.block(value)) }
    }
  }

  /// Takes everything out.
  mutating func removeAll() {
    index.removeAll()
    listedCount = 0
  }
}
