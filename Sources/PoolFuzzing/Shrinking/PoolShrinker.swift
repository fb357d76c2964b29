import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// Reduces failing traces of the pool and certifies the result.
public struct PoolShrinker {
  /// What a reduction came to.
  public struct Outcome: Sendable {
    /// The smallest trace, its slots numbered in order of first use.
    public let trace: PoolFuzzTrace
    /// The failure.
    public let identity: FailureIdentity
    /// How the reduction ended.
    public let ending: ShrinkResult<PoolSetup, PoolOperation>.Ending
    /// Traces executed by the passes.
    public let executionCount: Int
    /// Traces executed to look for a shorter one when the passes could do no more.
    public let searchCount: Int
    /// Traces executed for the certificate.
    public let certificateExecutionCount: Int
    /// The certificate; nil where the failure could not be reproduced, or the reduction was
    /// interrupted and the trace is still long.
    public let certificate: Certificate?
    /// What the passes did.
    public let statistics: [PassStatistics]
    /// Other failures met on the way.
    public let others: FailureLedger<PoolSetup, PoolOperation>

    /// What is known about shorter traces.
    public var length: TraceLength { certificate?.length ?? .unknown }

    /// Whether a certificate says that no operation and no lifetime can be left out.
    public var isOneMinimal: Bool { certificate?.isMinimal ?? false }

    /// What the passes did, as a table.
    public var statisticsTable: String { PassStatistics.table(statistics) }
  }

  /// What a reduction costs where nobody says otherwise: the search has room for all traces of three
  /// operations over a dozen allocations and a free (2,328).
  public static let standardBudget = ShrinkBudget(searchLimit: 3_000)

  /// What a reduction may cost.
  public var budget: ShrinkBudget
  /// Executes each trace; somebody who watches may stand in between.
  public var executes: (PoolFuzzTrace) -> Execution
  /// What is asked when the passes can do no more.
  public var search = PoolShrinker.search
  /// Asked before each execution; true ends the reduction with what it has come to.
  public var isInterrupted: () -> Bool = { false }

  /// Longer traces of interrupted reductions get no certificate: whoever interrupts is in a hurry.
  private static let longInterruptedTrace = 64

  /// A shrinker with that budget, and with whoever stands in between.
  public init(
    budget: ShrinkBudget = PoolShrinker.standardBudget,
    executes: @escaping (PoolFuzzTrace) -> Execution = PoolShrinker.execute
  ) {
    self.budget = budget
    self.executes = executes
  }

  /// Executes a trace as the shrinker and certificates do.
  ///
  /// A failure is a planted bug's only where the healthy model passes the same trace: what that shows
  /// too is a failure of another name, so that no reduction wanders into it.
  public static func execute(_ trace: PoolFuzzTrace) -> Execution {
    let execution = TraceRunner<CheckedPool>().run(trace)
    guard execution.failure != nil, let healthy = healthyFailure(of: trace) else {
      return execution
    }
    let identities = healthy.identities.map { FailureIdentity("\(healthyPrefix)\($0)") }
    return Execution(
      failure: Execution.Failure(step: healthy.step, identities: identities),
      skippedSteps: execution.skippedSteps, operationCount: execution.operationCount)
  }

  /// What stands before the identity of a failure that the healthy model shows as well.
  public static let healthyPrefix = "healthy model: "

  /// What the healthy model shows on a trace with a planted bug: a fault of the model or of a check.
  /// Nil where it passes, or no bug is planted. The consequences of misuse are no fault.
  static func healthyFailure(of trace: PoolFuzzTrace) -> Execution.Failure? {
    guard trace.configuration.mutant != .none else { return nil }
    return TraceRunner<CheckedPool>().run(trace.onHealthyModel).failure
  }

  /// The identity of what the healthy model shows on a trace with a planted bug; nil where it passes,
  /// or no bug is planted.
  public static func healthyIdentity(of trace: PoolFuzzTrace) -> FailureIdentity? {
    healthyFailure(of: trace)?.identities.first
  }

