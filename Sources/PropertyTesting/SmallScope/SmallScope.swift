import Dispatch
import Synchronization

/// All traces of a small alphabet up to a length, each once up to the names of slots.
///
/// Most bugs have a small trace ("small scope hypothesis", Jackson). Enumeration finds the true
/// shortest one, which is what a shrinker can be measured against, and it proves absence within
/// its scope, which no random run can.
///
/// A trace is left out when a shorter one already says what it would: extensions of a failing
/// trace, and traces with an operation that is skipped.
public struct SmallScope<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// How the system is set up in all of them.
  public let configuration: Configuration
  /// The alphabet. Slots in it only say which of a template's slots are the same: each template
  /// is used with all slots that are live, and creations with a fresh one.
  public let templates: [Operation]
  /// The greatest length, in operations.
  public let operationLimit: Int
  /// The greatest number of traces executed; reaching it leaves the report incomplete.
  public let executionLimit: Int
  /// Asked before each execution over rewindable machines; true leaves the report incomplete.
  public var isInterrupted: @Sendable () -> Bool = { false }

  /// That scope.
  public init(
    configuration: Configuration = Configuration(), templates: [Operation],
    operationLimit: Int, executionLimit: Int = 10_000_000
  ) {
    self.configuration = configuration
    self.templates = templates
    self.operationLimit = operationLimit
    self.executionLimit = executionLimit
  }

  /// The greatest length up to which there are no more traces than a limit; skipped and failing
  /// prefixes, which an enumeration leaves out, are counted.
  public func greatestLength(within limit: Int) -> Int { traceCounts(within: limit).count }

  /// How many traces there are of each length from 1, as far as together they are no more than a
  /// limit; skipped and failing prefixes, which an enumeration leaves out, are counted.
  func traceCounts(within limit: Int) -> [Int] {
    var counts = [ScopePosition(): 1]
    var totals: [Int] = []
    var left = limit
    while totals.count < operationLimit {
      var next: [ScopePosition: Int] = [:]
      for (position, count) in counts {
        for template in templates {
          let (ways, after) = position.ways(to: template)
          guard ways > 0 else { continue }
          let (product, overflow) = ways.multipliedReportingOverflow(by: count)
          guard !overflow, product <= limit else { return totals }
          next[after, default: 0] += product
        }
      }
      let total = next.values.reduce(0, +)
      guard total <= left else { return totals }
      left -= total
      totals.append(total)
      counts = next
    }
    return totals
  }

  /// Executes them all, by length, and keeps the smallest trace of each failure.
  ///
  /// `wanted`: failures to look for; when all are found at some length, longer traces
  ///   are not executed. Empty means to go on to the end.
  /// `leastLength`: shorter traces are left out.
  public func search(
    for wanted: [FailureIdentity] = [], leastLength: Int = 1,
    execute: (Trace<Configuration, Operation>) -> Execution
  ) -> SmallScopeReport<Configuration, Operation> {
    var report = SmallScopeReport<Configuration, Operation>()
    guard leastLength > 0, operationLimit >= leastLength else { return report }
    report.executionCounts = Array(repeating: 0, count: leastLength - 1)
    for length in leastLength...operationLimit {
      searchTraces(of: length, execute, &report)
      let isFound = wanted.allSatisfy { identity in report.minimum(of: identity) != nil }
      if !report.isComplete || (!wanted.isEmpty && isFound) { break }
    }
    return report
  }

  /// The same over a machine that can be rewound: each operation of the tree of traces is executed
  /// once, so that a trace costs what its last operation does.
  ///
  /// `wanted`: failures to look for; when all are found, longer traces are not executed. Empty
  /// means to go on to the end.
  /// `checksEnd`: whether each trace is also ended, on a copy; a law of the end often costs more
  /// than all the rest.
  /// `jobs`: threads among which the branches of the tree are shared out. The report is the same
  /// for any number; a limit of executions is kept by one thread, so that it ends at one place.
  public func search<Machine: RewindableMachine & ~Copyable>(
    _ machine: Machine.Type, for wanted: [FailureIdentity] = [], checksEnd: Bool = true,
    jobs: Int = 1
  ) -> SmallScopeReport<Configuration, Operation>
  where Machine.Configuration == Configuration, Machine.Operation == Operation {
    // With something to look for it pays to deepen step by step: the tree grows by a factor with
    // each length, so that all lesser depths together cost a fraction of the last.
    let depths = wanted.isEmpty ? [operationLimit] : Array(1...max(operationLimit, 1))
    var report = SmallScopeReport<Configuration, Operation>()
    for depth in depths where depth <= operationLimit {
      report = walk(machine, limit: depth, checksEnd: checksEnd, jobs: jobs)
      let isFound = wanted.allSatisfy { identity in report.minimum(of: identity) != nil }
      if !report.isComplete || (!wanted.isEmpty && isFound) { break }
    }
    return report
  }

  /// The report of all traces up to a length, put together from those of the threads.
  private func walk<Machine: RewindableMachine & ~Copyable>(
    _ machine: Machine.Type, limit: Int, checksEnd: Bool, jobs: Int
  ) -> SmallScopeReport<Configuration, Operation>
  where Machine.Configuration == Configuration, Machine.Operation == Operation {
    let branches = ScopeBranches()
    let reports = Mutex<[SmallScopeReport<Configuration, Operation>]>([])
    let count = executionLimit == .max ? max(jobs, 1) : 1
    DispatchQueue.concurrentPerform(iterations: count) { number in
      var walk = ScopeWalk<Machine>(
        self, limit: limit, checksEnd: checksEnd, branches: branches, reportsStem: number == 0)
      walk.run()
      let report = walk.report
      reports.withLock { $0.append(report) }
    }
    return SmallScopeReport(merging: reports.withLock { $0 })
  }

  private func searchTraces(
    of length: Int, _ execute: (Trace<Configuration, Operation>) -> Execution,
    _ report: inout SmallScopeReport<Configuration, Operation>
  ) {
    report.executionCounts.append(0)
    var levels = [ScopeLevel(live: [], usedCount: 0, templates: templates)]
    // The operations that stand at the levels; only what changes is written again.
    var trace = Trace<Configuration, Operation>(configuration: configuration, operations: [])
    trace.operations.reserveCapacity(length)
    guard let first = levels[0].alternatives.first else { return }
    trace.operations.append(first)
    while true {
      while levels.count < length, trace.operations.count == levels.count {
        levels.append(levels[levels.count - 1].next(templates))
        if let first = levels[levels.count - 1].alternatives.first {
          trace.operations.append(first)
        }
      }
      // How many levels stay as they are; the one after them takes its next alternative.
      var kept = levels.count - 1
      if trace.operations.count == length {
        guard report.executionCount < executionLimit else {
          report.isComplete = false
          return
        }
        let execution = execute(trace)
        report.executionCounts[length - 1] += 1
        kept = note(execution, trace, &report)
      }
      guard Self.advance(&levels, &trace.operations, keeping: kept) else { return }
    }
  }

  /// Notes what is new in an execution; returns the first level that must change.
  private func note(
    _ execution: Execution, _ trace: Trace<Configuration, Operation>,
    _ report: inout SmallScopeReport<Configuration, Operation>
  ) -> Int {
    let last = trace.operations.count - 1
    if let skipped = execution.skippedSteps.first { return skipped }
    guard let failure = execution.failure else { return last }
    if failure.step >= last {
      for identity in failure.identities { report.note(identity, trace) }
    }
    return min(failure.step, last)
  }

  private static func advance(
    _ levels: inout [ScopeLevel<Operation>], _ operations: inout [Operation],
    keeping kept: Int
  ) -> Bool {
    levels.removeSubrange((kept + 1)...)
    while !levels.isEmpty {
      let last = levels.count - 1
      operations.removeSubrange(min(last, operations.count)...)
      if levels[last].choice + 1 < levels[last].alternatives.count {
        levels[last].choice += 1
        operations.append(levels[last].alternatives[levels[last].choice])
        return true
      }
      levels.removeLast()
    }
    return false
  }
}

