/// A last-in first-out list of blocks of one size that skips the list heads.
///
/// The links lie in the blocks' first pointers; the list itself is a kernel variable
/// (`GENERAL_LOOKASIDE`). Fields that a debugger shows keep its names.
public struct LookasideList: Sendable, Equatable {
  /// Body address of the first block, 0 when empty.
  public var top: Address = 0
  /// Blocks on the list as its own counter says, modulo 2^16.
  public var count: UInt16 = 0
  /// Blocks it may hold.
  public var depth: UInt16 = 0
  /// Attempts to allocate from it.
  public var totalAllocates: UInt32 = 0
  /// Attempts that found a block.
  public var allocateHits: UInt32 = 0
  /// Attempts to free to it.
  public var totalFrees: UInt32 = 0
  /// Attempts that found room.
  public var freeHits: UInt32 = 0
  /// `totalAllocates` when the depth was last adjusted.
  public var lastTotalAllocates: UInt32 = 0
  /// `allocateHits` when the depth was last adjusted.
  public var lastAllocateHits: UInt32 = 0

  /// An empty list that takes `depth` blocks.
  public init(depth: UInt16) { self.depth = depth }
}
