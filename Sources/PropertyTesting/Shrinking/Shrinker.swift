/// Makes failing traces small, and says when they can not be made smaller.
///
/// The design in a few sentences. Slots make every sub-sequence executable, so deletion needs no
/// repair. Lifetimes are the units of the first, coarse deletion: they are what a person would
/// delete. Deletion alone ends in traces that are 1-minimal and still too long, so passes that
/// *grow* one argument to lose whole operations follow (the pump), then pairs. Only then are
/// numbers lowered, which may make way for more deletion; so the whole list is repeated until a
/// round changes nothing. A last pass tries each operation and each lifetime once more and is the
/// one whose silence is reported as 1-minimality. Then `ShortestSearch` looks for a shorter trace
/// that no pass reaches, and says whether there can be one.
///
/// Failures are compared by identity: a candidate that fails otherwise is rejected, and noted in
/// a ledger. All costs are counted in executions and operations; nothing here reads a clock.
public struct Shrinker<Configuration: MachineConfiguration, Operation: SlotOperation> {
  /// The passes of a round, in order: cheap ones first, normalizing ones last.
  public var passes: [any ShrinkPass<Configuration, Operation>]
  /// What a reduction may cost.
  public var budget: ShrinkBudget
  /// What is asked when no pass can do more: whether there is a shorter trace all the same.
  public var search = ShortestSearch<Configuration, Operation>()
  /// Asked before each execution; true ends the reduction with what it has come to.
  public var isInterrupted: () -> Bool = { false }

  private let execute: (Trace<Configuration, Operation>) -> Execution

  /// A shrinker over any way to execute a trace.
  public init(
    budget: ShrinkBudget = ShrinkBudget(),
    passes: [any ShrinkPass<Configuration, Operation>] = ShrinkPlan.standard(),
    execute: @escaping (Trace<Configuration, Operation>) -> Execution
  ) {
    self.budget = budget
    self.passes = passes
    self.execute = execute
  }

  /// A shrinker over a machine.
  public init<Machine: StateMachine & ~Copyable>(
    _ machine: Machine.Type, checks: CheckFrequency = .everyStep,
    budget: ShrinkBudget = ShrinkBudget()
  ) where Machine.Configuration == Configuration, Machine.Operation == Operation {
    let runner = TraceRunner<Machine>(checks: checks)
    self.init(budget: budget) { runner.run($0) }
  }

  /// Reduces a trace that shows a failure.
  public func shrink(
    _ trace: Trace<Configuration, Operation>, _ identity: FailureIdentity
  ) -> ShrinkResult<Configuration, Operation> {
    var reduction = Reduction(trace, identity, budget, isInterrupted, execute)
    guard budget != .off else { return Self.result(reduction, .off) }
    guard reduction.begin() else { return Self.result(reduction, .notReproduced) }
    var searchCount = 0
    while reduceToMinimum(&reduction) {
      let trace = reduction.trace
      let answer = search.answer(trace, identity, limit: budget.searchLimit, isInterrupted) {
        candidate in
        searchCount += 1
        return execute(candidate)
      }
      switch answer {
      case .silent(let length):
        return Self.result(reduction, .oneMinimal, length, searchCount)
      case .shorter(let shorter):
        reduction.enter("search")
        guard reduction.attempt(shorter) else {
          return Self.result(reduction, .oneMinimal, .unknown, searchCount)
        }
      }
    }
    return Self.result(
      reduction, reduction.isInterrupted ? .interrupted : .budgetExhausted, .unknown, searchCount)
  }

  /// Repeats the passes until nothing can be removed; false where the budget does not allow it.
  private func reduceToMinimum(
    _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    while !reduction.isOver {
      let before = reduction.acceptedCount
      runRound(&reduction)
      guard reduction.acceptedCount == before else { continue }
      run(OneMinimality(), on: &reduction)
      if reduction.acceptedCount == before, !reduction.isOver { return true }
    }
    return false
  }

  /// In longer traces whatever shortens them is welcome at once.
  private static var shortTrace: Int { 12 }

  /// Runs the passes in order. Dear ones wait for a round in which no pass before them could do
  /// anything, so that they see a short trace as simple as the cheap ones make it.
  private func runRound(_ reduction: inout Reduction<Configuration, Operation>) {
    let start = reduction.acceptedCount
    for pass in passes {
      let before = reduction.acceptedCount
      let isShort = reduction.trace.operations.count <= Self.shortTrace
      if pass.startsOver, isShort, before > start { return }
      run(pass, on: &reduction)
      if reduction.isOver || (pass.startsOver && reduction.acceptedCount > before) { return }
    }
  }

  private func run(
    _ pass: some ShrinkPass<Configuration, Operation>,
    on reduction: inout Reduction<Configuration, Operation>
  ) {
    reduction.enter(pass.name)
    pass.run(&reduction)
  }

  private static func result(
    _ reduction: Reduction<Configuration, Operation>,
    _ ending: ShrinkResult<Configuration, Operation>.Ending,
    _ length: TraceLength = .unknown, _ searchCount: Int = 0
  ) -> ShrinkResult<Configuration, Operation> {
    ShrinkResult(
      trace: reduction.trace, identity: reduction.identity, ending: ending, length: length,
      executionCount: reduction.executionCount, searchCount: searchCount,
      operationCount: reduction.operationCount,
      statistics: reduction.statistics, ledger: reduction.ledger)
  }
}

