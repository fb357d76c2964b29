/// The free blocks inside of pages by size, and what they say about a request of one size.
///
/// A request that no free block serves needs a fresh page, however much is free altogether.
struct FreeSpace: Sendable, Equatable {
  private(set) var bytes: UInt64 = 0
  private(set) var largestBlockBytes: UInt64 = 0
  private var blocks: UInt64 = 0
  /// Blocks of each size in bytes.
  private var sizes: [UInt64: UInt64] = [:]

  /// Adds a free block, also one that is too small for a list.
  mutating func add(blockBytes: UInt64) {
    bytes &+= blockBytes
    blocks &+= 1
    largestBlockBytes = max(largestBlockBytes, blockBytes)
    sizes[blockBytes, default: 0] &+= 1
  }

  /// Adds the free blocks of another pool.
  mutating func add(_ other: FreeSpace) {
    bytes &+= other.bytes
    blocks &+= other.blocks
    largestBlockBytes = max(largestBlockBytes, other.largestBlockBytes)
    sizes.merge(other.sizes) { $0 &+ $1 }
  }

  /// The share of free bytes in blocks that do not serve the request (Gorman and Whitcroft's
  /// unusable free space index): 0 where all do, 1 where none does, 0 where nothing is free.
  func unusableIndex(_ request: RequestedBlock) -> Double {
    guard bytes > 0 else { return 0 }
    var unusable: UInt64 = 0
    for (size, count) in sizes where !request.isServed(byFreeBytes: size) {
      unusable &+= size &* count
    }
    return Double(unusable) / Double(bytes)
  }

  /// Linux's fragmentation index (`mm/vmstat.c`, `__fragmentation_index`): -1 where a free block
  /// serves the request, otherwise 1 - (1 + free / size) / blocks, which tends to 0 where memory is
  /// short and to 1 where it is shattered. 0 where nothing is free.
  func fragmentationIndex(_ request: RequestedBlock) -> Double {
    guard blocks > 0 else { return 0 }
    if sizes.keys.contains(where: request.isServed) { return -1 }
    return 1 - (1 + Double(bytes) / Double(request.blockBytes)) / Double(blocks)
  }
}
