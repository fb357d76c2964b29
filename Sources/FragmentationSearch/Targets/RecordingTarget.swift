import PoolBounds

/// Passes everything on to an abstract pool and tells every operation, so that what an adversary
/// or a search does becomes an ordinary trace. A block's slot is its handle's number.
public struct RecordingTarget: ~Copyable, AllocatorTarget {
  /// The pool behind.
  public private(set) var pool: AbstractPool
  private let record: (PoolOperation) -> Void

  /// A recorder around an empty pool.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, record: @escaping (PoolOperation) -> Void
  ) {
    pool = AbstractPool(geometry: geometry, rules: rules)
    self.record = record
  }

  /// The pool's.
  public var geometry: PoolGeometry { pool.geometry }
  /// The pool's.
  public var footprint: Footprint { pool.footprint }
  /// The pool's.
  public var largestFreeUnits: Int { pool.largestFreeUnits }
  /// The pool's.
  public var newestFreeUnits: Int { pool.newestFreeUnits }
  /// The pool's.
  public func hasFreeBlock(units: Int) -> Bool { pool.hasFreeBlock(units: units) }
  /// The pool's.
  public func offset(of handle: BlockHandle) -> Int { pool.offset(of: handle) }

  /// Takes a block and tells.
  public mutating func allocate(units: Int) -> BlockHandle {
    let handle = pool.allocate(units: units)
    record(.allocate(slot: Int(handle.index), units: units, rank: 0))
    return handle
  }

  /// Gives a block back and tells.
  public mutating func free(_ handle: BlockHandle) {
    record(.free(slot: Int(handle.index)))
    pool.free(handle)
  }
}
