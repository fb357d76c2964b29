import KernelPool
import PoolFuzzing
import PoolInvariants
import PoolTrace
import PropertyTesting
import Testing

@testable import PoolOracles

/// Every rule of the oracles is seen to fail on a planted bug.
@Suite struct OracleTests {
  /// A planted bug, the profile that meets it, and the rule that must be among those broken.
  static let planted: [(mutant: Mutant, profile: String, rule: OracleRule)] = [
    (.sessionAsPaged, "paged", .region),
    (.bitmapNoLastRun, "paged", .refusal),
    (.failureNotCounted, "exhaustion", .refusalCount),
    (.splitAlwaysFront, "small-lists", .referenceAddress),
    (.lookasideFirstInFirstOut, "lookasides", .referenceAddress),
    (.singlePageFirstInFirstOut, "pages", .referenceAddress),
    (.runTakenFromFront, "pages", .referenceAddress),
    (.freedToTail, "small-lists", .placementFreed),
    (.remainderToHead, "small-lists", .placementRest),
    (.roundRobinStuck, "paged", .placementTurn),
    (.pagedHintAlwaysMoves, "large", .placementHint),
    (.runToHead, "pages", .placementRuns),
    (.runGrowthMoves, "pages", .placementRuns),
    (.bigTableHash, "large", .placementEntry),
    (.bigTableShrinksLate, "large", .placementTable),
    (.bodyNotZeroed, "lookasides", .placementCleared),
    (.keepsFreePage, "small-lists", .emptied),
    (.releasedPageStillCounted, "small-lists", .emptiedCounters),
  ]

  @Test(arguments: planted.indices)
  func aRuleIsSeenToFail(_ index: Int) throws {
    let (mutant, name, rule) = Self.planted[index]
    let profile = try #require(GeneratorProfile.named(name))
    var found = false
    for seed in 0..<400 where !found {
      var trace = HealthyTests.trace(profile, seed: UInt64(seed), count: 60, mutant: mutant)
      // Without the invariants, which are often faster.
      trace.configuration.oracles = [.shadow, .refusals, .placement, .emptied]
      if rule == .referenceAddress { trace.configuration.oracles.insert(.reference) }
      let failures = FuzzRun(trace).failure?.failures ?? []
      found = failures.contains { $0.rule == rule.rawValue }
    }
    #expect(found, "\(rule.rawValue) never objects to \(mutant.rawValue)")
  }

  /// A size that has a lookaside list, of which nothing is on it: whose turn it is, is judged all the same.
  @Test func anEmptyLookasideListDecidesNothing() throws {
    var trace = try PoolFuzzTrace.reading(
      "config profile=windows-2003-x86 lookaside=0\nalloc a Paged 24 Test\n",
      mutant: .roundRobinStuck)
    trace.configuration.oracles = [.placement]
    let rules = FuzzRun(trace).failure?.failures.map(\.rule)
    #expect(rules?.contains(OracleRule.placementTurn.rawValue) == true)
  }

  /// Two contiguous allocations that need memory outside of the pool, and share a page of it.
  @Test func anOverlapIsSeen() throws {
    var trace = try PoolFuzzTrace.reading(
      """
      config profile=windows-2003-x86 fill=off
      contiguous a 12288 0 0x2ffffff 0
      contiguous b 12288 0 0x2ffffff 0
      """, mutant: .contiguousOverlaps)
    trace.configuration.oracles = [.shadow]
    #expect(FuzzRun(trace).failure?.failures.first?.rule == OracleRule.overlap.rawValue)
    trace.configuration.mutant = .none
    #expect(FuzzRun(trace).failure == nil)
  }

  /// Requests that stop the kernel or raise where nothing fits: rightly so, and where a run of pages
  /// that the search overlooks would serve them.
  @Test func requestsThatMustNotComeToNothing() throws {
    let machine =
      "config profile=windows-xp-x86 nonpaged_allocator=bitmap expansion_base=adjacent"
      + " nonpaged_pages=32 init=none\n"
    for type in ["NonPagedMustSucceed", "NonPaged+Raise"] {
      for (pages, mutant) in [(33, Mutant.none), (32, .none), (32, .bitmapNoLastRun)] {
        let text = machine + "alloc a \(type) \(pages * 0x1000) Test\n"
        let failure = FuzzRun(try PoolFuzzTrace.reading(text, mutant: mutant)).failure
        let rules = failure?.failures.map(\.rule) ?? []
        let expected = mutant == .none ? [] : [OracleRule.refusal.rawValue]
        #expect(rules.filter { !$0.hasPrefix("reference.") } == expected, "\(text)")
        #expect((rules.count == expected.count) == (mutant == .none), "\(text)")
      }
    }
    // Where the type is refused, and what checks at the door refuse: the pool stays as it was.
    let refused = [
      "config profile=windows-7-x64\nalloc a NonPagedMustSucceed 24 Test\n",
      "config entry_checks=all\nalloc a NonPaged 0 Test\n",
      "config entry_checks=all\nalloc a NonPaged 1 '\\x00\\x00\\x00\\x00'\n",
      "config entry_checks=all\nalloc a Paged 1 BIG\n",
      "config entry_checks=all\nalloc a Paged 1 '.-; '\n",
    ]
    for text in refused {
      let run = FuzzRun(try PoolFuzzTrace.reading(text + "alloc b NonPaged 24 Test\n"))
      #expect(run.failure == nil && run.operationCount == 1, "\(text)")
    }
  }

