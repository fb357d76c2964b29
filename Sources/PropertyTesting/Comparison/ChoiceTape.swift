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
