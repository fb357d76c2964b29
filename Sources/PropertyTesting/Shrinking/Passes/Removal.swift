/// Removes whole lifetimes: halves of them, quarters, and so on down to single ones.
public struct RemoveLifetimes<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove lifetimes"

  /// With so few, groups are not worth their executions.
  private static var fewLifetimes: Int { 8 }

  /// The pass.
  public init() {}

  /// Works from the last lifetime to the first: late ones are the least likely to be needed.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var lifetimes = Lifetime.all(in: reduction.trace.operations)
    var group = lifetimes.count > Self.fewLifetimes ? lifetimes.count / 2 : 1
    while group > 0, !lifetimes.isEmpty, !reduction.isOver {
      var end = lifetimes.count
      while end > 0, !reduction.isOver {
        let start = max(0, end - group)
        let indices = lifetimes[start..<end].flatMap(\.operations)
        let selection = IndexSelection(indices, of: reduction.trace.operations.count)
        if reduction.attempt(reduction.trace.removing(selection)) {
          lifetimes = Lifetime.all(in: reduction.trace.operations)
        }
        end = min(start, lifetimes.count)
      }
      group = min(group, lifetimes.count) / 2
    }
  }
}

/// Removes runs of neighbouring operations, for what belongs to no lifetime.
public struct RemoveRuns<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove runs"

  /// Shorter traces are left to the removal of single operations.
  private static var shortTrace: Int { 16 }

  /// The pass.
  public init() {}

  /// Runs of half the trace, a quarter, and so on; a run that can go is doubled while it can.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var length = reduction.trace.operations.count / 2
    while length > 2, reduction.trace.operations.count > Self.shortTrace, !reduction.isOver {
      var end = reduction.trace.operations.count
      while end > 0, !reduction.isOver {
        var extent = length
        var start = max(0, end - extent)
        while start < end, reduction.attempt(Self.removing(start..<end, from: reduction.trace)) {
          end = min(start, reduction.trace.operations.count)
          extent *= 2
          start = max(0, end - extent)
        }
        end = max(0, end - length)
      }
      length /= 2
    }
  }

  private static func removing(
    _ range: Range<Int>, from trace: Trace<Configuration, Operation>
  ) -> Trace<Configuration, Operation> {
    var copy = trace
    copy.operations.removeSubrange(range)
    return copy
  }
}

/// Removes three or more neighbouring operations from a trace that is already short: what comes
/// in threes and fours, as in a counter that wraps, cannot go in ones and twos.
public struct RemoveWindows<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove windows"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Longer traces have too many windows.
  private static var longTrace: Int { 12 }

  /// The pass.
  public init() {}

  /// Proposes the trace without each window of 3 operations up to half of them.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    let count = trace.operations.count
    guard count > 5, count <= Self.longTrace else { return }
    for length in 3...count / 2 {
      for start in stride(from: count - length, through: 0, by: -1) {
        let selection = IndexSelection(start..<start + length, of: count)
        if reduction.isOver || reduction.attempt(trace.removing(selection)) { return }
      }
    }
  }
}

/// Removes single operations, last to first.
public struct RemoveSingles<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove singles"

  /// The pass.
  public init() {}

  /// Proposes the trace without each of its operations.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = reduction.trace.operations.count - 1
    while index >= 0, !reduction.isOver {
      reduction.attempt(reduction.trace.removing(at: index))
      index = min(index, reduction.trace.operations.count) - 1
    }
  }
}

/// Removes two operations at once: a creation and a destruction that undo each other, when each
/// alone is needed because of the other.
public struct RemovePairs<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove pairs"
  /// It is quadratic, and what it removes is dear to find otherwise.
  public let startsOver = true

  /// Longer traces have too many pairs.
  private static var longTrace: Int { 16 }

  /// The pass.
  public init() {}

  /// Proposes the trace without each pair of its operations.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= Self.longTrace else { return }
    // Whole lifetimes have been tried.
    let lifetimes = Lifetime.all(in: reduction.trace.operations).filter {
      $0.operations.count == 2
    }
    var second = reduction.trace.operations.count - 1
    while second > 0 {
      for first in stride(from: second - 1, through: 0, by: -1) {
        guard !reduction.isOver else { return }
        if lifetimes.contains(where: { $0.operations == [first, second] }) { continue }
        let count = reduction.trace.operations.count
        let selection = IndexSelection([first, second], of: count)
        if reduction.attempt(reduction.trace.removing(selection)) { return }
      }
      second -= 1
    }
  }
}

/// Raises numbers to a landmark and removes one operation: bigger requests need less company.
///
/// Like the pump it goes up to come down, but it merges nothing. Equal numbers are raised
/// together first: where small requests are treated in a way of their own, all of them must leave
/// it at once.
public struct RaiseAndRemove<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "raise and remove"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Longer traces have too many combinations.
  private static var longTrace: Int { 24 }
  /// Single numbers are raised in traces up to this length.
  private static var shortTrace: Int { 6 }

  /// The pass.
  public init() {}

  /// Proposes combinations until one is accepted.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    guard trace.operations.count <= Self.longTrace else { return }
    let sites = ParameterSite.all(in: trace)
    var seen: [Parameter] = []
    for site in sites {
      let isKnown = seen.contains {
        $0.role == site.parameter.role && $0.value == site.parameter.value
      }
      guard !isKnown else { continue }
      seen.append(site.parameter)
      let equal = sites.filter {
        $0.parameter.role == site.parameter.role && $0.parameter.value == site.parameter.value
      }
      if Self.raise(equal, in: trace, &reduction) { return }
    }
    guard trace.operations.count <= Self.shortTrace else { return }
    for site in sites where Self.raise([site], in: trace, &reduction) { return }
  }

  /// Whether raising these and removing some operation was accepted, or the budget is used up.
  private static func raise(
    _ sites: [ParameterSite], in trace: Trace<Configuration, Operation>,
    _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    let landmarks = ParameterSite.landmarks(above: sites[0].parameter, trace.configuration)
    for landmark in landmarks {
      let values = sites.map { _ in landmark }
      guard let raised = ParameterSite.replacing(sites, with: values, in: trace) else { continue }
      for index in raised.operations.indices.reversed() {
        // In a longer trace only what takes a whole lifetime along is worth the execution.
        let isCandidate =
          trace.operations.count <= shortTrace || !raised.operations[index].isDestruction
        guard isCandidate, sites.count > 1 || index != sites[0].operation else { continue }
        if reduction.isOver || reduction.attempt(raised.removing(at: index)) { return true }
      }
    }
    return false
  }
}

/// Tries once more to remove each operation and each lifetime; its silence is the claim.
///
/// Not part of a plan: the shrinker always runs it last, whatever the passes before it were.
public struct OneMinimality<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "1-minimality"

  /// The pass.
  public init() {}

  /// Stops at the first success: the shrinker then begins another round.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    for index in trace.operations.indices.reversed() {
      if reduction.isOver || reduction.attempt(trace.removing(at: index)) { return }
    }
    for lifetime in Lifetime.all(in: trace.operations) {
      let selection = IndexSelection(lifetime.operations, of: trace.operations.count)
      if reduction.isOver || reduction.attempt(trace.removing(selection)) { return }
    }
  }
}