/// The passes of a round.
public enum ShrinkPlan {
  /// All passes: deletion, then numbers, names and order, then what is dear: the pump, pairs and
  /// windows, and numbers that hang together.
  ///
  /// - Parameters:
  ///   - pump: one whose mergers know the configuration, if there is such a one.
  ///   - tiny: one whose letters are the subject's, if there is such a one.
  public static func standard<C: MachineConfiguration, O: SlotOperation>(
    pump: Pump<C, O> = Pump(), tiny: TryTinyTraces<C, O> = TryTinyTraces()
  ) -> [any ShrinkPass<C, O>] {
    deletion() + [
      SimplifyConfiguration(), SimplifyAll(), SimplifyKinds(),
      SimplifyTogether(longestTrace: shortTrace), SimplifyParameters(longestTrace: shortTrace),
      MoveDestructions(longestTrace: shortTrace), OrderNeighbours(longestTrace: shortTrace),
      NameSlots(), tiny, pump, UnifySlots(), RemovePairs(), RemoveWindows(),
      SimplifyTogether(), SimplifyParameters(), RaiseAndRemove(), LowerPairs(),
      RedistributePairs(), UnifyParameters(), RetargetUses(), MoveDestructions(),
      OrderNeighbours(),
    ]
  }

  /// Numbers and order of longer traces wait until the dear passes have tried to shorten them.
  private static let shortTrace = 8

  /// Deletion of lifetimes, runs and single operations alone.
  public static func deletion<C: MachineConfiguration, O: SlotOperation>() -> [any ShrinkPass<C, O>]
  {
    [SeparateLifetimes(), RemoveLifetimes(), RemoveRuns(), RemoveSingles()]
  }
}

/// One way of making a trace smaller.
///
/// Obligations of a pass:
/// - It only proposes, with `Reduction.attempt`; the reduction decides, keeps the books, and
///   makes sure that what is accepted is smaller in `TraceOrder`.
/// - It goes on from where it was after a success, and does not start over: the shrinker repeats
///   passes to a fixpoint, and tells candidates that it has already seen.
/// - It looks at `reduction.trace` again after each success: the trace is cut after its failure
///   and freed of skipped operations, so indices may have moved.
/// - It stops when `reduction.isOver`.
///
/// The name is the key of the pass in all statistics.
public protocol ShrinkPass<Configuration, Operation>: Sendable {
  /// How the system is set up.
  associatedtype Configuration: MachineConfiguration
  /// What can be done to it.
  associatedtype Operation: SlotOperation

  /// What it is called in statistics.
  var name: String { get }

  /// Whether it is dear: it waits for a round in which the passes before it did nothing, and its
  /// progress starts a new round at once, because it makes way for cheaper passes.
  var startsOver: Bool { get }

  /// Proposes smaller traces.
  func run(_ reduction: inout Reduction<Configuration, Operation>)
}

extension ShrinkPass {
  /// No: the round goes on.
  public var startsOver: Bool { false }
}

/// How much a reduction may cost, in executions and operations; never in seconds, so that the
/// same budget gives the same result on any machine.
public struct ShrinkBudget: Sendable, Equatable {
  /// How many candidates may be executed.
  public var executionLimit: Int
  /// How many operations may be executed in all.
  public var operationLimit: Int
  /// How many traces may be executed each time a shorter one is looked for that no pass reaches;
  /// 0 is content with what is minimal in single steps.
  public var searchLimit: Int

  /// Those limits.
  public init(
    executionLimit: Int = 5_000, operationLimit: Int = 20_000_000, searchLimit: Int = 60_000
  ) {
    self.executionLimit = executionLimit
    self.operationLimit = operationLimit
    self.searchLimit = searchLimit
  }

  /// The off switch: failures are reported as they were found.
  public static let off = ShrinkBudget(executionLimit: 0, operationLimit: 0, searchLimit: 0)
}

/// What a reduction came to.
public struct ShrinkResult<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// How it ended.
  public enum Ending: Sendable, Equatable {
    /// No pass could do more: no operation, and no lifetime, can be taken away.
    case oneMinimal
    /// The budget was used up; the trace fails but may not be minimal.
    case budgetExhausted
    /// Somebody wanted an end; the trace fails but may not be minimal.
    case interrupted
    /// Shrinking was off.
    case off
    /// The given trace does not show the failure: the machine is not deterministic, or the
    /// identity is that of another trace.
    case notReproduced
  }

  /// The smallest trace found that shows the failure.
  public let trace: Trace<Configuration, Operation>
  /// The failure.
  public let identity: FailureIdentity
  /// How it ended.
  public let ending: Ending
  /// What is known about shorter traces.
  public let length: TraceLength
  /// How many traces the passes executed, the given one included.
  public let executionCount: Int
  /// How many traces were executed to look for a shorter one when the passes could do no more.
  public let searchCount: Int
  /// How many operations were executed.
  public let operationCount: Int
  /// What each pass did.
  public let statistics: [PassStatistics]
  /// Other failures met on the way.
  public let ledger: FailureLedger<Configuration, Operation>

  /// The statistics as a table, a pass a line.
  public var statisticsTable: String { PassStatistics.table(statistics) }
}
