import PoolTestSupport
import Foundation
import KernelPool
import PoolOracles
import PoolTrace
import Testing

/// The model answers the recorded traces line for line, and would not if it were otherwise.
///
/// A debug build replays every corruption and every eighth ordinary trace, or all of them in the long
/// run; the release command replays all in continuous integration.
@Suite struct GoldenConformance {
  static let sample = GoldenTrace.all.enumerated().filter { index, trace in
    TestScale.isWhole || index % 8 == 0
      || trace.name.contains("/bug") || trace.name.contains("/silent")
  }.map(\.element)

  @Test func everyTraceIsThere() {
    #expect(GoldenTrace.all.count == 422)
  }

  @Test func answersAsRecorded() throws {
    let excused = try GoldenTrace.exceptions()
    for trace in Self.sample where !excused.contains(trace.name) {
      let answered = try trace.answered()
      let expected = try trace.expected()
      let difference = zip(answered, expected).first { $0 != $1 }
      #expect(difference == nil, "\(trace.name): answered, then expected")
      #expect(answered.count == expected.count, "\(trace.name)")
    }
  }

  /// Corruptions that the recorded kernel lets pass are noticed by an invariant of ours.
  @Test(arguments: GoldenTrace.all.filter { $0.name.contains("/silent") })
  func silentCorruptionIsNoticed(_ trace: GoldenTrace) throws {
    let operations = try trace.operations()
    guard case .config(let configuration)? = operations.first else {
      Issue.record("a recorded trace begins with its configuration")
      return
    }
    var session = try ReplaySession.boot(configuration, level: .full)
    for operation in operations where session.step(operation) == nil { break }
    session.finish()
    guard case .violation(let failures)? = session.outcome else {
      Issue.record("no violation in \(trace.name)")
      return
    }
    #expect(
      failures.contains { failure in
        if case .invariant = failure { true } else { false }
      })
  }

  /// Traces that between them reach every mechanism whose change the recorded answers show.
  static let witnesses = [
    "x86/small-00", "x86/small-04", "x86/small-13", "x86/mixed-01", "x86/mixed-25",
    "x86/lookaside-00", "x86/lookaside-02", "x86/big-00", "x86/exhaust-03", "x86/tags-02",
  ].map { GoldenTrace(name: $0) }

  /// One-line changes that the recorded answers cannot show, and why.
  static let invisible: [Mutant: String] = [
    .none: "the healthy model",
    .trackerHashConstant: "a tag's counters are printed, not the row that holds them",
    .remainderPoolIndex: "ReactOS headers hold no index worth reading",
    .lookasideMissCountedAsHit: "counts of hits are not printed",
    .bitmapNoLastRun: "ReactOS itself never looks at the last run",
    .deferredLimitOneMore: "ReactOS defers no frees",
    .deferredLosesOldest: "ReactOS defers no frees",
    .deferredNotCounted: "ReactOS defers no frees",
    .runSignatureMissing: "ReactOS writes the signature and never reads it",
    .expansionNotCounted: "no witness expands the nonpaged pool",
    .fragmentKeepsListEntry: "ReactOS wastes the tails of large allocations",
    .fragmentMarkedFree: "ReactOS wastes the tails of large allocations",
    .fragmentPreviousSize: "ReactOS wastes the tails of large allocations",
    .quotaNotReturned: "what a process is charged is not printed",
    .quotaProcessNotWritten: "no witness has a charged block",
    .contiguousKeepsRefused: "no witness asks for contiguous memory that must be refused",
    .contiguousOverlaps: "no witness asks for contiguous memory outside of the pool",
    .sessionAsPaged: "ReactOS has no session pool here",
    .roundRobinStuck: "the recorded ReactOS has one paged descriptor",
    .cacheLineOffByOne: "ReactOS does not align to cache lines",
    .cacheLineAtLimit: "ReactOS does not align to cache lines",
    .sessionHintNotLowered: "ReactOS has no session pool here",
    .lookasideDepthThreshold: "the recorded depths are fixed",
    .lookasideThirdProcessor: "one processor was recorded",
    .contiguousHighestExcluded: "no witness asks for contiguous memory",
    .mustSucceedParameter: "of a stop's parameters only the first is compared",
    .remainderToHeadLate: "the witnesses end before a thousand allocations",
    .specialPoolWrongEnd: "no witness turns special pool on",
    .specialPoolGuardMapped: "no witness turns special pool on",
    .specialPoolPatternUnchecked: "no witness turns special pool on",
    .specialPoolLevelUnchecked: "no witness turns special pool on",
    .specialPoolLowestFirst: "no witness turns special pool on",
    .specialPoolCountNotLowered: "no witness turns special pool on",
  ]

  @Test(arguments: TestScale.sample(Mutant.allCases.filter { invisible[$0] == nil }, 20))
  func aChangedModelIsCaught(_ mutant: Mutant) throws {
    let isCaught = try Self.witnesses.contains { trace in
      try trace.answered(mutant: mutant) != trace.expected()
    }
    #expect(isCaught, "no witness notices \(mutant.rawValue)")
  }

  /// Changes of one fact of the profile that the recorded answers must show.
  static let changedFacts: [(String, @Sendable (inout Profile) -> Void)] = [
    ("first list", { $0.firstList = .exactFit }),
    ("remainder to the head", { $0.remainderEnd = .head }),
    ("freed to the tail", { $0.freedEnd = .tail }),
    (
      "stored pool type",
      {
        $0.storedPoolType = .plusOneInUse; $0.mustSucceed = .refused
      }
    ),
    ("lookaside classes", { $0.lookasideClasses = 31 }),
    ("smallest block", { $0.smallestBlockUnits = 3 }),
    ("small request limit", { $0.smallRequestLimit = 4079 }),
    ("large byte count", { $0.largeByteCount = .wholePages }),
    ("page table", { $0.pageTableEntries = 512 }),
    ("big-page table", { $0.bigTableResizing = .fixed }),
    ("pool index", { $0.poolIndexRule = .descriptor }),
    ("quota pointer checks", { $0.doubleFreeCheck = .freeHeader }),
    ("tag check", { $0.tagCheck = .never }),
    ("page checks", { $0.checks = .none }),
  ]

  @Test(arguments: changedFacts.indices)
  func aChangedFactIsCaught(_ index: Int) throws {
    let (name, change) = Self.changedFacts[index]
    var profile = Profile.reactosX86
    change(&profile)
    let candidates = GoldenTrace.all.filter { trace in
      trace.name.hasPrefix("x86/")
        && (Self.witnesses.contains { $0.name == trace.name }
          || ["bug-", "pgexpand", "exhaust", "paged-0"].contains { trace.name.contains($0) })
    }
    let isCaught = try candidates.contains { trace in
      try trace.answered(profile: profile) != trace.expected()
    }
    #expect(isCaught, "no trace notices: \(name)")
  }
}
