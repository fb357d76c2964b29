import Platform

/// The memory that the allocator is given: its arena, what `grow` gives, and regions.
extension TraceExecutor {
  mutating func mapArenas() -> Bool {
    guard library.capabilities.interface == 2 else { return true }
    let bytes = Int(area[.arenaBytes])
    let capacity = max(bytes, Int(area[.arenaCapacity]))
    let stride = MemoryLayout<GuardedMemory>.stride
    guard let tables = HostMemory.reserve(4096 + stride * SharedArea.mostRegions),
      var arena = GuardedMemory(capacityBytes: capacity, offset: Int(area[.arenaOffset])),
      arena.resize(to: bytes),
      let growth = GuardedMemory(capacityBytes: capacity, offset: 0, isGarbage: false)
    else { return false }
    let growing = tables.bindMemory(to: GrowingMemory.self, capacity: 1)
    growing.initialize(
      to: GrowingMemory(memory: growth, refused: area[.refusedGrowth]))
    let regions = (tables + 4096).bindMemory(
      to: GuardedMemory.self, capacity: SharedArea.mostRegions)
    arenas = Arenas(arena: arena, growing: growing, regions: regions)
    area[.arenaBase] = arena.address
    area[.growthBase] = growth.address
    return true
  }

  mutating func releaseArenas() {
    guard let arenas else { return }
    for index in 0..<arenas.regionCount { arenas.regions[index].release() }
    arenas.growing.pointee.memory.release()
    arenas.arena.release()
    HostMemory.release(
      arenas.growing, 4096 + MemoryLayout<GuardedMemory>.stride * SharedArea.mostRegions)
    self.arenas = nil
  }

  /// Notices what was written before or behind the memory that was given.
  mutating func lookOutside() {
    guard let arenas else { return }
    var damage = arenas.arena.damage() ?? arenas.growing.pointee.memory.damage()
    for index in 0..<arenas.regionCount where damage == nil {
      damage = arenas.regions[index].damage()
    }
    if let damage { stop(.outsideWrite, UInt64(UInt(bitPattern: damage))) }
  }

  mutating func addRegion(_ operation: TargetOperation) -> TargetResult {
    let bytes = Int(clamping: operation.bytes)
    guard let count = arenas?.regionCount, count < SharedArea.mostRegions, bytes <= 1 << 30,
      var region = GuardedMemory(capacityBytes: bytes, offset: Int(area[.arenaOffset])),
      region.resize(to: bytes)
    else { return TargetResult(state: .skipped) }
    area[.regions, 2 * count] = region.address
    area[.regions, 2 * count + 1] = UInt64(bytes)
    arenas?.regions[count] = region
    arenas?.regionCount = count + 1
    var isTaken = false
    judgeStack(
      Self.guarded { [library, allocator] in
        isTaken = library.addRegion?(allocator, region.start, bytes) == 1
      })
    return TargetResult(state: isTaken ? .done : .null, address: region.address)
  }

  mutating func resizeArena(_ operation: TargetOperation) -> TargetResult {
    let bytes = Int(clamping: operation.bytes)
    guard let old = arenas?.arena.byteCount, bytes > 0 else {
      return TargetResult(state: .skipped)
    }
    if bytes > old, arenas?.arena.resize(to: bytes) != true { return TargetResult(state: .skipped) }
    var isTaken = false
    judgeStack(
      Self.guarded { [library, allocator] in
        isTaken = library.resizeArena?(allocator, bytes) == 1
      })
    let wanted = isTaken ? bytes : old
    if !isStopped, arenas?.arena.byteCount != wanted { _ = arenas?.arena.resize(to: wanted) }
    return TargetResult(state: isTaken ? .done : .null)
  }
}
