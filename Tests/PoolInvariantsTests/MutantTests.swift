import KernelPool
import PoolInvariants
import PoolTestSupport
import Testing

/// Bugs planted in the model itself, found by invariants under ordinary traffic.
///
/// Mutants that only change which of several right answers the pool gives (a list's other end,
/// another split side) break no invariant; the recorded traces are there for those.
@Suite("Planted bugs of the model")
struct MutantTests {
  /// A bug, the machine that shows it, and the invariant that is broken.
  struct Case: Sendable, CustomStringConvertible {
    let mutant: Mutant
    let machine: Machine
    let style: RandomWorkload.Style
    let invariant: Invariant
    var description: String { mutant.rawValue }

    init(
      _ mutant: Mutant, _ invariant: Invariant, _ profile: Profile = .windows2003x86,
      _ style: RandomWorkload.Style = .small, lookasides: UInt16? = 0, singlePages: UInt16 = 4
    ) {
      self.mutant = mutant
      self.invariant = invariant
      self.style = style
      machine = Machine(profile, "with a bug") {
        $0.lookasideDepth = lookasides
        $0.singlePageDepth = singlePages
      }
    }
  }

  static let cases: [Case] = [
    Case(.splitFrontKeepsNextPreviousSize, .headerPreviousSize),
    Case(.splitBackKeepsNextPreviousSize, .headerPreviousSize),
    Case(.noForwardMerge, .freeAdjacent),
    Case(.noBackwardMerge, .freeAdjacent),
    Case(.mergeKeepsNextPreviousSize, .headerPreviousSize),
    Case(.keepsFreePage, .pageWhollyFree),
    Case(.mergeKeepsListEntry, .listMembership),
    Case(.lookasideTooDeep, .lookasideDepth, lookasides: nil),
    Case(.runNoForwardMerge, .runsAdjacent, .windows2003x86, .large, singlePages: 0),
    Case(.runKeepsOldOwner, .runsStamp, .windows2003x86, .large, singlePages: 0),
    Case(.trackerHashConstant, .trackerRow),
    Case(.bytesNotSubtracted, .countersBytes),
    Case(.lookasideHitsCounted, .countersOutstanding, lookasides: nil),
    Case(.thresholdOneLess, .liveSize, .windows2003x86, .mixed),
    Case(.freshPageCountedTwice, .countersPages),
    Case(.oneUnitTooMany, .liveSize),
    Case(.tagNotWritten, .liveTag),
  ]

  @Test("ordinary traffic shows the bug to a full audit", arguments: cases)
  func bugIsFound(_ bug: Case) throws {
    var audited = try AuditedPool(bug.machine.configuration, mutant: bug.mutant)
    var workload = RandomWorkload(seed: 3, bug.machine.configuration.profile, bug.style)
    for _ in 0..<400 where audited.pool.halted == nil {
      workload.step(&audited)
      let violations = audited.full()
      if violations.isEmpty { continue }
      #expect(
        violations.contains { $0.invariant == bug.invariant },
        "\(violations.map(\.description).joined(separator: "\n"))")
      return
    }
    Issue.record("\(bug.mutant.rawValue) was not found; halted: \(audited.pool.halted as Any)")
  }
}
