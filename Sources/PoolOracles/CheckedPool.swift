import KernelPool
import PoolInvariants
import PoolTrace

/// A pool under test with its oracles around it: the one place that executes and judges an
/// operation.
///
/// Each operation goes through four stages: oracles that predict look at the pool before it, the
/// replayer runs it, the records of live allocations are kept, and what came of it is held against
/// the predictions. Invariants follow in `check`.
///
/// Misuse with a consequence ends what can be predicted about the pool. Once its verdict is judged,
/// either all that follows is skipped, or, with ``OracleSet/afterMisuse``, the invariants alone go
/// on: then a stop is a failure too, for whoever replays a driver's trace wants to know of it.
public struct CheckedPool: ~Copyable {
  /// The machine; where the configuration cannot be, one that is never used.
  public internal(set) var replayer: Replayer
  /// What watches.
  public let oracles: OracleSet
  /// The pool, valid as long as this value. Kept, because every operation needs it and making one
  /// copies the whole profile.
  public let view: PoolView
  /// Why the machine could not be booted; nil where it was.
  public let problem: ConfigurationError?
  /// What the slots own, for metrics and for the proved bound.
  public internal(set) var usage: LiveUsage
  /// The number of the operation that was misuse, from 1 on; nil while there was none. Nothing is
  /// predicted from it on.
  public internal(set) var misuse: UInt64?
  /// Operations that did something.
  public internal(set) var operationCount: UInt64 = 0

  var audit: IncrementalAudit?
  var shadow: ShadowAllocator?
  var refusals: RefusalOracle?
  var emptied: EmptiedPoolLaw?
  /// One or none, as the reference below: what is held of special pool.
  var special: [SpecialPoolLaw] = []
  /// One or none. On the heap, for the compiler follows every stored field of a noncopyable value by
  /// itself, and this one's hundreds made a client's compilation take minutes.
  var references: [ReferenceOracle] = []
  /// The kernel stopped, or nothing more can be said: all that follows is skipped.
  var isOver = false
  private let isFilled: Bool

  /// Boots a machine. Where the configuration cannot be, `problem` says why and every operation is
  /// skipped.
  public init(_ configuration: TraceConfiguration, mutant: Mutant = .none, oracles: OracleSet) {
    self.oracles = oracles
    isFilled = configuration.fill == .on
    do throws(ConfigurationError) {
      replayer = try Replayer.boot(configuration, mutant: mutant)
      problem = nil
    } catch {
      replayer = Self.idle()
      problem = error
      isOver = true
    }
    view = replayer.pool.view
    usage = LiveUsage(view)
    if !oracles.isDisjoint(with: .whatAudits) {
      let journal =
        oracles.contains(.fullInvariants)
        ? replayer.pool.startJournal(reserve: RecycledMemory.reserve) : nil
      audit = IncrementalAudit(view, journal: journal)
    }
    if oracles.contains(.shadow) { shadow = ShadowAllocator(configuration.pool) }
    if oracles.contains(.refusals) { refusals = RefusalOracle(view) }
    if oracles.contains(.emptied) { emptied = EmptiedPoolLaw(view) }
    if let law = SpecialPoolLaw(configuration.pool) { special = [law] }
    if problem == nil, oracles.contains(.reference) {
      references = [ReferenceOracle(configuration)]
    }
  }

  /// Becomes what `other` is; both were made with the same configuration.
  public mutating func become(_ other: borrowing CheckedPool) {
    replayer.become(other.replayer)
    audit?.become(other.audit)
    shadow = other.shadow
    refusals = other.refusals
    special = other.special
    references = other.references
    usage.become(other.usage)
    misuse = other.misuse
    isOver = other.isOver
    operationCount = other.operationCount
  }

  /// A machine of the defaults, which can always be.
  private static func idle() -> Replayer {
    do throws(ConfigurationError) {
      return try Replayer.boot(TraceConfiguration())
    } catch {
      preconditionFailure("no memory for a pool of the default size: \(error.message)")
    }
  }

