/// Deletion strategies of other tools, written anew from their published descriptions, to be
/// compared with `Shrinker` on the same traces.
///
/// All of them get stable slots and the same-failure predicate, which most of the originals lack,
/// so what is compared is the strategy alone. Only the choice tape changes arguments.
public enum PublishedStrategy: String, Sendable, CaseIterable {
  /// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): subsets,
  /// then complements, at doubling granularity.
  case deltaDebugging = "ddmin"
  /// One operation at a time from back to front, once, as proptest's state machines do.
  case backwardPass = "backward pass"
  /// One operation at a time from front to back, once, as ArcHeap's minimizer does.
  case forwardPass = "forward pass"
  /// One contiguous run, restarted after each success, as fast-check's commands do.
  case oneRun = "one run"
  /// Counter-based delta debugging (2024), the deterministic equivalent of ProbDD: blocks that
  /// shrink by a fixed factor each round, no complements, nothing tried twice.
  case counterBased = "CDD"
  /// Edits of the sequence of choices that the trace was generated from, as Hypothesis's reducer;
  /// see `ChoiceTape`, which needs the tape and the generator where the others need the trace.
  case choiceTape = "choice tape"

  /// The strategies that work on the trace itself.
  public static let ofTraces = allCases.filter { $0 != .choiceTape }

  /// What a strategy comes to.
  public struct Result<Configuration: MachineConfiguration, Operation: SlotOperation>: Sendable {
    /// The reduced trace.
    public let trace: Trace<Configuration, Operation>
    /// How many traces were executed.
    public let executionCount: Int
  }

  /// Reduces a trace; the choice tape has none to edit and leaves it as it is.
  ///
  /// - Parameters:
  ///   - trace: one that fails.
  ///   - executionLimit: after so many executions it stops where it is.
  ///   - isFailing: whether a trace fails in the same way.
  public func reduce<C: MachineConfiguration, O: SlotOperation>(
    _ trace: Trace<C, O>, executionLimit: Int = 100_000, isFailing: (Trace<C, O>) -> Bool
  ) -> Result<C, O> {
    var executions = 0
    func fails(_ kept: [Int]) -> Bool {
      guard executions < executionLimit else { return false }
      executions += 1
      return isFailing(
        Trace(
          configuration: trace.configuration, operations: kept.map { trace.operations[$0] }))
    }
    let all = Array(trace.operations.indices)
    let kept =
      switch self {
      case .deltaDebugging: DeletionLoops.deltaDebugging(all, fails)
      case .backwardPass: DeletionLoops.singlePass(all, Array(all.reversed()), fails)
      case .forwardPass: DeletionLoops.singlePass(all, all, fails)
      case .oneRun: DeletionLoops.oneRun(all, fails)
      case .counterBased: DeletionLoops.counterBased(all, fails)
      case .choiceTape: all
      }
    let reduced = Trace(
      configuration: trace.configuration, operations: kept.map { trace.operations[$0] })
    return Result(trace: reduced, executionCount: executions)
  }
}

/// The loops of the compared strategies, over indices of what is kept.
enum DeletionLoops {
  /// ddmin: subsets, complements, then twice as many parts.
  static func deltaDebugging(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var parts = 2
    while kept.count > 1 {
      let chunks = split(kept, into: parts)
      if let subset = chunks.first(where: { $0.count < kept.count && fails($0) }) {
        kept = subset
        parts = 2
        continue
      }
      let complement = chunks.lazy.map { chunk in
        kept.filter { $0 < chunk[0] || $0 > chunk[chunk.count - 1] }
      }.first { $0.count < kept.count && parts > 2 && fails($0) }
      if let complement {
        kept = complement
        parts = max(parts - 1, 2)
      } else if parts < kept.count {
        parts = min(parts * 2, kept.count)
      } else {
        break
      }
    }
    return kept
  }

  /// Each index once, in the given order.
  static func singlePass(_ all: [Int], _ order: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    for index in order {
      let candidate = kept.filter { $0 != index }
      if fails(candidate) { kept = candidate }
    }
    return kept
  }

  /// One run, longest first by halving; from the beginning again after a success.
  static func oneRun(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var hasShrunk = true
    while hasShrunk {
      hasShrunk = false
      var length = kept.count / 2
      while length > 0, !hasShrunk {
        for start in stride(from: 0, to: kept.count - length + 1, by: length) {
          var candidate = kept
          candidate.removeSubrange(start..<start + length)
          if fails(candidate) {
            kept = candidate
            hasShrunk = true
            break
          }
        }
        length /= 2
      }
    }
    return kept
  }

