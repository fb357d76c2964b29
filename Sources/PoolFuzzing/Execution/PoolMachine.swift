import KernelPool
import PoolInvariants
import PoolTrace
import PropertyTesting

/// A pool under test with its oracles around it.
///
/// Each operation goes through four stages: oracles that predict look at the pool before it, the
/// replayer runs it, the books of live allocations are kept, and what came of it is held against
/// the predictions. Invariants follow in `check`. Misuse with a consequence ends what can be said
/// about the pool: once its verdict is judged, all that follows is skipped.
public struct PoolMachine: ~Copyable, RewindableMachine {
  /// The machine; where the configuration cannot be, one that is never used.
  var replayer: Replayer
  let oracles: OracleSet
  var live = LiveAllocations()
  var audit: IncrementalAudit?
  var shadow: ShadowAllocator
  var refusals: RefusalOracle?
  var emptied: EmptiedPoolLaw?
  var bound: BoundOracle?
  var touched: TouchedByOperation = .nothing
  private let isFilled: Bool
  var isOver = false
  /// Operations that did something.
  public private(set) var operationCount = 0

  /// Boots a machine.
  public init(configuration setup: PoolSetup) {
    oracles = setup.oracles
    isFilled = setup.configuration.fill == .on
    shadow = ShadowAllocator(setup.configuration.pool)
    do throws(ConfigurationError) {
      replayer = try Replayer.boot(setup.configuration, mutant: setup.mutant)
      isBooted = true
    } catch {
      replayer = Self.idle()
      isBooted = false
      isOver = true
    }
    let view = replayer.pool.view
    if !oracles.isDisjoint(with: [.cheapInvariants, .fullInvariants, .finalInvariants, .verdicts]) {
      let journal =
        oracles.contains(.fullInvariants)
        ? replayer.pool.startJournal(reserve: RecycledMemory.reserve) : nil
      audit = IncrementalAudit(view, journal: journal)
    }
    if oracles.contains(.refusals) { refusals = RefusalOracle(view) }
    if oracles.contains(.emptied) { emptied = EmptiedPoolLaw(view) }
    if oracles.contains(.bound) { bound = BoundOracle(setup.configuration.pool, view) }
  }

  /// Becomes what `other` is; both were made with the same configuration.
  public mutating func become(_ other: borrowing PoolMachine) {
    replayer.become(other.replayer)
    live = other.live
    audit?.become(other.audit)
    shadow = other.shadow
    refusals = other.refusals
    bound = other.bound
    touched = other.touched
    isOver = other.isOver
    operationCount = other.operationCount
  }

  /// False where the configuration cannot be.
  public let isBooted: Bool

  /// A machine of the defaults, which can always be.
  private static func idle() -> Replayer {
    do throws(ConfigurationError) {
      return try Replayer.boot(PoolTrace.TraceConfiguration())
    } catch {
      preconditionFailure("no memory for a pool of the default size: \(error.message)")
    }
  }

  /// The pool.
  public var view: PoolView { replayer.pool.view }

  /// What the operations since the last call have set in motion.
  public mutating func takeMechanisms() -> Mechanisms {
    let mechanisms = replayer.pool.mechanisms
    replayer.pool.mechanisms = []
    return mechanisms
  }

  /// How many allocations are held.
  public var liveCount: Int { live.count }

  /// The machine skips by itself: a slot whose allocation failed may be allocated again.
  public static var slotKeeping: SlotKeeping { .byMachine }

  /// The rule and the kind of operation.
  public static func identity(
    of failure: PoolFailure, after operation: PoolOperation?
  ) -> FailureIdentity {
    failure.identity(after: operation)
  }

  // MARK: One operation

  /// Runs one operation under the oracles that look at single operations.
  public mutating func perform(
    _ operation: PoolOperation, _ failures: inout [PoolFailure]
  ) -> StepEffect {
    guard !isOver else { return .skipped }
    let verdict = predictVerdict(operation.operation)
    let digest = digestBefore(verdict, operation.operation)
    let expectation = expectation(of: operation.operation)
    let before = slot(of: operation.operation)
    let result = replayer.step(operation.operation)
    if result == .skipped || result == .nothingToDo { return .skipped }
    operationCount &+= 1
    touched = .nothing
    if case .halted(let reason) = result {
      isOver = true
      judge(halt: reason, verdict, digest, &failures)
      return .performed
    }
    note(operation.operation, result, before, &failures)
    if verdict.isMisuse {
      isOver = true
      judgeUnstopped(verdict, &failures)
      return .performed
    }
    judgeRefusal(operation.operation, result, view, &failures)
    expectation.judge(result, view, &failures)
    // A request that raises ends its caller, and a replay.
    if case .raised = result { isOver = true }
    return result == .null ? .refused : .performed
  }

  private func slot(of operation: PoolTrace.Operation) -> PoolTrace.Slot? {
    if case .free(let name, _) = operation { return replayer.slots[name] }
    return nil
  }

  // MARK: Predictions

  private func predictVerdict(_ operation: PoolTrace.Operation) -> Verdict {
    switch operation {
    case .processor, .tick, .interruptLevel: return .harmless
    case .alloc(_, let type, _, _):
      guard VerdictOracle.mayStop(view, type) else { return .harmless }
    default: break
    }
    return VerdictOracle(view, live).verdict(on: operation, replayer)
  }

  /// The pool's digest where a refusal must leave it unchanged: not for frees of page addresses,
  /// which leave the big-page table before their tag is looked at.
  private func digestBefore(_ verdict: Verdict, _ operation: PoolTrace.Operation) -> UInt64? {
    guard case .bugCheck = verdict, oracles.contains(.verdicts) else { return nil }
    var freed: Address?
    switch operation {
    case .free(let name, _): freed = replayer.slots[name]?.address
    case .freeAt(let expression, _): freed = replayer.resolve(expression)
    default: break
    }
    if let freed, freed & (view.profile.pageBytes &- 1) == 0 { return nil }
    return PoolDigest.of(view)
  }

  private func expectation(of operation: PoolTrace.Operation) -> OperationExpectation {
    guard oracles.contains(.placement) else { return OperationExpectation() }
    switch operation {
    case .alloc(_, let type, let bytes, _):
      return OperationExpectation(
        allocating: type, bytes: bytes, isFilled: isFilled, view)
    case .free(let name, _):
      guard let slot = replayer.slots[name], slot.state == .holds, !slot.isContiguous,
        live[slot.address] != nil
      else { return OperationExpectation() }
      return OperationExpectation(freeing: slot.address, slot.type, bytes: slot.bytes, view)
    default: return OperationExpectation()
    }
  }
}