  /// The recount of what growth could add: pages between its two guard pages, as far as
  /// there is memory.
  @Test(arguments: [Profile.windowsXPx86, .windows2003x64])
  func growthIsRecounted(_ profile: Profile) throws {
    for (more, available, longest) in [
      (0, 100, 0), (1, 100, 0), (2, 100, 0), (3, 100, 1), (9, 100, 7), (9, 3, 3),
    ] as [(UInt64, UInt64, UInt64)] {
      var configuration = PoolConfiguration(profile: profile)
      configuration.initialisation = .none
      configuration.nonPagedPages = 16
      configuration.maximumNonPagedPages = 16 + more
      configuration.expansion = .lowestFirst
      configuration.availablePages = available
      let pool = try KernelPool.boot(configuration)
      let census = PageCensus(pool.view, .nonPaged)
      #expect(census.longestGrowth == longest, "\(more) more pages")
      #expect(census.longestRun == 16 && census.held == 0)
      let base = profile.nonPagedBase
      let numbers = [base, base + 15 << 12, base + 8, base - 0x1000].map {
        PageCensus.page(pool.view, $0)
      }
      #expect(numbers == [0, 15, nil, nil])
    }
  }

  /// A kernel that goes on where it must stop is told, and so is misuse that no audit notices; unless
  /// nobody asks for verdicts.
  @Test func aKernelThatGoesOnIsTold() {
    for oracles in [OracleSet.everything, .everything.subtracting(.verdicts)] {
      var checked = CheckedPool(TraceConfiguration(), oracles: oracles)
      let wanted = oracles.contains(.verdicts)
      for (verdict, rule) in [
        (Verdict.fault, OracleRule.verdict), (.noticed, .verdictNoticed),
      ] {
        var failures: [PoolFailure] = []
        checked.judgeUnstopped(verdict, &failures)
        #expect(failures.map(\.rule) == (wanted ? [rule.rawValue] : []))
      }
      var failures: [PoolFailure] = []
      checked.judgeUnstopped(.harmless, &failures)
      #expect(failures.isEmpty)
    }
  }

  /// After a double free two callers get the same block: the second is told, by an audit, without one
  /// nobody asks. A check of the pool is not needed for it.
  @Test func aBlockThatIsHandedOutTwiceIsTold() throws {
    let operations = try TraceParser.operations(
      in: "alloc a NonPaged 64 Test\nfree a\nfreeat a\nalloc b NonPaged 64 Test\n"
        + "alloc c NonPaged 64 Test\n")
    for oracles in [[.fullInvariants, .afterMisuse], .afterMisuse] as [OracleSet] {
      var checked = CheckedPool(
        TraceConfiguration(profile: .windows2003x86), oracles: oracles)
      var failures: [PoolFailure] = []
      for operation in operations { _ = checked.perform(operation, &failures) }
      let slots = checked.replayer.slots
      #expect(slots[SlotName("b")]?.address == slots[SlotName("c")]?.address)
      let told = failures.filter { $0.rule == Invariant.liveOverlap.rawValue }.count
      #expect(told == (oracles.contains(.fullInvariants) ? 1 : 0))
    }
  }

  /// The first operation after which a rule is broken, whatever is broken later; and what becomes a
  /// pool with misuse knows of it.
  @Test func theFirstMisuseIsKept() throws {
    let configuration = TraceConfiguration(profile: .windows2003x86)
    let operations = try TraceParser.operations(
      in: "alloc a NonPaged 64 Test\nalloc b NonPaged 64 Test\nwrite a 64 ff\nwrite a 64 fe\n"
        + "alloc c NonPaged 4096 Test\n")
    var session = try ReplaySession.boot(configuration, level: .full)
    let corrupt = operations.map { operation in
      _ = session.step(operation)
      return session.firstCorruptOperation
    }
    #expect(corrupt == [nil, nil, 3, 3, 3])
    var checked = CheckedPool(configuration, oracles: .replayed)
    var other = CheckedPool(configuration, oracles: .replayed)
    var failures: [PoolFailure] = []
    for operation in operations { _ = checked.perform(operation, &failures) }
    other.become(checked)
    #expect(checked.misuse == 3 && other.misuse == 3 && other.operationCount == 5)
  }

