import PoolTestSupport
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting
import Testing

@testable import PoolReference

/// Planted bugs of the model in traces written by hand, each noticed by a rule that is named; and
/// bugs that only the reference allocator notices, since every other prediction reads the state that
/// it judges.
@Suite struct ReferenceRuleTests {
  /// The table grows after an entry that passed sixteen others, so these are counted to the one.
  @Test func anEntryCountsWhatItPasses() {
    var table = LargeBlockTable(entryBytes: 16, pageBytes: 4096)
    table.start(entries: 64)
    // Three pages of one hash, then two at the end of the table.
    let passed = [1, 65, 129, 63, 127].map { table.insert($0 * 4096) }
    #expect(passed == [0, 1, 2, 0, 1])
    #expect(table.slots[1...3] == [4096, 65 * 4096, 129 * 4096])
    #expect(table.slots[63] == 63 * 4096 && table.slots[0] == 127 * 4096)
  }

  /// A list that is used 25 times a second gets deeper.
  static let depths =
    "config profile=windows-2003-x86 lookaside=dynamic\n"
    + (0..<25).map { "alloc s\($0) NonPaged 24 Test\n" }.joined() + "tick 1\n"
    + (0..<5).map { "free s\($0)\n" }.joined() + "alloc x NonPaged 24 Test\n"

  /// A free below the hint of the session pool.
  static let sessionHint = """
    config profile=windows-2003-x86 slist=0
    alloc a PagedSession 4096 Test
    alloc b PagedSession 4096 Test
    free a
    alloc c PagedSession 4096 Test
    """

  /// Two pages whose highest frame is the highest that is accepted.
  static let highestFrame = "config profile=windows-2003-x86\ncontiguous a 8192 0x0 0x41d6fff 0x0\n"

  /// The same where nothing is to be had outside of the pool.
  static let highestFrameAlone =
    "config profile=windows-2003-x86 contiguous_pages=1\ncontiguous a 8192 0x0 0x41d6fff 0x0\n"

  /// The same where the big-page table is full: pages that are refused are freed with a tag that it
  /// never had.
  static let highestFrameUntracked =
    "config profile=reactos-x64 tracker=1 bigtable=1\n" + ReferenceFaultTests.pages
    + "contiguous c 4065 0x0 0x41bcfff 0x0\n"

  /// A thousand allocations, then two rests of one size.
  static let lateRests =
    "config profile=windows-2003-x86 lookaside=0\n"
    + (0..<1000).map { _ in "alloc t NonPaged 4096 Test\nfree t\n" }.joined()
      + """
      alloc a NonPaged 2048 Test
      alloc b NonPaged 2048 Test
      alloc c NonPaged 1032 Test
      alloc d NonPaged 1032 Test
      """

  /// Planted bugs, a trace, and a rule that must be among those that object.
  static let noticed: [(mutant: Mutant, rule: String, trace: String)] = [
    (.sessionHintNotLowered, "reference.address", sessionHint),
    (.lookasideDepthThreshold, "reference.address", depths),
    (.contiguousHighestExcluded, "reference.address", highestFrame),
    (.contiguousHighestExcluded, "reference.verdict", highestFrameAlone),
    (.contiguousHighestExcluded, "reference.stop", highestFrameUntracked),
    (
      .cacheLineAtLimit, "reference.address",
      "config profile=windows-8-x64\nalloc a NonPagedCacheAligned 4000 Test\n"
    ),
    (
      .mustSucceedParameter, "reference.stop",
      "config profile=windows-xp-x86\nalloc a NonPagedMustSucceed 8000000 Test\n"
    ),
    (
      .lookasideThirdProcessor, "reference.address",
      """
      config profile=windows-2003-x86 processors=3
      cpu 2
      alloc a NonPaged 24 Test
      alloc b NonPaged 24 Test
      free a
      alloc c NonPaged 24 Test
      """
    ),
    (
      .trackerBytesCut, "tracker.bytes",
      "config profile=windows-2003-x86\nalloc a NonPaged 70000 Test\n"
    ),
    (.remainderToHeadLate, "placement.rest", lateRests),
  ]

  private static func rules(
    _ text: String, _ mutant: Mutant, _ oracles: OracleSet = .everything
  ) throws -> [String] {
    var trace = try PoolFuzzTrace.reading(text, mutant: mutant)
    trace.configuration.oracles = oracles
    return FuzzRun(trace).failure?.failures.map(\.rule) ?? []
  }

