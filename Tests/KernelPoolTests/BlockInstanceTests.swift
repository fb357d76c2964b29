import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// The instances of the algorithm that are compiled for a layout do the same to every byte as the
/// general one, with a journal and without.
@Suite struct BlockInstanceTests {
  /// Runs of each profile; POOLFUZZ_RUNS asks for more.
  static let runs = TestScale.count(10 as UInt64, all: 250)

  /// The same requests, frees and damage on two pools, one of which the general instance serves:
  /// results, bytes, marks, variables and lists are the same at the end.
  private func compare(
    _ profile: Profile, seed: UInt64, _ fastMemory: WatchedMemory, _ generalMemory: WatchedMemory
  ) -> String? {
    guard
      var fast = try? DamagedPool(
        profile, seed: seed, reserve: fastMemory.reserve, isMostlyPlain: true),
      var general = try? DamagedPool(
        profile, seed: seed, reserve: generalMemory.reserve, isMostlyPlain: true)
    else { return nil }
    general.useGeneralAlgorithmsOnly()
    if seed % 2 == 1 { fast.keepJournal() }
    let (fastEnd, generalEnd) = (fast.finish(), general.finish())
    #expect(fastEnd == generalEnd, "\(profile.name), seed \(seed)")
    let (fastHalt, generalHalt) = (fast.pool.halted, general.pool.halted)
    #expect(fastHalt == generalHalt, "\(profile.name), seed \(seed)")
    let (fastMechanisms, generalMechanisms) = (fast.pool.mechanisms, general.pool.mechanisms)
    #expect(fastMechanisms == generalMechanisms, "\(profile.name), seed \(seed)")
    #expect(
      fastMemory.holdsTheSame(as: generalMemory), "\(profile.name), seed \(seed), \(fastEnd)")
    let (fastRoots, generalRoots) = (poolRoots(fast.pool), poolRoots(general.pool))
    #expect(fastRoots == generalRoots, "\(profile.name), seed \(seed)")
    return fastEnd
  }

  /// An address one byte into a block, behind whose header lies what looks like one of nonpaged pool:
  /// the first question, which nearly every free passes, must not let it pass.
  @Test(arguments: Profiles.x86)
  func anOddAddressIsNoBlock(_ profile: Profile) throws {
    func outcome(isGeneral: Bool) throws -> KernelPool.FreeOutcome {
      var test = try TestPool(profile)
      if isGeneral { test.pool.useGeneralAlgorithmsOnly() }
      let type = UInt32(try test.header(of: try test.allocate(8)).type)
      // 256 units: one byte on, their lowest bits are an index of 0, and the tag is the type.
      let block = try test.allocate(256 * 8 - 8, tag: PoolTag(word: 0x4141_4100 | type << 1))
      return test.pool.free(block + 1)
    }
    let outcomes = [try outcome(isGeneral: false), try outcome(isGeneral: true)]
    #expect(outcomes[0] == outcomes[1])
  }

  /// A smashed link that leads one byte into a list's head: what is stored through it reaches into the
  /// head of the next list, which is then looked at as if a driver had stored there.
  @Test(arguments: [Profile.windows2000x86, .windowsXPx86, .windows2003x64])
  func aLinkIntoAHeadIsNoHead(_ profile: Profile) throws {
    func outcomes(isStoredAgain: Bool) throws -> [KernelPool.AllocationOutcome] {
      var test = try TestPool(profile)
      let heads = try test.descriptor(.nonPaged).listHeads
      let headBytes = 2 * test.word
      let (block, tag) = (try test.allocate(test.bytes(forUnits: 4)), PoolTag("Test"))
      _ = try test.allocate(8)
      try test.free(block)
      try test.write(pointer: heads + 19 * headBytes + 1, at: block)
      let first = test.pool.allocate(.nonPaged, bytes: test.bytes(forUnits: 4), tag: tag)
      let next = heads + 20 * headBytes
      let byte = UInt8(truncatingIfNeeded: try test.word32(next))
      #expect(byte != UInt8(truncatingIfNeeded: next), "the head was reached")
      if isStoredAgain { try test.write([byte], at: next) }
      return [
        first, test.pool.allocate(.nonPaged, bytes: test.bytes(forUnits: 21), tag: tag),
      ]
    }
    let found = [try outcomes(isStoredAgain: false), try outcomes(isStoredAgain: true)]
    #expect(found[0] == found[1])
  }

  @Test(arguments: Profiles.all)
  func sameBytesAsTheGeneralInstance(_ profile: Profile) {
    var ends: [String: Int] = [:]
    let (fast, general) = (WatchedMemory(), WatchedMemory())
    for seed in 0..<Self.runs {
      ends[compare(profile, seed: seed, fast, general) ?? "none", default: 0] += 1
    }
    #expect(ends.count > 1, "\(ends)")
    #expect(ends["bug check", default: 0] + ends["fault", default: 0] > 0, "\(ends)")
  }

  /// Versions with other switches, most of which keep the shape of their blocks.
  @Test func sameBytesWithOtherSwitches() {
    var random = SplitMix64(seed: 11)
    let (fast, general) = (WatchedMemory(), WatchedMemory())
    var ends = 0
    for seed in 0..<(Self.runs * 3) {
      var profile = random.pick(Profile.all)
      profile.checks = random.pick(PoolChecks.allCases)
      profile.firstList = random.pick(FirstList.allCases)
      profile.tagCheck = random.pick(TagCheck.allCases)
      profile.poolIndexRule = random.pick(PoolIndexRule.allCases)
      profile.doubleFreeCheck = random.pick(DoubleFreeCheck.allCases)
      profile.sharedLookaside = random.pick(SharedLookaside.allCases)
      profile.deferredFrees = random.next(below: 3) == 0
      profile.linkEncoding = random.pick(LinkEncoding.allCases)
      if compare(profile, seed: seed, fast, general) != nil { ends += 1 }
    }
    #expect(ends > Int(Self.runs))
  }
}
