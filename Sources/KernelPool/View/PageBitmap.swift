/// Roots of a pool whose pages are handed out from a bitmap: addresses and the kernel's variables.
///
/// Both maps lie in simulated memory, one bit a page, little-endian 32-bit words.
public struct PageBitmap: Sendable, Equatable {
  /// Address of the pool's first page.
  public var base: Address = 0
  /// Pages of the region; bits of the maps.
  public var pages: UInt64 = 0
  /// Pages that have page tables; the rest is marked as used.
  public var openPages: UInt64 = 0
  /// Bit at which the next search starts.
  public var hint: UInt64 = 0
  /// Address of the allocation map: 1 is used or not yet open.
  public var allocationMap: Address = 0
  /// Address of the map of last pages of allocations.
  public var endMap: Address = 0
  /// Index of the region among the simulated memory's regions.
  var region = 0
  /// Pages that one step of growth opens; 0 where the pool does not grow.
  var growthPages: UInt64 = 0
}