  /// Whose failure a trace shows, with the trace that shows it: with a planted bug that is not to
  /// blame, the trace is one of the healthy model. Nil where nothing is wrong.
  public static func triage(
    _ trace: PoolFuzzTrace
  ) -> (trace: PoolFuzzTrace, identity: FailureIdentity)? {
    let execution = TraceRunner<CheckedPool>().run(trace)
    guard let failure = execution.failure else { return nil }
    if let healthy = healthyFailure(of: trace) {
      return (trace.onHealthyModel.prefix(healthy.step + 1), healthy.identities[0])
    }
    return (trace.prefix(failure.step + 1), failure.identities[0])
  }

  /// The identity under which a trace is reduced: what all oracles say of it first; nil where it
  /// shows nothing.
  public static func identity(of trace: PoolFuzzTrace) -> FailureIdentity? {
    execute(trace).failure?.identities.first
  }

  /// Reduces a trace that shows a failure.
  public static func shrink(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity,
    budget: ShrinkBudget = PoolShrinker.standardBudget
  ) -> Outcome {
    PoolShrinker(budget: budget).shrink(trace, identity)
  }

  /// The standard passes, with a pump that knows units and headers, and letters that leave the
  /// lookaside lists. These find what raising numbers one by one finds, and more, in a fraction of
  /// the executions: in the challenge raising took a fifth of all and shortened one trace in 128.
  static let passes: [any ShrinkPass<PoolSetup, PoolOperation>] =
    ShrinkPlan.standard(
      pump: Pump(merging: PoolOperation.merging),
      tiny: TryTinyTraces(alphabets: TinyAlphabets.all)
    ).filter { !($0 is RaiseAndRemove<PoolSetup, PoolOperation>) }

  /// The search for shorter traces over the sizes that a machine treats each in its own way, over
  /// those of tiny traces, over the trace's own; and on other machines.
  public static let search = ShortestSearch<PoolSetup, PoolOperation>(
    alphabets: { ownAlphabets(of: $0) + OtherMachines.alphabets(of: $0) },
    detours: OtherMachines.detours)

  /// The same on the trace's machine, and over its letters on the default one: what a failure whose
  /// machine is given comes to.
  public static let searchOnItsMachine = ShortestSearch<PoolSetup, PoolOperation> { trace in
    var plain = trace.configuration
    plain.configuration = TraceConfiguration()
    let letters = ShortestSearch.letters(of: trace)
    return plain == trace.configuration
      ? ownAlphabets(of: trace)
      : ownAlphabets(of: trace) + [ShortestSearch.Alphabet(plain, letters)]
  }

  private static func ownAlphabets(
    of trace: PoolFuzzTrace
  ) -> [ShortestSearch<PoolSetup, PoolOperation>.Alphabet] {
    let wide = PoolAlphabet(
      types: TinyAlphabets.types(of: trace), sizes: PoolAlphabet.sizes(of: trace.configuration))
    let tiny = TinyAlphabets.all(of: trace).flatMap(\.letters)
    return [wide.operations, tiny, []].map { letters in
      ShortestSearch.Alphabet(
        trace.configuration, ShortestSearch.letters(of: trace, and: letters))
    }
  }

  /// Reduces a trace that shows a failure.
  public func shrink(_ trace: PoolFuzzTrace, _ identity: FailureIdentity) -> Outcome {
    var shrinker = Shrinker(budget: budget, passes: Self.passes, execute: executes)
    shrinker.search = search
    shrinker.isInterrupted = isInterrupted
    let result = shrinker.shrink(trace, identity)
    let numbered = Self.renumbered(result.trace)
    var executions = 0
    var certificate: Certificate?
    if result.ending != .interrupted
      || numbered.operations.count <= Self.longInterruptedTrace
    {
      certificate = Certificate(of: numbered, identity) {
        executions += 1
        return executes($0)
      }
      certificate?.length = result.length
    }
    return Outcome(
      trace: numbered, identity: identity, ending: result.ending,
      executionCount: result.executionCount, searchCount: result.searchCount,
      certificateExecutionCount: executions,
      certificate: certificate, statistics: result.statistics, others: result.ledger)
  }

