/// Makes failing traces small, and says when they can not be made smaller.
///
/// The design in a few sentences. Slots make every sub-sequence executable, so deletion needs no
/// repair. Lifetimes are the units of the first, coarse deletion: they are what a person would
/// delete. Deletion alone ends in traces that are 1-minimal and still too long, so passes that
/// *grow* one argument to lose whole operations follow (the pump), then pairs. Only then are
/// numbers lowered, which may make way for more deletion; so the whole list is repeated until a
/// round changes nothing. A last pass tries each operation and each lifetime once more and is the
/// one whose silence is reported as 1-minimality.
///
/// Failures are compared by identity: a candidate that fails otherwise is rejected, and noted in
/// a ledger. All costs are counted in executions and operations; nothing here reads a clock.
public struct Shrinker<Configuration: TraceConfiguration, Operation: SlotOperation> {
  /// The passes of a round, in order: cheap ones first, normalizing ones last.
  public var passes: [any ShrinkPass<Configuration, Operation>]
  /// What a reduction may cost.
  public var budget: ShrinkBudget
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
    var isMinimal = false
    while !reduction.isOver, !isMinimal {
      let before = reduction.acceptedCount
      runRound(&reduction)
      if reduction.acceptedCount == before {
        run(OneMinimality(), on: &reduction)
        isMinimal = reduction.acceptedCount == before && !reduction.isOver
      }
    }
    if isMinimal { return Self.result(reduction, .oneMinimal) }
    return Self.result(reduction, reduction.isInterrupted ? .interrupted : .budgetExhausted)
  }

  /// Reduces a failure and then, in turn, the others met on the way: `limit` results at most.
  public func shrinkAll(
    _ trace: Trace<Configuration, Operation>, _ identity: FailureIdentity, limit: Int = 8
  ) -> [ShrinkResult<Configuration, Operation>] {
    var results = [shrink(trace, identity)]
    var ledger = results[0].ledger
    while results.count < limit {
      let next = ledger.entries.first { entry in
        !results.contains { $0.identity == entry.identity }
      }
      guard let next else { break }
      let result = shrink(next.trace, next.identity)
      ledger.merge(result.ledger)
      results.append(result)
    }
    return results
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
    _ ending: ShrinkResult<Configuration, Operation>.Ending
  ) -> ShrinkResult<Configuration, Operation> {
    ShrinkResult(
      trace: reduction.trace, identity: reduction.identity, ending: ending,
      executionCount: reduction.executionCount, operationCount: reduction.operationCount,
      statistics: reduction.statistics, ledger: reduction.ledger)
  }
}
