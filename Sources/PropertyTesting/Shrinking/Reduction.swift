/// A trace on its way down: the only door through which passes execute candidates.
///
/// What is accepted is cut after the failure and freed of its skipped operations at no cost: the
/// execution that accepted it has shown both. Candidates are looked up among those rejected
/// before, so a fixpoint costs little more than the work that is new.
public struct Reduction<Configuration: MachineConfiguration, Operation: SlotOperation> {
  /// The smallest failing trace so far.
  public private(set) var trace: Trace<Configuration, Operation>
  /// The failure that is being reduced.
  public let identity: FailureIdentity
  /// How many candidates were accepted, by all passes.
  public private(set) var acceptedCount = 0
  /// How many candidates were executed, by all passes.
  public private(set) var executionCount = 0
  /// How many operations were executed, by all passes.
  public private(set) var operationCount = 0
  /// What each pass did, in order of first use.
  public private(set) var statistics: [PassStatistics] = []
  /// Other failures met on the way.
  public private(set) var ledger = FailureLedger<Configuration, Operation>()

  private let execute: (Trace<Configuration, Operation>) -> Execution
  private let budget: ShrinkBudget
  private let askInterrupted: () -> Bool
  private var rejected: Set<TraceKey> = []
  private var current = -1

  /// Longer candidates are not remembered: they hardly ever come twice.
  private static var rememberedOperationLimit: Int { 128 }

  init(
    _ trace: Trace<Configuration, Operation>, _ identity: FailureIdentity,
    _ budget: ShrinkBudget, _ isInterrupted: @escaping () -> Bool,
    _ execute: @escaping (Trace<Configuration, Operation>) -> Execution
  ) {
    self.trace = trace
    self.identity = identity
    self.budget = budget
    askInterrupted = isInterrupted
    self.execute = execute
  }

  /// Whether somebody wants the reduction to end.
  public var isInterrupted: Bool { askInterrupted() }

  /// Whether the budget is used up or somebody wants an end; every further attempt fails.
  public var isOver: Bool {
    executionCount >= budget.executionLimit || operationCount >= budget.operationLimit
      || isInterrupted
  }

  /// Takes the candidate in place of the trace if it is smaller and fails in the same way.
  ///
  /// - Returns: whether it did.
  @discardableResult
  public mutating func attempt(_ candidate: Trace<Configuration, Operation>) -> Bool {
    guard !isOver else { return false }
    let candidate = DeadUses.removed(from: candidate)
    guard TraceOrder.isSmaller(candidate, than: trace) else {
      statistics[current].notSmallerCount += 1
      return false
    }
    let isRemembered = candidate.operations.count <= Self.rememberedOperationLimit
    let key = isRemembered ? TraceOrder.key(of: candidate) : nil
    if let key, rejected.contains(key) {
      statistics[current].knownCount += 1
      return false
    }
    let execution = run(candidate)
    statistics[current].executionCount += 1
    note(execution, candidate)
    guard execution.shows(identity) else {
      if let key { rejected.insert(key) }
      return false
    }
    accept(Self.tidied(candidate, execution))
    return true
  }

  /// Attempts an optional candidate: nil is what a subject answers when there is none.
  @discardableResult
  public mutating func attempt(_ candidate: Trace<Configuration, Operation>?) -> Bool {
    guard let candidate else { return false }
    return attempt(candidate)
  }

  /// Executes a trace to learn what it does; it takes no one's place. Other failures are noted.
  public mutating func probe(_ candidate: Trace<Configuration, Operation>) -> Execution {
    guard !isOver else { return Execution(failure: nil, skippedSteps: [], operationCount: 0) }
    let execution = run(candidate)
    statistics[current].executionCount += 1
    note(execution, candidate)
    return execution
  }

  /// Executes the starting trace and cuts it; false if it does not show the failure.
  mutating func begin() -> Bool {
    let execution = run(trace)
    note(execution, trace)
    guard execution.shows(identity) else { return false }
    trace = Self.tidied(trace, execution)
    return true
  }

  /// Opens the row of a pass in the statistics.
  mutating func enter(_ name: String) {
    if let row = statistics.firstIndex(where: { $0.name == name }) {
      current = row
    } else {
      current = statistics.count
      statistics.append(PassStatistics(name: name))
    }
  }

  private mutating func accept(_ smaller: Trace<Configuration, Operation>) {
    precondition(TraceOrder.isSmaller(smaller, than: trace), "a step that does not go down")
    acceptedCount += 1
    statistics[current].acceptedCount += 1
    statistics[current].removedCount += trace.operations.count - smaller.operations.count
    trace = smaller
  }

