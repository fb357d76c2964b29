import Foundation
import KernelPool
import PoolOracles
import PoolTrace
import Testing

/// What real programs asked for, replayed: every request is granted, every free frees, and no
/// invariant breaks on the way.
@Suite struct RecordedWorkloadTests {
  /// The workloads and how many allocations each one holds, counted in the recordings.
  static let workloads = [
    ("linux-files", 1_330), ("awk-count", 167), ("linux-kmem", 4), ("library-start", 2),
  ]

  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Corpus/recorded")

  private static func operations(_ name: String) throws -> [PoolTrace.Operation] {
    let url = folder.appending(path: name + ".trace")
    return try TraceParser.operations(in: String(contentsOf: url, encoding: .utf8))
  }

  private static func outcome(_ name: String, _ mutant: Mutant) throws -> ReplayOutcome? {
    var session = try ReplaySession.boot(TraceConfiguration(), level: .fast, mutant: mutant)
    for operation in try operations(name) { _ = session.step(operation) }
    session.finish()
    return session.outcome
  }

  @Test func everyTraceIsNamed() throws {
    let traces = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".trace") }
    #expect(Set(traces) == Set(Self.workloads.map { $0.0 + ".trace" }))
  }

  @Test(arguments: workloads)
  func everyRequestIsGrantedAndEveryFreeFrees(_ name: String, _ allocations: Int) throws {
    var replayer = try Replayer.boot(TraceConfiguration())
    var live: Set<SlotName> = []
    var granted = 0
    for operation in try Self.operations(name) {
      switch (operation, replayer.step(operation)) {
      case (.alloc(let slot, _, _, _), .allocated):
        granted += 1
        #expect(live.insert(slot).inserted, "\(slot) is taken")
      case (.free(let slot, _), .freed):
        #expect(live.remove(slot) != nil, "\(slot) is free")
      case (.config, _): break
      case (_, let result): Issue.record("\(operation): \(result)")
      }
    }
    #expect(granted == allocations)
  }

  @Test(arguments: workloads)
  func noInvariantBreaks(_ name: String, _ allocations: Int) throws {
    #expect(try Self.outcome(name, .none) == .ok)
  }

  /// The largest workload reaches far enough to notice what is wrong in each of these mechanisms.
  @Test(arguments: [
    Mutant.splitBackKeepsNextPreviousSize, .mergeKeepsNextPreviousSize, .mergeKeepsListEntry,
    .backwardMergeKeepsListEntry, .unlinkForgetsBack, .releasedPageStillCounted, .freeNotCounted,
  ])
  func aPlantedBugIsNoticed(_ mutant: Mutant) throws {
    #expect(try Self.outcome("linux-files", mutant) != .ok)
  }
}
