import PoolBounds

/// Counts operations; costs one addition each.
struct CountingTarget: ~Copyable, AllocatorTarget {
  var pool: AbstractPool
  var operations = 0

  init(geometry: PoolGeometry, rules: PlacementRules) {
    pool = AbstractPool(geometry: geometry, rules: rules)
  }

  var geometry: PoolGeometry { pool.geometry }
  var footprint: Footprint { pool.footprint }
  var largestFreeUnits: Int { pool.largestFreeUnits }
  var newestFreeUnits: Int { pool.newestFreeUnits }
  func hasFreeBlock(units: Int) -> Bool { pool.hasFreeBlock(units: units) }
  func offset(of handle: BlockHandle) -> Int { pool.offset(of: handle) }

  mutating func allocate(units: Int) -> BlockHandle {
    operations &+= 1
    return pool.allocate(units: units)
  }

  mutating func free(_ handle: BlockHandle) {
    operations &+= 1
    pool.free(handle)
  }
}
