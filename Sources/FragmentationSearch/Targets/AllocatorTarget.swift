import PoolBounds

/// An allocator that adversaries and searches can drive: the abstract pool, the kernel model, or
/// somebody else's. Only the first four members are needed; what an allocator cannot tell about
/// its free blocks it answers with 0 or false, and the searches that ask for it grow weaker.
public protocol AllocatorTarget: ~Copyable, SendableMetatype {
  /// The sizes of the pool; requests lie between its smallest and its largest block.
  var geometry: PoolGeometry { get }
  /// What is held and what is live.
  var footprint: Footprint { get }
  /// Takes a block of `units`, header included.
  mutating func allocate(units: Int) -> BlockHandle
  /// Gives a live block back.
  mutating func free(_ handle: BlockHandle)

  /// Units from the start of its page to a live block.
  func offset(of handle: BlockHandle) -> Int
  /// A number that the live blocks of one page share, and no others.
  func page(of handle: BlockHandle) -> UInt64
  /// Units of the largest free block.
  var largestFreeUnits: Int { get }
  /// Free blocks of that size.
  var largestFreeBlocks: Int { get }
  /// Units of the free block that came into being last.
  var newestFreeUnits: Int { get }
  /// Whether a free block of exactly `units` exists.
  func hasFreeBlock(units: Int) -> Bool
  /// Held pages with a single live block.
  var pinnedPages: Int { get }
  /// A number that is the same for states in which all further requests have the same consequences;
  /// nil where it is not known.
  var stateDigest: UInt64? { get }
  /// An allocator in the same state, in which the same handles name the same blocks; nil where
  /// there is no such thing.
  func duplicate() -> Self?
}

extension AllocatorTarget where Self: ~Copyable {
  /// Unknown: 0.
  public func offset(of handle: BlockHandle) -> Int { 0 }
  /// Unknown: each block by itself.
  public func page(of handle: BlockHandle) -> UInt64 { UInt64(handle.index) }
  /// Unknown: 0.
  public var largestFreeUnits: Int { 0 }
  /// Unknown: 0.
  public var largestFreeBlocks: Int { 0 }
  /// Unknown: 0.
  public var newestFreeUnits: Int { 0 }
  /// Unknown: false.
  public func hasFreeBlock(units: Int) -> Bool { false }
  /// Unknown: 0.
  public var pinnedPages: Int { 0 }
  /// Unknown: nil.
  public var stateDigest: UInt64? { nil }
  /// Not possible: nil.
  public func duplicate() -> Self? { nil }
}

extension AbstractPool: AllocatorTarget {
  /// Takes a block of `units` by the policy's own choice.
  public mutating func allocate(units: Int) -> BlockHandle { allocate(units: units, rank: 0) }

  /// Units from the start of its page to a live block.
  public func offset(of handle: BlockHandle) -> Int { Int(records[Int(handle.index)].offset) }

  /// The number of a live block's page.
  public func page(of handle: BlockHandle) -> UInt64 {
    UInt64(records[Int(handle.index)].page)
  }

  /// A pool in the same state.
  public func duplicate() -> AbstractPool? { AbstractPool(copying: self) }
}
