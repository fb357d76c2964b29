import KernelPool
import PoolInvariants

/// A replay that checks itself: the invariants after every operation, and the trace's own
/// expectations.
///
/// Whatever goes wrong in an operation waits for the next one: if that is an expectation which
/// announced it, the replay goes on, otherwise it is the outcome. `finish` ends a trace.
public struct ReplaySession: ~Copyable {
  /// What is checked.
  public let level: CheckLevel
  /// The pool, for those who show it; valid as long as the session.
  ///
  /// Kept, because every operation needs it and making one copies the whole profile.
  public let view: PoolView
  /// The machine and its slots.
  public private(set) var replayer: Replayer
  /// What the slots own, for metrics.
  public private(set) var usage: LiveUsage
  /// Operations so far, expectations and the configuration excluded.
  public private(set) var operations: UInt64 = 0
  /// The operation after which an invariant was broken first, counted from 1.
  public private(set) var firstCorruptOperation: UInt64?
  /// The outcome once there is one: nil while the replay goes on.
  public private(set) var outcome: ReplayOutcome?
  /// What the last operation did, for those who show or check more.
  public private(set) var touched: TouchedByOperation = .nothing

  private var live = LiveAllocations()
  private var audit: IncrementalAudit
  private var lastResult: StepResult = .done
  /// What the last operation broke and no expectation has announced yet.
  private var pending: ReplayOutcome?
  /// What the last allocation showed by itself.
  private var overlap: Violation?
  /// Every rule that is broken now, announced or not.
  private var present: [Violation] = []
  /// Violations that an expectation has announced: they stay broken and are no news.
  private var announced: Set<BrokenRule> = []
  /// The kernel stopped as announced: only expectations may follow.
  private var stoppedAsAnnounced = false

  private init(_ booted: consuming Replayer, level: CheckLevel) {
    var replayer = booted
    view = replayer.pool.view
    usage = LiveUsage(view)
    let journal =
      level == .full ? replayer.pool.startJournal(reserve: RecycledMemory.reserve) : nil
    audit = IncrementalAudit(view, journal: journal)
    self.replayer = replayer
    self.level = level
  }

  /// Boots a machine. Throws where the configuration cannot be or memory is short.
  public static func boot(
    _ configuration: TraceConfiguration, level: CheckLevel, mutant: Mutant = .none
  ) throws(ConfigurationError) -> ReplaySession {
    ReplaySession(try Replayer.boot(configuration, mutant: mutant), level: level)
  }

  /// The metrics as of now.
  public var metrics: PoolMetrics { PoolMetrics(view, usage) }

  /// The same, with the indices of free space for a request of `requestBytes`.
  public func metrics(requestBytes: UInt64?) -> PoolMetrics {
    PoolMetrics(view, usage, requestBytes: requestBytes)
  }

  /// Runs one operation or judges one expectation. Returns nil once there is an outcome.
  public mutating func step(_ operation: Operation) -> StepResult? {
    if outcome != nil { return nil }
    switch operation {
    case .config: return .done
    case .expect(let expectation):
      judge(expectation)
      return outcome == nil ? .done : nil
    default: break
    }
    if stoppedAsAnnounced || pending != nil {
      finish()
      return nil
    }
    operations += 1
    let result = run(operation)
    lastResult = result
    if level == .off {
      if case .halted = result { pending = .ok }
    } else {
      check(result)
    }
    return result
  }

  /// Ends the trace: what still waits becomes the outcome. Everything is walked once more, for what
  /// cheap checks did not look at.
  public mutating func finish() {
    if level == .cheap || level == .full { auditFully() }
    if outcome == nil { outcome = pending ?? .ok }
  }

  // MARK: Running

  private mutating func run(_ operation: Operation) -> StepResult {
    let before = slotBefore(operation)
    let result = replayer.step(operation)
    touched = .nothing
    switch (operation, result) {
    case (.alloc(let name, _, _, _), .allocated(let address)),
      (.contiguous(let name, _, _), .allocated(let address)):
      noteAllocation(name, address)
    case (.contiguous(_, let bytes, _), .null):
      if level != .off { audit.recordContiguousRefusal(view, bytes: bytes) }
    case (.free, .freed): if let before { noteRelease(before.address) }
    case (.freeAt(let expression, _), .freed):
      if let address = replayer.resolve(expression) { noteRelease(address) }
    case (.write(let name, let offset, let bytes), .done):
      touched = live.noteStore(
        .slot(name, offset: offset), byteCount: bytes.count, by: replayer)
    case (.writeAt(let expression, let bytes), .done):
      touched = live.noteStore(expression, byteCount: bytes.count, by: replayer)
    case (.fill(let name), .done): touched = live.noteFill(name, by: replayer)
    default: break
    }
    return result
  }

  private func slotBefore(_ operation: Operation) -> Slot? {
    if case .free(let name, _) = operation { return replayer.slots[name] }
    return nil
  }

