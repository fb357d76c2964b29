import KernelPool
import PoolTrace
import PropertyTesting

/// One task of the shrinking challenge: a planted bug on a fixed machine, a generator that finds
/// it, and the failure by which it is known.
///
/// Every strategy is given the same hard traces: number `seed` of a task is, of the first few traces
/// of 1,000 operations under that seed that show the failure, the one that shows it latest. The
/// machine is fixed, so the shortest failing trace is a fact that enumeration can establish, and it
/// holds for every seed.
public struct ChallengeTask: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The generator's profile.
  public let profile: String
  /// The machine, in the words of a `config` line; empty for the defaults.
  public let machine: String
  /// The failure to keep, as `FailureIdentity` has it.
  public let failure: String
  /// The length of the shortest trace that shows the failure on this machine, by enumeration
  /// (`SmallScope`); nil where enumeration does not reach that far.
  public let optimum: Int?

  /// A task.
  public init(
    _ mutant: Mutant, _ failure: String, optimum: Int?, _ profile: String, machine: String = ""
  ) {
    self.mutant = mutant
    self.profile = profile
    self.machine = machine
    self.failure = failure
    self.optimum = optimum
  }

  /// The fixed seeds of the comparison.
  public static let hardSeeds: [UInt64] = Array(1...8)
  /// Operations of a given trace.
  public static let operationCount = 1_000

  /// The failure.
  public var identity: FailureIdentity { FailureIdentity(failure) }

  /// The machine with the bug; nil where the words are no configuration.
  public var setup: PoolSetup? {
    let text = "config \(machine)\n"
    guard let trace = try? PoolFuzzTrace.reading(text, mutant: mutant) else { return nil }
    return trace.configuration
  }

  /// The trace of a seed; nil where none of its first streams shows the failure.
  public func trace(seed: UInt64) -> PoolFuzzTrace? {
    tape(seed: seed).map { decoded($0).trace }
  }

  private static let streamLimit: UInt64 = 64
  /// Failing traces of a seed of which the latest is taken.
  private static let comparedTraces = 4

  /// The choices that the trace of a seed was made from, as many as were drawn.
  public func tape(seed: UInt64) -> [UInt64]? {
    guard let setup, let profile = GeneratorProfile.named(profile) else { return nil }
    var latest: (step: Int, tape: [UInt64])?
    var failing = 0
    for stream in 0..<Self.streamLimit where failing < Self.comparedTraces {
      var choices = TapeChoices(recording: Seed(seed).generator(stream: stream))
      let trace = PoolTraceGenerator.trace(
        profile, operationCount: Self.operationCount, setup: setup, choices: &choices)
      let execution = PoolShrinker.execute(trace)
      guard execution.shows(identity), let step = execution.failure?.step else { continue }
      failing += 1
      if step > latest?.step ?? -1 { latest = (step, choices.tape) }
    }
    return latest?.tape
  }

  /// The trace that a tape stands for, with the position on the tape after each operation.
  public func decoded(_ tape: [UInt64]) -> (trace: PoolFuzzTrace, ends: [Int]) {
    guard let setup, let profile = GeneratorProfile.named(profile) else {
      return (PoolFuzzTrace(operations: []), [])
    }
    var choices = TapeChoices(tape)
    var generator = PoolTraceGenerator(profile, setup: setup, choices: &choices)
    var operations: [PoolOperation] = []
    var ends: [Int] = []
    while operations.count < Self.operationCount, !choices.isExhausted,
      let operation = generator.next(&choices)
    {
      operations.append(operation)
      ends.append(choices.position)
    }
    return (PoolFuzzTrace(configuration: setup, operations: operations), ends)
  }
}

/// What one strategy made of one trace.
public struct ChallengeOutcome: Sendable {
  /// Operations up to the failure in the given trace.
  let failingOperations: Int
  /// The trace that is left.
  public let trace: PoolFuzzTrace
  /// Traces executed, the given one included.
  public let executionCount: Int
  /// Traces executed to certify the result; they are not part of the search.
  public let certificateExecutionCount: Int
  /// Whether a certificate says that no operation and no lifetime can be left out.
  public let isOneMinimal: Bool