  /// What the operations since the last call have set in motion.
  public mutating func takeMechanisms() -> Mechanisms {
    let mechanisms = replayer.pool.mechanisms
    replayer.pool.mechanisms = []
    return mechanisms
  }

  /// How many calls the reference allocator has said something about, and about how many not.
  public var referenceCounts: ReferenceCounts { references.first?.counts ?? ReferenceCounts() }

  /// How many allocations are held.
  public var liveCount: Int { replayer.live.count }

  // MARK: One operation

  /// Runs one operation under the oracles that look at single operations. What they object to comes
  /// before what the kernel did.
  public mutating func perform(
    _ operation: Operation, _ failures: inout [PoolFailure]
  ) -> StepResult {
    guard !isOver else { return .skipped }
    guard oracles.predict || !references.isEmpty else { return unjudged(operation, &failures) }
    for index in references.indices { references[index].predict(operation, replayer) }
    let result =
      misuse == nil && oracles.predict
      ? judged(operation, &failures) : unjudged(operation, &failures)
    for index in references.indices {
      if let failure = references[index].judge(result) { failures.append(failure) }
    }
    return result
  }

  /// Runs an operation of which nothing is predicted: a stop is a failure.
  @inline(__always)
  private mutating func unjudged(
    _ operation: Operation, _ failures: inout [PoolFailure]
  ) -> StepResult {
    let result = run(operation, &failures)
    if case .halted(let reason) = result { failures.append(.halted(reason)) }
    return result
  }

  /// Never inlined: expectations are large values, and room for one would show in the time of a replay
  /// without checks.
  @inline(never)
  private mutating func judged(
    _ operation: Operation, _ failures: inout [PoolFailure]
  ) -> StepResult {
    let verdict = predictVerdict(operation)
    let before = stateBefore(verdict, operation)
    let expectation = expectation(of: operation)
    let result = run(operation, &failures)
    switch result {
    case .skipped, .nothingToDo, .dump: return result
    case .halted(let reason):
      if verdict != .harmless { misuse = operationCount }
      judge(halt: reason, verdict, before, &failures)
      return result
    default: break
    }
    if verdict.isMisuse {
      misuse = operationCount
      if !oracles.contains(.afterMisuse) { isOver = true }
      judgeUnstopped(verdict, &failures)
      return result
    }
    judgeRefusal(operation, result, &failures)
    expectation.judge(result, view, &failures)
    // A request that raises ends its caller; whoever replays a trace wants to know of it.
    if case .raised = result, !oracles.contains(.afterMisuse) { isOver = true }
    return result
  }

  /// Executes one operation, and records what callers hold after it.
  private mutating func run(
    _ operation: Operation, _ failures: inout [PoolFailure]
  ) -> StepResult {
    let result = replayer.step(operation)
    guard result.wasCalled else { return result }
    operationCount &+= 1
    if case .halted = result {
      isOver = true
    } else {
      note(operation, result, &failures)
    }
    return result
  }

  // MARK: Predictions

  private mutating func predictVerdict(_ operation: Operation) -> Verdict {
    for law in special {
      let level = view.variables.interruptLevel
      if let verdict = law.verdict(on: operation, replayer, level: level) { return verdict }
    }
    switch operation {
    case .processor, .tick, .interruptLevel, .dump, .target: return .harmless
    case .alloc(_, let type, _, _):
      guard VerdictOracle.mayStop(view, type) else { return .harmless }
    default: break
    }
    return VerdictOracle(view, replayer.liveAddress).verdict(on: operation, replayer)
  }

  /// The pool where a refusal must leave it unchanged: not for frees of page addresses,
  /// which leave the big-page table before their tag is looked at, nor for stores, which have stored
  /// up to the page that is not there.
  private mutating func stateBefore(_ verdict: Verdict, _ operation: Operation) -> PoolBefore? {
    guard case .bugCheck = verdict, oracles.contains(.verdicts) else { return nil }
    var freed: Address?
    switch operation {
    case .free(let name, _): freed = replayer.slots[name]?.address
    case .freeAt(let expression, _): freed = replayer.resolve(expression)
    case .write, .writeAt, .fill: return nil
    default: break
    }
    if let freed, freed & (view.profile.pageBytes &- 1) == 0 { return nil }
    return PoolBefore(view, audit)
  }

