import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// The alarm's own test: a trace that must fail, on a model with a bug in it.
///
/// A campaign that reports nothing for a night is believed only if its alarm works, so one trace in
/// a hundred is one of these (TigerBeetle's canary). It is made like any other, on a machine on
/// which its last operations cannot fail to show the bug, runs under the same oracles, and counts
/// only if the very rule that it provokes is the one that objects.
enum Canary {
  /// One bug: what is planted, the operations that show it, and the rule that must object.
  struct Bug: Sendable {
    let mutant: Mutant
    let rule: String
    let watching: OracleSet
    /// Whether allocations are filled: what is planted must not fault before anybody objects.
    var isFilled = true
    let witness:
      @Sendable (_ first: Slot, _ second: Slot)
        -> [PoolOperation]
  }

  /// A bug for the invariants, and one for the shadow allocator.
  static let bugs = [
    Bug(
      mutant: .freeNotCounted, rule: "counters.outstanding",
      watching: [.cheapInvariants, .fullInvariants, .finalInvariants]
    ) { slot, _ in [.alloc(slot, .nonPaged, bytes: 64, tag: PoolTag("Cana")), .free(slot)] },
    Bug(
      mutant: .contiguousOverlaps, rule: OracleRule.overlap.rawValue, watching: .shadow,
      isFilled: false
    ) { first, second in
      // No page of the pool lies so low: the memory comes from outside of it.
      let limits = ContiguousLimits(lowest: 0, highest: 0x2FF_FFFF, boundary: 0)
      return [first, second].map { slot in
        PoolOperation(
          normal: .contiguous(PoolOperation.name(slot), bytes: 12_288, limits: limits))
      }
    },
  ]

  /// Runs one test; false where the alarm stays silent.
  static func setsOffTheAlarm(_ oracles: OracleSet, _ choices: inout RandomChoices) -> Bool {
    let watched = bugs.filter { !oracles.isDisjoint(with: $0.watching) }
    guard !watched.isEmpty else { return false }
    let bug = choices.draw(from: watched)
    var trace = Self.trace(bug, &choices)
    trace.configuration.oracles = oracles
    return FuzzRun(trace).failure?.failures.contains { $0.rule == bug.rule } ?? false
  }

  /// A random trace with the operations behind it that show the bug.
  static func trace(_ bug: Bug, _ choices: inout RandomChoices) -> PoolFuzzTrace {
    var trace = PoolTraceGenerator.trace(
      .canary, operationCount: choices.draw(from: [0, 4, 16]), choices: &choices)
    if !bug.isFilled { trace.configuration.configuration.fill = .off }
    trace.operations += bug.witness(Slot(1000), Slot(1001))
    trace.configuration.mutant = bug.mutant
    return trace
  }
}

/// Misuse that a profile of its own ends its traces with; the verdict oracle knows what each must
/// come to.
public enum NegativeOperation: String, Sendable, CaseIterable {
  /// The last address of a slot is freed again.
  case doubleFree = "double-free"
  /// A live block is freed with another tag.
  case wrongTag = "wrong-tag"
  /// An address that is no block's is freed: within one, beside one, or nobody's.
  case foreignFree = "foreign-free"
  /// One to sixteen bytes are stored right behind a live allocation's block.
  case overflow
  /// A pointer's worth of bytes is stored through a stale pointer.
  case writeAfterFree = "write-after-free"
  /// Paged memory is asked for, or given back, at dispatch level.
  case interruptLevel = "interrupt-level"
}