  /// What the passes of the suite's own shrinker did; empty for other strategies.
  public let statistics: [PassStatistics]

  /// The configuration and operations on one line each: two results are the same form when these
  /// are.
  public var form: String { trace.text() }

  /// Reduces the trace of a seed with the suite's own shrinker, which stays on the task's machine, or
  /// leaves it for the default one.
  public init?(
    _ task: ChallengeTask, seed: UInt64, budget: ShrinkBudget = PoolShrinker.standardBudget
  ) {
    guard let given = task.trace(seed: seed),
      let failure = PoolShrinker.execute(given).failure
    else { return nil }
    var shrinker = PoolShrinker(budget: budget)
    shrinker.search = PoolShrinker.searchOnItsMachine
    let outcome = shrinker.shrink(given, task.identity)
    failingOperations = min(failure.step + 1, given.operations.count)
    trace = outcome.trace
    executionCount = outcome.executionCount
    certificateExecutionCount = outcome.certificateExecutionCount
    isOneMinimal = outcome.isOneMinimal
    statistics = outcome.statistics
  }

  /// Reduces the trace of a seed with a published strategy.
  public init?(_ task: ChallengeTask, seed: UInt64, strategy: PublishedStrategy, limit: Int) {
    guard let tape = task.tape(seed: seed) else { return nil }
    let given = task.decoded(tape).trace
    guard let failure = PoolShrinker.execute(given).failure else { return nil }
    failingOperations = min(failure.step + 1, given.operations.count)
    if strategy == .choiceTape {
      let result = ChoiceTape.reduce(tape, executionLimit: limit) { tape in
        let (trace, ends) = task.decoded(tape)
        let execution = PoolShrinker.execute(trace)
        guard execution.shows(task.identity), let step = execution.failure?.step else {
          return nil
        }
        return step < ends.count ? ends[step] : tape.count
      }
      let reduced = task.decoded(result.tape).trace
      let step = PoolShrinker.execute(reduced).failure?.step ?? 0
      trace = reduced.prefix(step + 1)
      executionCount = result.executionCount
    } else {
      let cut = given.prefix(failingOperations)
      let result = strategy.reduce(cut, executionLimit: limit) {
        PoolShrinker.execute($0).shows(task.identity)
      }
      trace = result.trace
      executionCount = result.executionCount + 1
    }
    var executions = 0
    let certificate = Certificate(of: trace, task.identity) {
      executions += 1
      return PoolShrinker.execute($0)
    }
    certificateExecutionCount = executions
    isOneMinimal = certificate?.isMinimal ?? false
    statistics = []
  }
}

/// What one strategy made of one task over several seeds: counts and sums, nothing rounded.
public struct ChallengeRow: Sendable, Equatable {
  /// Traces reduced.
  public private(set) var traces = 0
  /// Results with a certificate that nothing can be left out.
  public private(set) var oneMinimal = 0
  /// Results as long as the enumerated optimum, of those where one is known.
  public private(set) var atOptimum = 0
  /// Results of tasks with a known optimum.
  public private(set) var withOptimum = 0
  /// Operations up to the failure, by trace.
  public private(set) var lengthsBefore: [Int] = []
  /// Operations of the results.
  public private(set) var lengthsAfter: [Int] = []
  /// Executions of the reductions.
  public private(set) var executions: [Int] = []
  /// Executions of the certificates.
  public private(set) var certificateExecutions: [Int] = []
  /// The different results with how often each came out, the most frequent first.
  public private(set) var forms: [(text: String, count: Int)] = []

  /// What the passes did, added up.
  public private(set) var statistics: [PassStatistics] = []

  /// No trace.
  public init() {}

  /// Counts a result.
  public mutating func add(_ outcome: ChallengeOutcome, optimum: Int?) {
    traces += 1
    oneMinimal += outcome.isOneMinimal ? 1 : 0
    let length = outcome.trace.operations.count
    if let optimum {
      withOptimum += 1
      atOptimum += length <= optimum ? 1 : 0
    }
    lengthsBefore.append(outcome.failingOperations)
    lengthsAfter.append(length)
    executions.append(outcome.executionCount)
    certificateExecutions.append(outcome.certificateExecutionCount)
    statistics = PassStatistics.sums(statistics + outcome.statistics)
    count(form: outcome.form, 1)
  }