  private mutating func expectation(of operation: Operation) -> OperationExpectation {
    guard oracles.contains(.placement) else { return OperationExpectation() }
    switch operation {
    case .alloc(_, let type, let bytes, let tag):
      for law in special where law.serves(type, bytes: bytes, tag: tag) {
        return OperationExpectation()
      }
      return OperationExpectation(allocating: type, bytes: bytes, isFilled: isFilled, view)
    case .free(let name, _):
      // After a free by address another allocation may start where the slot's did.
      guard let slot = replayer.slots[name], slot.state == .holds,
        let held = replayer.live[slot.address], !slot.isContiguous, !held.isContiguous
      else { return OperationExpectation() }
      return OperationExpectation(
        freeing: slot.address, held.type, bytes: held.requestedBytes, view)
    default: return OperationExpectation()
    }
  }

  // MARK: What callers hold

  /// Records what an operation came to, and asks the shadow allocator about it.
  private mutating func note(
    _ operation: Operation, _ result: StepResult, _ failures: inout [PoolFailure]
  ) {
    switch replayer.touched {
    case .allocation(let slot, let isFirst): noteAllocation(slot, isFirst, &failures)
    case .release(let address, let slot): noteRelease(address, slot)
    case .store: break
    case .nothing:
      switch (operation, result) {
      case (.alloc(_, let type, let bytes, let tag), .allocated(let address)):
        // Only what special pool serves touches nothing of the pool.
        for index in special.indices {
          let failure = special[index].allocated(address, type, bytes: bytes, tag: tag)
          if let failure { failures.append(failure) }
        }
      case (.write(let name, let offset, let bytes), _):
        guard let slot = replayer.slots[name] else { break }
        noteStore(bytes, at: slot.address &+ UInt64(bitPattern: offset))
      case (.writeAt(let expression, let bytes), _):
        if let address = replayer.resolve(expression) { noteStore(bytes, at: address) }
      case (.contiguous(_, let bytes, _), .null):
        audit?.recordContiguousRefusal(view, bytes: bytes)
      case (.alloc(_, let type, _, _), .raised(KernelPool.insufficientResources))
      where type.contains(.raiseOnFailure) && !oracles.contains(.afterMisuse):
        break
      case (_, .raised(let status)): failures.append(.raised(status))
      default: break
      }
    }
  }

  private mutating func noteStore(_ bytes: [UInt8], at address: Address) {
    for index in special.indices { special[index].stored(bytes, at: address) }
  }

  private mutating func noteAllocation(
    _ slot: Int, _ isFirst: Bool, _ failures: inout [PoolFailure]
  ) {
    let address = replayer.live[slot: slot].address
    let allocation = replayer.live[slot: slot].allocation
    if let block = allocation.block { usage.allocated(block) }
    audit?.recordAllocation(view, at: address, allocation)
    // After misuse that two allocations share bytes is its consequence, told by the invariant.
    if misuse == nil, shadow != nil {
      let failure = shadow?.allocated(
        address, bytes: allocation.requestedBytes,
        of: RequestFacts.kind(allocation.type, at: view.profileAddress),
        isContiguous: allocation.isContiguous)
      if let failure { failures.append(failure) }
    } else if !isFirst, audit != nil {
      failures.append(
        .invariant(
          Violation(
            .liveOverlap, at: address, expected: 0, found: address,
            "an allocation that its caller still holds starts here")))
    }
  }

  private mutating func noteRelease(_ address: Address, _ slot: Int?) {
    for index in special.indices { special[index].freed(address) }
    if let slot {
      let allocation = replayer.live[slot: slot].allocation
      if let block = allocation.block { usage.freed(block) }
      audit?.recordFree(view, at: address, allocation)
    }
    shadow?.freed(address)
  }
}