  @Test(arguments: noticed.indices)
  func aPlantedBugIsNoticed(_ index: Int) throws {
    let (mutant, rule, text) = Self.noticed[index]
    let oracles: OracleSet = rule.hasPrefix("reference.") ? [.reference] : .everything
    let found = try Self.rules(text, mutant, oracles)
    #expect(found.contains(rule), "\(mutant.rawValue): \(found)")
    #expect(try Self.rules(text, .none) == [])
  }

  /// What all other oracles together let pass.
  @Test(arguments: 0..<5)
  func onlyTheReferenceNotices(_ index: Int) throws {
    let (mutant, rule, text) = Self.noticed[index]
    #expect(try Self.rules(text, mutant) == [rule])
    #expect(try Self.rules(text, mutant, OracleSet.everything.subtracting(.reference)) == [])
  }

  /// Healthy machines of every profile of the generator: no objection, and next to nothing open.
  @Test func healthyCallsArePredicted() throws {
    var counts = ReferenceCounts()
    for profile in GeneratorProfile.all {
      for seed in 0..<TestScale.count(2, all: 6) as Range<UInt64> {
        var choices = RandomChoices(seed: Seed(seed), stream: 3)
        let trace = PoolTraceGenerator.trace(profile, operationCount: 100, choices: &choices)
        let run = FuzzRun(trace)
        #expect(run.failure == nil, "\(profile.name) seed \(seed)")
        counts.add(run.referenceCounts)
      }
    }
    #expect(counts.predicted > TestScale.count(1600, all: 5000))
    #expect(counts.openShare < 0.01)
  }

  /// What is open after damage, and what is said all the same.
  @Test func damageSilences() throws {
    func counts(_ text: String) throws -> ReferenceCounts {
      FuzzRun(try PoolFuzzTrace.reading("config profile=reactos-x86\n" + text)).referenceCounts
    }
    let two = "alloc a NonPaged 60 Test\nalloc b NonPaged 60 Test\n"
    #expect(try counts(two + "write a 0 01\nfree b\n").open == [:])
    #expect(try counts(two + "writeat a+3 01\nfree b\n").open == [:])
    var text = "config profile=reactos-x86\n" + two + "write a 60 01\nfree b\n"
    var session = try ReplaySession.reading(text)
    #expect(session.checked.referenceCounts.open == [.damaged: 1])
    // The interrupt level is looked at before any memory is.
    text += "irql 2\nalloc c Paged 64 Test\n"
    session = try ReplaySession.reading(text)
    #expect(session.checked.referenceCounts.open == [.damaged: 1])
    #expect(session.checked.referenceCounts.predicted == 3)
  }

  /// Frees of pages that are no pool's, of a user and of the system: the reference foresees the stop.
  @Test(arguments: Profile.all)
  func freesOutsideOfThePools(_ profile: Profile) throws {
    for address in [0x1000, profile.systemBase + 0x1000] {
      let text =
        "config profile=\(profile.name)\nfreeat 0x\(String(address, radix: 16))\n"
      #expect(try Self.rules(text, .none) == [])
      let session = try ReplaySession.reading(text)
      let predicted = session.checked.referenceCounts.predicted
      #expect(predicted == 1 && session.replayer.pool.halted != nil, "\(text)")
    }
  }

  @Test func countsAreWrittenAndRead() {
    var counts = ReferenceCounts()
    #expect(ReferenceCounts(text: counts.text) == counts)
    counts = ReferenceCounts(text: "12 damaged=3 stray-free=1") ?? counts
    #expect(counts.predicted == 12 && counts.openCount == 4 && counts.openShare == 0.25)
    #expect(ReferenceCounts(text: counts.text) == counts)
    for bad in ["", "x", "1 damaged", "1 damaged=x", "1 nothing=2", "-1"] {
      #expect(ReferenceCounts(text: bad) == nil, "\(bad)")
    }
  }
}

extension ReplaySession {
  /// Replays a text to its end.
  fileprivate static func reading(_ text: String) throws -> ReplaySession {
    let trace = try PoolFuzzTrace.reading(text)
    var session = try boot(trace.configuration.configuration, level: .full)
    for operation in trace.operations { _ = session.step(operation.operation) }
    return session
  }
}