  /// Blocks of a size that falls by 1 - 1/e each round from 10, each tried once a round.
  static func counterBased(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var size = 10
    while size > 0 {
      var start = 0
      while start < kept.count {
        var candidate = kept
        candidate.removeSubrange(start..<min(start + size, kept.count))
        if fails(candidate) { kept = candidate } else { start += size }
      }
      size = size == 1 ? 0 : size * 632 / 1000
    }
    return kept
  }

  private static func split(_ kept: [Int], into parts: Int) -> [[Int]] {
    var chunks: [[Int]] = []
    var start = 0
    for part in 0..<parts {
      let end = start + (kept.count - start) / (parts - part)
      if end > start { chunks.append(Array(kept[start..<end])) }
      start = end
    }
    return chunks
  }
}

/// A reducer of choice sequences: deletes windows of choices and lowers what is left, and lets the
/// generator make a trace of each edited tape.
///
/// Written anew from what is published on Hypothesis's reducer (MacIver and Donaldson, "Test-Case
/// Reduction via Test-Case Generation", 2020), in its simple form: windows of 8 to 1 choices, deleted
/// adaptively from the back, then each choice to 0, by bisection, or by one; repeated until nothing
/// changes.
public enum ChoiceTape {
  /// What a reduction comes to.
  public struct Result: Sendable, Equatable {
    /// The reduced tape.
    public let tape: [UInt64]
    /// How many tapes were tried.
    public let executionCount: Int
  }

  /// Reduces a tape.
  ///
  /// - Parameters:
  ///   - tape: one whose trace fails.
  ///   - executionLimit: after so many executions it stops where it is.
  ///   - usedCount: how much of a tape was read until its trace failed in the same way; nil where
  ///     it does not.
  public static func reduce(
    _ tape: [UInt64], executionLimit: Int, usedCount: @escaping ([UInt64]) -> Int?
  ) -> Result {
    var search = Search(tape: tape, limit: executionLimit, usedCount: usedCount)
    guard search.attempt(tape, isFirst: true) else {
      return Result(tape: tape, executionCount: search.executionCount)
    }
    var before: [UInt64] = []
    while before != search.tape, !search.isOver {
      before = search.tape
      for window in stride(from: 8, through: 1, by: -1) { search.removeWindows(of: window) }
      search.lowerEach()
    }
    return Result(tape: search.tape, executionCount: search.executionCount)
  }

  private struct Search {
    var tape: [UInt64]
    let limit: Int
    let usedCount: ([UInt64]) -> Int?
    var executionCount = 0

    init(tape: [UInt64], limit: Int, usedCount: @escaping ([UInt64]) -> Int?) {
      self.tape = tape
      self.limit = limit
      self.usedCount = usedCount
    }

    var isOver: Bool { executionCount >= limit }

    /// Takes a tape if its trace fails and it is smaller; what was not read is cut off.
    mutating func attempt(_ candidate: [UInt64], isFirst: Bool = false) -> Bool {
      guard !isOver else { return false }
      executionCount += 1
      guard let used = usedCount(candidate) else { return false }
      let kept = Array(candidate.prefix(used))
      guard
        isFirst || kept.count < tape.count
          || (kept.count == tape.count && kept.lexicographicallyPrecedes(tape))
      else { return false }
      tape = kept
      return true
    }

    /// Deletes windows from the back; as many at once as will go, found by doubling.
    mutating func removeWindows(of window: Int) {
      var end = tape.count
      while end >= window, !isOver {
        var extent = window
        while extent <= end, remove(end - extent..<end) {
          end = min(end - extent, tape.count)
          extent *= 2
        }
        end -= 1
      }
    }

    private mutating func remove(_ range: Range<Int>) -> Bool {
      guard range.upperBound <= tape.count else { return false }
      var candidate = tape
      candidate.removeSubrange(range)
      return attempt(candidate)
    }

    mutating func lowerEach() {
      var index = 0
      while index < tape.count, !isOver {
        if tape[index] > 0, !set(index, to: 0) {
          var low: UInt64 = 0
          while index < tape.count, low + 1 < tape[index], !isOver {
            let middle = low + (tape[index] - low) / 2
            if !set(index, to: middle) { low = middle }
          }
        }
        index += 1
      }
    }

    private mutating func set(_ index: Int, to value: UInt64) -> Bool {
      guard index < tape.count, tape[index] != value else { return false }
      var candidate = tape
      candidate[index] = value
      return attempt(candidate)
    }
  }
}