  /// Of the first word of a block's header only the bytes of its sizes are sure to be noticed.
  @Test(arguments: [Profile.windows2000x86, .windows2003x86, .windows2003x64])
  func theBytesOfSizesAreWatched(_ profile: Profile) throws {
    var checked = CheckedPool(TraceConfiguration(profile: profile), oracles: .everything)
    var failures: [PoolFailure] = []
    let name = SlotName("a")
    _ = checked.perform(.alloc(name, .nonPaged, bytes: 64, tag: PoolTag("Test")), &failures)
    let body = try #require(checked.replayer.slots[name]?.address)
    let header = UInt64(profile.header.bytes)
    let verdicts = try (0..<4 as Range<UInt64>).map { byte in
      let old = try #require(checked.view.byte(body &- header &+ byte))
      let write = Operation.write(
        name, offset: Int64(byte) - Int64(header), [old ^ 0x40])
      return VerdictOracle(checked.view, checked.replayer.liveAddress)
        .verdict(on: write, checked.replayer)
    }
    let size = profile.header == .windows2000 ? 3 : 2
    #expect(verdicts == (0..<4).map { $0 == 0 || $0 == size ? Verdict.noticed : .unspecified })
  }

  /// What changes behind the last check is seen at the end, whether everything is walked then or, as
  /// where every operation was followed by a check that kept up with it, what has changed.
  @Test(arguments: [OracleSet.everything, .fast, .everything.subtracting(.fullInvariants)])
  func theEndSeesWhatTheLastCheckCouldNot(_ oracles: OracleSet) throws {
    let operations = try TraceParser.operations(
      in: "alloc a NonPaged 64 Test\nalloc b NonPaged 64 Test\nfree a\n")
    for isChanged in [false, true] {
      var checked = CheckedPool(TraceConfiguration(), oracles: oracles)
      var failures: [PoolFailure] = []
      for operation in operations {
        _ = checked.perform(operation, &failures)
        checked.check(&failures)
      }
      #expect(failures.isEmpty)
      if isChanged, let address = checked.replayer.slots[SlotName("b")]?.address {
        _ = [UInt8(0xA5)].withUnsafeBytes { checked.replayer.pool.write(address &+ 40, $0) }
      }
      checked.checkOnceMore(&failures)
      #expect(failures.map(\.rule) == (isChanged ? [Invariant.livePattern.rawValue] : []))
    }
  }

  /// Misuse with a known verdict on each side: a stop with a code, and one that nobody stops.
  @Test func verdictsAreJudged() throws {
    func failures(_ text: String) throws -> [String] {
      FuzzRun(try PoolFuzzTrace.reading(text)).failure?.failures.map(\.rule) ?? []
    }
    let config = "config profile=windows-2003-x86 lookaside=0\n"
    let doubleFree = "alloc a NonPaged 64 Test\nalloc b NonPaged 64 Test\nfree a\nfreeat a\n"
    #expect(try failures(config + doubleFree).isEmpty)
    let dispatch = "alloc a Paged 0 Test\nirql 2\nfree a\n"
    #expect(try failures(config + dispatch).isEmpty)
    let stale = "alloc a Paged 16393 Test\nfreeat a\nalloc b Paged 16385 Test\nfill a\n"
    #expect(try failures("config profile=windows-7-x86\n" + stale).isEmpty)
    let overflow = "alloc a NonPaged 64 Test\nalloc b NonPaged 64 Test\nwrite b 64 ff\n"
    #expect(try failures(config + overflow).isEmpty)
    // A slot whose block went to another by way of a stale pointer writes to what is not its own.
    let handedOn = "alloc a NonPaged 0 Test\nfree a\nalloc b NonPaged 0 Test\nfreeat a\n"
    #expect(
      try failures(
        "config profile=windows-2003-x86\n" + handedOn + "alloc c NonPaged 1 Test\nwrite b 0 00\n"
      ).isEmpty)
    // Contiguous memory beside the pool is no block: the pool may stop, and need not.
    let outside = "alloc a NonPaged 0 Test\ncontiguous b 8193 0x0 0xffffffffffffffff 0x4000\n"
    #expect(try failures("config profile=windows-2003-x86\n" + outside + "freeat b\n").isEmpty)
    // What a full big-page table turned away has lost its tag, and a contiguous block is freed with it.
    let pages = (0..<63).map { "alloc p\($0) NonPaged 4065 Test\n" }.joined()
    let small = "config profile=reactos-x64 tracker=1 bigtable=1\n" + pages
    #expect(try failures(small + "contiguous c 4065 0x0 0x41bbfff 0x0\n").isEmpty)
    #expect(try failures(small + "contiguous c 4065\nfree c\n").isEmpty)
    #expect(try failures(small + "contiguous c 4065\n").isEmpty)
    // The last byte lies in what the block was rounded up by, the others are the writer's own:
    // nobody can notice, and nobody is expected to.
    let slack = "alloc a NonPaged 41 Test\nwrite a 33 000000000000000000\n"
    #expect(try failures("config profile=windows-2003-x86\n" + slack).isEmpty)
    // What an audit is not asked to see it cannot notice.
    var blind = try PoolFuzzTrace.reading(config + overflow)
    blind.configuration.oracles = [.verdicts]
    #expect(FuzzRun(blind).failure == nil)
  }
}