  /// The trace with its slots numbered in order of first use, as it is read back from a file.
  private static func renumbered(_ trace: PoolFuzzTrace) -> PoolFuzzTrace {
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

extension PropertyTesting.Trace where Configuration == PoolSetup, Operation == PoolOperation {
  /// The same on the healthy model, which may stop where the version documents it.
  var onHealthyModel: PoolFuzzTrace {
    var healthy = self
    healthy.configuration.mutant = configuration.faultOfHealthyModel
    healthy.configuration.faultOfHealthyModel = .none
    healthy.configuration.oracles.remove(.afterMisuse)
    return healthy
  }
}

/// Letters of tiny traces that show most of what a pool can do: plain allocations just past the
/// lookaside classes and just past half a page, of which two never share a page, and, for each, one
/// of exactly what it leaves of a fresh page.
enum TinyAlphabets {
  typealias Alphabet = TryTinyTraces<PoolSetup, PoolOperation>.Alphabet

  /// The alphabets for a trace, the smaller one first.
  static func all(of trace: PoolFuzzTrace) -> [Alphabet] {
    let profile = trace.configuration.configuration.pool.profile
    let header = UInt64(profile.header.bytes)
    /// The least request that comes to so many units.
    func bytes(_ units: UInt64) -> UInt64 {
      let most = units &* profile.unitBytes
      return most >= header &+ profile.unitBytes ? most &- header &- profile.unitBytes &+ 1 : 0
    }
    let halves = [profile.lookasideClasses + 1, profile.unitsPerPage / 2 + 1]
    let complements = halves.map { profile.unitsPerPage - $0 }
    var others: [PoolOperation] = [.free(slot)]
    if let last = trace.operations.last, last.operationKind != .alloc,
      last.operationKind != .free
    {
      others.append(last.renamingSlots { _ in slot })
    }
    let few = halves.map { allocation(bytes($0)) } + others
    let more = (halves + complements).map { allocation(bytes($0)) } + others
    return [Alphabet(few, executionLimit: 32), Alphabet(more, executionLimit: 16), pages(trace)]
      .compactMap { $0 }
  }

  /// Traces of more operations are stuck: no small step makes them shorter.
  private static let stuckTrace = 12

  /// For a stuck trace that pages decide, as nothing of a few blocks does: more than a page of the
  /// pool that its last allocation was from.
  private static func pages(_ trace: PoolFuzzTrace) -> Alphabet? {
    guard trace.operations.count > stuckTrace else { return nil }
    guard let type = types(of: trace).last else { return nil }
    let bytes = trace.configuration.configuration.pool.profile.pageBytes + 1
    return Alphabet(
      [.alloc(slot, type, bytes: bytes, tag: PoolOperation.plainTag), .free(slot)],
      executionLimit: 12)
  }

  /// The pools that a trace's allocations are from, in order of last use.
  static func types(of trace: PoolFuzzTrace) -> [PoolType] {
    let types = trace.operations.compactMap { operation -> PoolType? in
      guard case .alloc(_, let type, _, _) = operation.operation else { return nil }
      return type.subtracting([.quota, .cacheAligned])
    }
    return types.reduce(into: []) { distinct, type in
      distinct.removeAll { $0 == type }
      distinct.append(type)
    }
  }

  private static let slot = Slot(0)

  private static func allocation(_ bytes: UInt64) -> PoolOperation {
    .alloc(slot, .nonPaged, bytes: bytes, tag: PoolOperation.plainTag)
  }
}

/// When a trace's pool went wrong, and when somebody noticed: the operation that did it is rarely
/// the one that shows it.
public struct CorruptionTime: Sendable, Equatable {
  /// The index of the first operation after which a full check finds the pool wrong, by bisection
  /// over prefixes; nil where only the end of the run shows anything.
  public let cause: Int?
  /// The index of the operation at which the fast checks notice; the number of operations for the
  /// end of the run, nil where they see nothing.
  public let symptom: Int?

  /// Replays a trace about log2 of its length times.
  public init(of trace: PoolFuzzTrace) {
    var fast = trace
    let kept = trace.configuration.oracles.intersection(.afterMisuse)
    fast.configuration.oracles = OracleSet.fast.union(kept)
    symptom = PoolShrinker.execute(fast).failure?.step
    var full = trace
    // Oracles that predict single operations would find in passing what the bisection looks for.
    full.configuration.oracles = kept.union([.finalInvariants, .fullInvariants])
    // What comes after an alarm does not matter, and may hide what caused it.
    if let symptom { full = full.prefix(symptom + 1) }
    cause = TraceRunner<CheckedPool>.causeStep(of: full)
  }
}