  private mutating func noteAllocation(_ name: SlotName, _ address: Address) {
    guard let index = replayer.slots.index(of: name) else { return }
    let slot = replayer.slots.slot(at: index)
    if let block = slot.block { usage.allocated(block, in: view) }
    let allocation = LiveAllocation(
      slot: UInt32(truncatingIfNeeded: index), requestedBytes: slot.bytes, type: slot.type,
      tag: slot.tag, patternSeed: slot.patternSeed, isContiguous: slot.isContiguous)
    let isFirst = live.insert(address, allocation)
    guard level != .off else { return }
    audit.recordAllocation(view, at: address, allocation)
    touched = .allocation(address, allocation)
    if !isFirst {
      overlap = Violation(
        .liveOverlap, at: address, expected: 0, found: address,
        "an allocation that its caller still holds starts here")
    }
  }

  private mutating func noteRelease(_ address: Address) {
    let allocation = live.remove(address)
    if let allocation {
      let slot = replayer.slots.slot(at: Int(allocation.slot))
      if let block = slot.block { usage.freed(block, in: view) }
      if level != .off { audit.recordFree(view, at: address, allocation) }
    }
    touched = .release(address, allocation)
  }

  // MARK: Checking

  private mutating func check(_ result: StepResult) {
    present = []
    switch result {
    case .halted(let reason): pending = .halted(reason)
    case .raised(let status): pending = .raised(status)
    default:
      if let overlap {
        note([overlap])
        self.overlap = nil
      }
      note(level.isThorough ? audit.check(view, live) : audit.cheap(view, live, touched))
      guard level.isThorough, !announced.isEmpty else { return }
      announced.formIntersection(present.map(BrokenRule.init))
    }
  }

  private mutating func note(_ violations: [Violation]) {
    guard !violations.isEmpty else { return }
    firstCorruptOperation = firstCorruptOperation ?? operations
    present += violations
    let news = violations.filter { !announced.contains(BrokenRule($0)) }
    guard !news.isEmpty else { return }
    if case .violation(let others) = pending {
      pending = .violation(others + news)
    } else {
      pending = .violation(news)
    }
  }

  /// Checks everything once, where the kernel still runs and nothing waits for an expectation.
  private mutating func auditFully() {
    guard outcome == nil, pending == nil, replayer.pool.halted == nil else { return }
    note(audit.full(view, live))
  }

  // MARK: Expectations

  private mutating func judge(_ expectation: Expectation) {
    guard !announces(expectation) else { return }
    if let unmet = unmet(expectation) {
      outcome = .expectation(unmet)
    }
  }

  /// True where the expectation announced what the last operation came to.
  private mutating func announces(_ expectation: Expectation) -> Bool {
    switch (expectation, lastResult, pending) {
    case (.violation(let name), _, _):
      guard isBroken(name) else { return false }
      if case .violation = pending { pending = nil }
      announced.formUnion(present.map(BrokenRule.init))
    case (.bugCheck(let code, let first), .halted(.bugCheck(let found)), _):
      guard found.code == code, first == nil || first == found.parameters.0 else { return false }
      announceStop()
    case (.fault(let expression), .halted(.fault(let address)), _):
      guard expression.map({ replayer.resolve($0) == address }) ?? true else { return false }
      announceStop()
    case (.nonCanonicalFault, .halted(.nonCanonicalFault), _), (.hang, .halted(.hang), _):
      announceStop()
    case (.raise(let status), .raised(let found), _):
      guard status == found else { return false }
      pending = nil
    default: return false
    }
    return true
  }

  /// True where the rule is broken after the last operation. A replay that does not check
  /// everything after each operation looks at everything now.
  private mutating func isBroken(_ name: String) -> Bool {
    if !level.isThorough, replayer.pool.halted == nil {
      let known = Set(present.map(BrokenRule.init))
      present += audit.full(view, live).filter { !known.contains(BrokenRule($0)) }
    }
    return present.contains { $0.invariant.rawValue == name }
  }

  private mutating func announceStop() {
    pending = nil
    stoppedAsAnnounced = true
  }

  /// What is wrong with an expectation about the state, or nil where it holds.
  private func unmet(_ expectation: Expectation) -> String? {
    switch expectation {
    case .ok(let name):
      return replayer.slots[name]?.state == .holds ? nil : "slot \(name) holds no allocation"
    case .null(let name):
      return replayer.slots[name]?.state == .null ? nil : "slot \(name) did not get NULL"
    case .skipped:
      return lastResult == .skipped ? nil : "the operation before was not skipped"
    case .metric(let name, let comparison, let number):
      guard let value = metrics[name] else { return "there is no metric \(name)" }
      return comparison.holds(value.number, number.value)
        ? nil : "\(name) is \(value.text), not \(comparison.rawValue) \(number)"
    case .bugCheck, .fault, .nonCanonicalFault, .hang, .raise, .violation:
      return "the operation before came to " + description(of: lastResult)
    }
  }

  private func description(of result: StepResult) -> String {
    if !present.isEmpty { return present.map(\.description).joined(separator: "; ") }
    return result.text(AddressPrinter(view))
  }
}

/// A violation by what is broken where: its figures may change while it stays.
private struct BrokenRule: Hashable {
  let invariant: Invariant
  let address: Address

  init(_ violation: Violation) {
    invariant = violation.invariant
    address = violation.address
  }
}