  private mutating func run(_ candidate: Trace<Configuration, Operation>) -> Execution {
    let execution = execute(candidate)
    executionCount += 1
    operationCount += execution.operationCount
    return execution
  }

  private mutating func note(
    _ execution: Execution, _ candidate: Trace<Configuration, Operation>
  ) {
    guard let failure = execution.failure else { return }
    for other in failure.identities where other != identity {
      ledger.note(other, Self.tidied(candidate, execution))
    }
  }

  /// Without what comes after the failure, and without what was skipped.
  static func tidied(
    _ trace: Trace<Configuration, Operation>, _ execution: Execution
  ) -> Trace<Configuration, Operation> {
    let skipped = IndexSelection(execution.skippedSteps, of: trace.operations.count)
    guard let failure = execution.failure else { return trace.removing(skipped) }
    let kept = trace.operations.indices.filter { $0 <= failure.step && !skipped.contains($0) }
    return Trace(
      configuration: trace.configuration, operations: kept.map { trace.operations[$0] })
  }
}

/// A trace as words to compare: less means simpler.
///
/// Equal keys mean equal traces, as long as operations keep the law of distinction.
public struct TraceKey: Sendable, Hashable, Comparable {
  let words: [UInt64]

  /// Lexicographic; the first word is the length.
  public static func < (left: TraceKey, right: TraceKey) -> Bool {
    left.words.lexicographicallyPrecedes(right.words)
  }
}

/// The one order over traces: shorter first, then simpler. Nothing else decides what is smaller.
///
/// | rank | what is compared                                                          |
/// |------|---------------------------------------------------------------------------|
/// | 1    | the number of operations                                                  |
/// | 2    | how many settings are away from their defaults, then how far each          |
/// | 3    | how many creations take a slot that an earlier one took                   |
/// | 4    | the ranks of the kinds, from the first operation to the last              |
/// | 5    | the numbers of the slots, likewise                                        |
/// | 6    | how many parameters are away from their origins, then how far each         |
/// | 7    | the values of all parameters and settings, which breaks the last ties      |
///
/// Every pass must go down in this order. As it is well-founded, shrinking ends whatever the
/// passes are; as it is total, two traces in which a bug shows in the same way have one of them
/// as the better, and normal forms come of their own.
public enum TraceOrder {
  /// The words of a trace.
  public static func key<C: MachineConfiguration, O: SlotOperation>(
    of trace: Trace<C, O>
  ) -> TraceKey {
    let settings = trace.configuration.parameters
    let parameters = trace.operations.map(\.parameters)
    var words: [UInt64] = []
    words.reserveCapacity(3 + settings.count * 2 + trace.operations.count * 6)
    words.append(UInt64(trace.operations.count))
    words.append(UInt64(settings.count { $0.complexity > 0 }))
    words += settings.map(\.complexity)
    words.append(UInt64(SlotNaming.reuseCount(trace.operations)))
    words += trace.operations.map { UInt64(max($0.kind, 0)) }
    for operation in trace.operations {
      operation.slots.forEach { words.append(UInt64($0.slot.number)) }
    }
    words.append(UInt64(parameters.reduce(0) { $0 + $1.count { $0.complexity > 0 } }))
    for list in parameters { words += list.map(\.complexity) }
    for list in parameters { words += list.map(\.value) }
    words += settings.map(\.value)
    return TraceKey(words: words)
  }

  /// Whether the first is smaller; looks at no more than it must.
  public static func isSmaller<C: MachineConfiguration, O: SlotOperation>(
    _ left: Trace<C, O>, than right: Trace<C, O>
  ) -> Bool {
    if left.operations.count != right.operations.count {
      return left.operations.count < right.operations.count
    }
    return key(of: left) < key(of: right)
  }
}

/// Operations that cannot but be skipped, because nothing was ever created in their slot.
enum DeadUses {
  /// Without them: a candidate that lost a creation then looks like one that lost the whole
  /// lifetime, and is not executed twice.
  static func removed<C, O>(from trace: Trace<C, O>) -> Trace<C, O> {
    var created: Set<Slot> = []
    var copy = trace
    copy.operations = trace.operations.filter { operation in
      let uses = operation.slots
      let isDead = uses.contains { use in
        switch use.effect {
        case .uses, .destroys: !created.contains(use.slot)
        case .creates, .mentions: false
        }
      }
      guard !isDead else { return false }
      uses.forEach { if $0.effect == .creates { created.insert($0.slot) } }
      return true
    }
    return copy
  }
}
