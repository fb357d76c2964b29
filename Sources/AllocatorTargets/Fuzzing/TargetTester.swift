import PoolFuzzing
import PropertyTesting

/// Tests an allocator by traces: runs them, judges them, makes failing ones small, certifies them.
public final class TargetTester {
  private let process: TargetProcess
  private var reportsFootprint = false
  private var error: TargetError?
  private var timeoutSeconds: Double
  /// Traces run so far.
  public private(set) var traceCount = 0
  /// Processes used up so far by what the allocator did.
  public var lostProcessCount: Int { process.runnerCount - 1 }

  /// Starts a worker with the allocator. `executable` is a program that hands its words to
  /// `TargetWorker.main` where the first of them is `TargetWorker.word`.
  public init(_ settings: TargetSettings, executable: String) throws(TargetError) {
    process = try TargetProcess(settings, executable: executable)
    timeoutSeconds = settings.timeoutSeconds
  }

  /// Runs a trace; returns the first thing that is wrong, or nil.
  ///
  /// A second round follows the first. Where it leaves more behind than the first did, many rounds
  /// tell a leak from a cache that fills.
  public func test(_ trace: PoolFuzzTrace) throws(TargetError) -> TargetFailure? {
    let operations = measured(TargetTrace.operations(of: trace))
    let arena = TargetTrace.arenaBytes(of: trace)
    traceCount += 1
    var run = try execute(operations, rounds: 2, arena)
    if case .finished = run.ending, TargetOracle.rises(run.footprints) {
      run = try execute(operations, rounds: Self.leakRounds, arena)
    }
    reportsFootprint = run.reportsFootprint
    let failure = TargetOracle.failure(operations, run, arenaBytes: arena)
    if failure != nil { try replace(run) }
    return failure
  }

  /// Caches of freed pages have been seen to grow six times in a row.
  private static let leakRounds = 24

  private func execute(
    _ operations: [TargetOperation], rounds: Int, _ arena: UInt64
  ) throws(TargetError) -> TargetRun {
    try process.run(
      operations, rounds: rounds, arenaBytes: arena,
      flags: reportsFootprint ? [.probe, .measure] : [.probe], timeoutSeconds: timeoutSeconds)
  }

  /// A runner that is still there after a failure is not one to go on with.
  private func replace(_ run: TargetRun) throws(TargetError) {
    switch run.ending {
    case .finished, .problem: try process.replaceRunner()
    case .signalled, .exited, .hung: break
    }
  }

  private func measured(_ operations: [TargetOperation]) -> [TargetOperation] {
    guard reportsFootprint else { return operations }
    var copy = operations
    for index in copy.indices where index % 8 == 7 { copy[index].isMeasured = true }
    return copy
  }

  // MARK: Reducing

  /// A reduced failing trace.
  public struct Reduced: Sendable {
    /// The trace, its slots numbered in order of first use.
    public let trace: PoolFuzzTrace
    /// The failure.
    public let identity: FailureIdentity
    /// For each operation and lifetime, what happens without it.
    public let certificate: Certificate?
    /// Traces executed.
    public let executionCount: Int
    /// Whether nothing can be left out.
    public var isOneMinimal: Bool { certificate?.isMinimal ?? false }
  }

  /// Makes a failing trace small with the suite's own shrinker.
  public func shrink(
    _ trace: PoolFuzzTrace, _ failure: TargetFailure
  ) throws(TargetError) -> Reduced {
    let identity = failure.identity(in: trace)
    // What hangs costs the whole time-out in every execution.
    let isSlow = failure.rule == .hang
    let patience = timeoutSeconds
    if isSlow { timeoutSeconds = min(timeoutSeconds, 1) }
    defer { timeoutSeconds = patience }
    // No search beyond the passes: what thousands of traces leave behind in one process makes a
    // library crash on traces that are harmless in a fresh one.
    let budget = ShrinkBudget(executionLimit: isSlow ? 120 : 3_000, searchLimit: 0)
    let shrinker = Shrinker<PoolSetup, PoolOperation>(budget: budget) { self.execution(of: $0) }
    let cut = trace.prefix(min(failure.step + 1, trace.operations.count))
    let result = shrinker.shrink(cut, identity)
    let small = SlotNumbers.inOrderOfUse(result.trace)
    let certificate = Certificate(of: small, identity) { self.execution(of: $0) }
    if let error { throw error }
    return Reduced(
      trace: small, identity: identity, certificate: certificate,
      executionCount: result.executionCount)
  }

  /// A trace as the shrinker sees it; an error of the worker counts as no failure and is kept.
  public func execution(of trace: PoolFuzzTrace) -> Execution {
    let count = trace.operations.count
    guard error == nil else {
      return Execution(failure: nil, skippedSteps: [], operationCount: count)
    }
    do throws(TargetError) {
      let failure = try test(trace).map {
        Execution.Failure(step: $0.step, identities: [$0.identity(in: trace)])
      }
      return Execution(failure: failure, skippedSteps: [], operationCount: count)
    } catch {
      self.error = error
      return Execution(failure: nil, skippedSteps: [], operationCount: count)
    }
  }
}

/// Slots numbered as a trace file's reader numbers them.
enum SlotNumbers {
  static func inOrderOfUse(_ trace: PoolFuzzTrace) -> PoolFuzzTrace {
    var numbers: [Slot: Slot] = [:]
    var copy = trace
    copy.operations = trace.operations.map { operation in
      operation.renamingSlots { slot in
        if let known = numbers[slot] { return known }
        let number = Slot(numbers.count)
        numbers[slot] = number
        return number
      }
    }
    return copy
  }
}