/// All that the number of ways to go on depends on.
private struct ScopePosition: Hashable {
  /// Slots that are live.
  var live = 0
  /// Slots that were ever created.
  var used = 0

  /// In how many ways a template goes on from here, and where it leads.
  func ways(to template: some SlotOperation) -> (count: Int, after: ScopePosition) {
    var count = 1
    var after = self
    template.slots.forEach { use in
      switch use.effect {
      case .creates:
        after.live += 1
        after.used += 1
      case .uses: count *= live
      case .destroys:
        count *= live
        after.live -= 1
      case .mentions: count *= used
      }
    }
    return (count, after)
  }
}

/// What an enumeration of all small traces found.
public struct SmallScopeReport<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// The smallest trace, in `TraceOrder`, of each failure: in order of discovery, or, where branches
  /// were searched side by side, in the traces' order.
  public private(set) var minima:
    [(identity: FailureIdentity, trace: Trace<Configuration, Operation>)] = []
  /// How many traces were executed, by length; the first is for length 1.
  public internal(set) var executionCounts: [Int] = []
  /// Whether every trace of the lengths counted was executed or is covered by one that was.
  public internal(set) var isComplete = true

  /// How many traces were executed.
  public var executionCount: Int { executionCounts.reduce(0, +) }

  /// The smallest trace of a failure, if it was found.
  public func minimum(of identity: FailureIdentity) -> Trace<Configuration, Operation>? {
    minima.first { $0.identity == identity }?.trace
  }

  /// Nothing yet.
  init() {}

  /// What several searches of different traces found together.
  init(merging reports: [SmallScopeReport]) {
    isComplete = reports.allSatisfy(\.isComplete)
    for report in reports {
      let missing = max(report.executionCounts.count - executionCounts.count, 0)
      executionCounts += Array(repeating: 0, count: missing)
      for (length, count) in report.executionCounts.enumerated() {
        executionCounts[length] += count
      }
      for (identity, trace) in report.minima { note(identity, trace) }
    }
    minima.sort { left, right in
      if TraceOrder.isSmaller(left.trace, than: right.trace) { return true }
      if TraceOrder.isSmaller(right.trace, than: left.trace) { return false }
      return left.identity.description < right.identity.description
    }
  }

  mutating func note(_ identity: FailureIdentity, _ trace: Trace<Configuration, Operation>) {
    guard let index = minima.firstIndex(where: { $0.identity == identity }) else {
      minima.append((identity, trace))
      return
    }
    if TraceOrder.isSmaller(trace, than: minima[index].trace) { minima[index].trace = trace }
  }
}

/// A machine that can be put into the state of another: what an enumeration needs to go on from a
/// state instead of from the beginning.
///
/// All traces up to a length form a tree. Whoever has a machine for each depth executes every
/// operation of the tree once; whoever has not executes each trace from its start, as many times as
/// it is long.
public protocol RewindableMachine: StateMachine, ~Copyable {
  /// Becomes what `other` is. Both were made with the same configuration.
  ///
  /// Afterwards neither sees anything that is done to the other (`MachineLaws` checks it).
  mutating func become(_ other: borrowing Self)
}

extension RewindableMachine {
  /// A machine that can be copied is rewound by a copy.
  public mutating func become(_ other: borrowing Self) { self = copy other }
}
