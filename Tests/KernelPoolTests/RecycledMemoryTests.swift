import KernelPool
import PoolTestSupport
import PoolTrace
import Testing

/// Pools on recycled memory are like pools on fresh memory, whatever the last owner did.
@Suite struct RecycledMemoryTests {
  /// Owners of one block of memory, one after the other, each of another version than the one
  /// before, with damage of every kind in between.
  @Test(arguments: Profiles.all)
  func recycledMemoryIsLikeFresh(_ profile: Profile) throws {
    let recycled = WatchedMemory()
    let fresh = WatchedMemory()
    for seed: UInt64 in 0..<9 {
      let former = Profiles.all[Int(seed) % Profiles.all.count]
      do {
        var run = try DamagedPool(former, seed: seed, reserve: recycled.reserve)
        #expect(!run.finish().isEmpty)
        #expect(!recycled.isClear)
      }
      #expect(recycled.isClear, "\(former.name), seed \(seed): something was left behind")
      let configuration = DamagedPool.configuration(profile, seed: seed)
      let second = try KernelPool.boot(configuration, reserve: recycled.reserve)
      let first = try KernelPool.boot(configuration, reserve: fresh.reserve)
      #expect(recycled.holdsTheSame(as: fresh), "\(profile.name), seed \(seed)")
      let (firstRoots, secondRoots) = (poolRoots(first), poolRoots(second))
      #expect(firstRoots == secondRoots)
    }
    #expect(recycled.uses == 18)
  }

  /// A byte that was left behind is seen by both comparisons.
  @Test func whatIsLeftBehindIsSeen() throws {
    let soiled = WatchedMemory()
    let fresh = WatchedMemory()
    (soiled.base + 0x2_0123).storeBytes(of: 1, as: UInt8.self)
    #expect(!soiled.isClear)
    let configuration = DamagedPool.configuration(.windows7x64, seed: 1)
    let second = try KernelPool.boot(configuration, reserve: soiled.reserve)
    let first = try KernelPool.boot(configuration, reserve: fresh.reserve)
    #expect(!soiled.holdsTheSame(as: fresh))
    #expect(first.halted == nil && second.halted == nil)
  }

  /// The store that all short traces share hands on clear memory only.
  @Test func theStoreHandsOnClearMemory() throws {
    for seed: UInt64 in 0..<27 {
      let profile = Profiles.all[Int(seed) % Profiles.all.count]
      guard let block = RecycledMemory.reserve(RecycledMemory.blockBytes) else {
        Issue.record("no memory")
        return
      }
      let bytes = UnsafeRawBufferPointer(start: block.base, count: block.byteCount)
      let isClear = bytes.withMemoryRebound(to: UInt64.self) { $0.allSatisfy { $0 == 0 } }
      #expect(isClear)
      guard case .cleared(let release) = block.release else {
        Issue.record("small blocks are recycled")
        return
      }
      release(block.base, block.byteCount)
      var run = try DamagedPool(profile, seed: seed, reserve: RecycledMemory.reserve)
      #expect(!run.finish().isEmpty)
    }
  }
}
