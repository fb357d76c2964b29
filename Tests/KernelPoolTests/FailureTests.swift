import KernelPool
import PoolTestSupport
import Testing

/// Requests that cannot be met or are refused (ReactOS ExAllocatePoolWithTag; Microsoft's bug check
/// reference for 0x41 and 0xC2).
@Suite struct FailureTests {
  /// A nonpaged pool of 8 pages with one carved page and one large allocation.
  private func used(_ profile: Profile) throws -> TestPool {
    var test = try TestPool(profile) { $0.nonPagedPages = 8 }
    _ = try test.allocate(0x800)
    _ = try test.allocate(0x3000)
    return test
  }

  @Test(arguments: Profiles.all)
  func aFailureReturnsNothingAndIsCounted(_ profile: Profile) throws {
    var test = try used(profile)
    let before = try test.blocks(ofPageWith: test.view.smallBlockPages(.nonPaged)[0])
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x8000, tag: PoolTag("Fail"))
    #expect(outcome == .null)
    #expect(test.view.variables.failures == 1)
    let slot = try test.trackerSlot(PoolTag("Fail"))
    #expect(slot == nil, "a failed request is not tracked")
    let after = try test.blocks(ofPageWith: test.view.smallBlockPages(.nonPaged)[0])
    #expect(after == before)
    let small = try test.allocate(0x20)
    try test.free(small)
  }

  @Test(arguments: Profiles.all)
  func raising(_ profile: Profile) throws {
    var test = try used(profile)
    let outcome = test.pool.allocate(.raiseOnFailure, bytes: 0x8000, tag: PoolTag("Fail"))
    #expect(outcome == .raised(0xC000_009A))
    #expect(test.view.variables.failures == 1)
    let halted = test.pool.halted
    #expect(halted == nil)
  }

  /// 0x41 with the size (a page where a small request found none), carved pages and large pages;
  /// Windows adds the pages available. Later versions refuse the type, whatever is free.
  @Test(arguments: Profiles.all, [0x8000, 0xF00] as [UInt64])
  func mustSucceed(_ profile: Profile, _ bytes: UInt64) throws {
    var test = try used(profile)
    if bytes == 0xF00 {
      while case .address = test.pool.allocate(.nonPaged, bytes: bytes, tag: .pool) {}
    }
    let root = try test.descriptor(.nonPaged)
    let carved = try test.counter(root, profile.descriptor.totalPages)
    let outcome = test.pool.allocate(.mustSucceed, bytes: bytes, tag: PoolTag("Must"))
    let size = bytes == 0xF00 ? 0x1000 : bytes
    switch profile.name {
    case "reactos-x86", "reactos-x64":
      #expect(outcome.bugCheck == [0x41, size, UInt64(carved), 3, 0])
    case "windows-2000-x86", "windows-xp-x86":
      #expect(outcome.bugCheck == [0x41, size, UInt64(carved), 3, .max])
    default:
      #expect(outcome.bugCheck == [0xC2, 0x9A, 2, bytes, UInt64(PoolTag("Must").word)])
    }
  }

  @Test(arguments: [Profile.reactosX86, .windowsXPx86, .windows2000x86])
  func mustSucceedThatSucceeds(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x20, .mustSucceed)
    let header = try test.header(of: block)
    #expect(header.type == 3)
    try test.free(block)
    let row = try test.trackerRow(PoolTag("Test"))
    #expect(row?.nonPaged == [1, 1, 0])
  }

  // MARK: Interrupt level

  @Test(arguments: Profiles.all)
  func levelsAtAllocation(_ profile: Profile) throws {
    for (type, level, isFine) in [
      (PoolType.nonPaged, UInt32(2), true), (.nonPaged, 3, false), (.paged, 1, true),
      (.paged, 2, false),
    ] {
      var test = try TestPool(profile)
      test.pool.setInterruptLevel(level)
      let outcome = test.pool.allocate(type, bytes: 0x20, tag: PoolTag("Irql"))
      #expect(
        outcome.bugCheck == (isFine ? nil : [0xC2, 8, UInt64(level), UInt64(type.rawValue), 0x20]))
    }
  }

  @Test(arguments: Profiles.all, [0x20, 0x2000] as [UInt64])
  func levelsAtFree(_ profile: Profile, _ bytes: UInt64) throws {
    for (type, level, isFine) in [
      (PoolType.nonPaged, UInt32(2), true), (.nonPaged, 3, false), (.paged, 1, true),
      (.paged, 2, false),
    ] {
      var test = try TestPool(profile)
      let block = try test.allocate(bytes, type)
      test.pool.setInterruptLevel(level)
      let outcome = test.pool.free(block)
      let kind: UInt64 = type == .paged ? 1 : 0
      #expect(outcome.bugCheck == (isFine ? nil : [0xC2, 9, UInt64(level), kind, block]))
    }
  }

  // MARK: Arguments

  /// Retail systems let odd arguments pass; the checked ones are a switch.
  @Test(arguments: Profiles.all)
  func oddArguments(_ profile: Profile) throws {
    #expect(profile.entryChecks == .none)
    let odd: [(UInt64, PoolTag, [UInt64])] = [
      (0, PoolTag("Zero"), [0xC2, 0, 0, 1, UInt64(PoolTag("Zero").word)]),
      (0x20, PoolTag(word: 0), [0xC2, 0x9B, 1, 0x20, 0]),
      (0x20, PoolTag("BIG "), [0xC2, 0x9C, 1, 0x20, 0]),
      (0x20, PoolTag("!?.-"), [0xC2, 0x9D, UInt64(PoolTag("!?.-").word), 1, 0]),
    ]
    for (bytes, tag, expected) in odd {
      var test = try TestPool(profile) { $0.profile.entryChecks = .all }
      let outcome = test.pool.allocate(.paged, bytes: bytes, tag: tag)
      #expect(outcome.bugCheck == expected)
      var retail = try TestPool(profile)
      _ = try retail.allocate(bytes, .paged, tag: tag)
    }
  }

  /// One letter or digit makes a tag a name; what stands beside them in the code does not.
  @Test func whichTagsAreNames() throws {
    for byte in 0x21...0x7E as ClosedRange<UInt32> {
      var test = try TestPool(.windows7x64) { $0.profile.entryChecks = .all }
      let tag = PoolTag(word: byte << 16 | 0x2121)
      let outcome = test.pool.allocate(.nonPaged, bytes: 0x20, tag: tag)
      let isName = Character(UnicodeScalar(UInt8(byte))).isLetter || (0x30...0x39).contains(byte)
      #expect((outcome.bugCheck == nil) == isName, "byte \(byte)")
    }
  }

  /// After a bug check every operation answers with it.
  @Test(arguments: Profiles.all)
  func nothingRunsAfterABugCheck(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x20)
    test.pool.setInterruptLevel(3)
    let first = test.pool.free(block)
    test.pool.setInterruptLevel(0)
    let halted = test.pool.halted
    let reason = try #require(halted)
    #expect(first == .halted(reason))
    let bytes: [UInt8] = [1]
    let allocations = [
      test.pool.allocate(.nonPaged, bytes: 1, tag: .pool), test.pool.allocateContiguous(bytes: 1),
    ]
    let others = [
      test.pool.free(block), test.pool.freeContiguous(block), test.pool.drainDeferredFrees(),
      bytes.withUnsafeBytes { test.pool.write(block, $0) },
    ]
    #expect(allocations.allSatisfy { $0 == .halted(reason) })
    #expect(others.allSatisfy { $0 == .halted(reason) })
  }
}