  /// Counts what another row counted.
  public mutating func add(_ other: ChallengeRow) {
    traces += other.traces
    oneMinimal += other.oneMinimal
    atOptimum += other.atOptimum
    withOptimum += other.withOptimum
    lengthsBefore += other.lengthsBefore
    lengthsAfter += other.lengthsAfter
    executions += other.executions
    certificateExecutions += other.certificateExecutions
    statistics = PassStatistics.sums(statistics + other.statistics)
    for form in other.forms { count(form: form.text, form.count) }
  }

  private mutating func count(form: String, _ count: Int) {
    if let index = forms.firstIndex(where: { $0.text == form }) {
      forms[index].count += count
    } else {
      forms.append((form, count))
    }
    forms.sort { ($1.count, $0.text) < ($0.count, $1.text) }
  }

  /// The number that so many percent of the numbers do not exceed; 0 where there are none.
  public static func quantile(_ percent: Int, of numbers: [Int]) -> Int {
    guard !numbers.isEmpty else { return 0 }
    let rank = (numbers.count * percent + 99) / 100
    return numbers.sorted()[min(max(rank, 1), numbers.count) - 1]
  }

  /// Equal when all numbers and forms are.
  public static func == (left: Self, right: Self) -> Bool {
    left.traces == right.traces && left.oneMinimal == right.oneMinimal
      && left.atOptimum == right.atOptimum && left.withOptimum == right.withOptimum
      && left.lengthsBefore == right.lengthsBefore && left.lengthsAfter == right.lengthsAfter
      && left.executions == right.executions
      && left.certificateExecutions == right.certificateExecutions
      && left.statistics == right.statistics
      && left.forms.elementsEqual(right.forms) { $0 == $1 }
  }
}

extension ChallengeTask {
  /// The tasks: planted bugs of every mechanism that a caller of the pool can reach.
  public static let all: [ChallengeTask] = [
    ChallengeTask(
      .splitFrontKeepsNextPreviousSize, "header.previous-size after alloc", optimum: 4, "general",
      machine: "lookaside=0"),
    ChallengeTask(
      .splitBackKeepsNextPreviousSize, "header.previous-size after alloc", optimum: 3,
      "small-lists"),
    ChallengeTask(.splitAlwaysFront, "reference.address after alloc", optimum: 2, "general"),
    ChallengeTask(
      .freedToTail, "placement.freed after free", optimum: 4, "small-lists",
      machine: "lookaside=0"),
    ChallengeTask(.firstListTooHigh, "reference.address after alloc", optimum: 2, "types"),
    ChallengeTask(.noBackwardMerge, "placement.freed after free", optimum: 3, "small-lists"),
    ChallengeTask(.mergeKeepsListEntry, "list.membership after free", optimum: 2, "pages"),
    ChallengeTask(
      .headInsertForgetsBack, "list.links after free", optimum: 3, "small-lists"),
    ChallengeTask(
      .lookasideFirstInFirstOut, "reference.address after alloc", optimum: 5, "general"),
    ChallengeTask(
      .lookasideTooDeep, "lookaside.depth after free", optimum: 4, "lookasides",
      machine: "lookaside=1"),
    ChallengeTask(
      .lookasideHitsCounted, "counters.outstanding after alloc", optimum: 3, "general"),
    ChallengeTask(.singlePageFirstInFirstOut, "reference.address after alloc", optimum: 5, "pages"),
    ChallengeTask(
      .singlePageTooDeep, "single-page.count after free", optimum: 4, "pages", machine: "slist=1"),
    ChallengeTask(.runNoForwardMerge, "runs.adjacent after free", optimum: 4, "pages"),
    ChallengeTask(.bitmapKeepsEnd, "bitmap.end after free", optimum: 2, "paged"),
    ChallengeTask(
      .deferredNotCounted, "deferred.count after free", optimum: 2, "deferred",
      machine: "profile=windows-7-x86 lookaside=0"),
  ]
}
