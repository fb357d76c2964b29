import KernelPool
import PoolInvariants
import PoolTrace
import struct PropertyTesting.FailureIdentity

/// A replay that checks itself: every rule and oracle of its level after every operation, and the
/// trace's own expectations.
///
/// Whatever goes wrong in an operation waits for the next one: if that is an expectation which
/// announced it, the replay goes on, otherwise it is the outcome. `finish` ends a trace.
public struct ReplaySession: ~Copyable {
  /// What is checked.
  public let level: CheckLevel
  /// The judge.
  public private(set) var checked: CheckedPool
  /// Operations so far, expectations and the configuration excluded.
  public private(set) var operations: UInt64 = 0
  /// The operation after which an invariant was broken first, counted from 1.
  public private(set) var firstCorruptOperation: UInt64?
  /// The outcome once there is one: nil while the replay goes on.
  public private(set) var outcome: ReplayOutcome?
  /// What makes the failures of the outcome the same in another trace.
  public private(set) var identities: [FailureIdentity] = []
  /// True where the trace judged itself by an expectation.
  public private(set) var judgedExpectations = false
  /// How many operations meant nothing, and no expectation announced it.
  public private(set) var skippedCount: UInt64 = 0
  /// The first of them.
  public private(set) var skipped: [SkippedOperation] = []
  /// The most skipped operations that are named.
  public static let mostNamed = 8

  private var lastResult: StepResult = .done
  private var lastKind: PoolOperationKind?
  /// What the last operation broke and no expectation has announced yet.
  private var pending: ReplayOutcome?
  /// Every rule that is broken now, announced or not.
  private var present: [PoolFailure] = []
  /// Violations that an expectation has announced: they stay broken and are no news.
  private var announced: Set<BrokenRule> = []
  /// The kernel stopped as announced: only expectations may follow.
  private var stoppedAsAnnounced = false
  private var failures: [PoolFailure] = []

  /// Boots a machine. Throws where the configuration cannot be or memory is short.
  public static func boot(
    _ configuration: TraceConfiguration, level: CheckLevel, mutant: Mutant = .none
  ) throws(ConfigurationError) -> ReplaySession {
    let checked = CheckedPool(
      configuration, mutant: mutant, oracles: OracleSet(level).union(.afterMisuse))
    if let problem = checked.problem { throw problem }
    return ReplaySession(checked, level: level)
  }

  private init(_ checked: consuming CheckedPool, level: CheckLevel) {
    self.checked = checked
    self.level = level
  }

  /// The machine and its slots.
  public var replayer: Replayer { _read { yield checked.replayer } }
  /// The pool, for those who show it; valid as long as the session.
  public var view: PoolView { _read { yield checked.view } }
  /// What the slots own, for metrics.
  public var usage: LiveUsage { _read { yield checked.usage } }

  /// True where the outcome is a stop after misuse to which no oracle objects: what the version
  /// documents, or leaves open.
  public var stoppedAsDocumented: Bool {
    guard case .halted(let reason)? = outcome, reason != .hang else { return false }
    return checked.misuse != nil
  }

  /// The metrics as of now.
  public var metrics: PoolMetrics { PoolMetrics(view, usage) }

  /// The same, with the indices of free space for a request of `requestBytes`.
  public func metrics(requestBytes: UInt64?) -> PoolMetrics {
    PoolMetrics(view, usage, requestBytes: requestBytes)
  }

  /// Runs one operation or judges one expectation. Returns nil once there is an outcome. `line` is
  /// where the operation stands, for naming it where it is skipped.
  public mutating func step(_ operation: Operation, line: UInt64 = 0) -> StepResult? {
    if outcome != nil { return nil }
    // Asked by itself: a switch that binds what an operation has copies it.
    if operation.isForSession { return answer(operation) }
    if stoppedAsAnnounced || pending != nil {
      end()
      return nil
    }
    operations &+= 1
    let result = run(operation)
    if case .skipped = result { noteSkipped(operation, line) }
    return result
  }

  @inline(never)
  private mutating func answer(_ operation: Operation) -> StepResult? {
    if case .expect(let expectation) = operation { judge(expectation) }
    return outcome == nil ? .done : nil
  }

  private mutating func run(_ operation: Operation) -> StepResult {
    let result = checked.perform(operation, &failures)
    lastResult = result
    lastKind = PoolOperationKind(operation)
    if !present.isEmpty { present = [] }
    if level == .off {
      if !failures.isEmpty { failures = [] }
      if case .halted = result { pending = .notJudged }
      return result
    }
    guard result.wasCalled else { return result }
    if !checked.isOver { checked.check(&failures) }
    if !failures.isEmpty { note() }
    if level.isThorough, !announced.isEmpty {
      announced.formIntersection(present.compactMap(BrokenRule.init))
    }
    return result
  }

  /// Takes what the judge said; what an expectation has announced is no news.
  private mutating func note() {
    present += failures
    let news = failures.filter { failure in
      BrokenRule(failure).map { !announced.contains($0) } ?? true
    }
    if failures.contains(where: { BrokenRule($0) != nil }) {
      firstCorruptOperation = firstCorruptOperation ?? operations
    }
    failures = []
    guard !news.isEmpty else { return }
    for failure in news {
      let identity = failure.identity(after: lastKind)
      if !identities.contains(identity) { identities.append(identity) }
    }
    // A broken rule says more than the stop that it led to.
    let rules = news.filter(\.isRule)
    if !rules.isEmpty {
      pending = .violation(rules)
    } else if case .halted(let reason)? = news.first {
      pending = .halted(reason)
    } else if case .raised(let status)? = news.first {
      pending = .raised(status)
    }
  }

  private mutating func noteSkipped(_ operation: Operation, _ line: UInt64) {
    skippedCount &+= 1
    guard skipped.count < Self.mostNamed else { return }
    skipped.append(
      SkippedOperation(
        number: operations, line: line, text: operation.reasonForSkipping(replayer)))
  }

  /// Ends the trace: what still waits becomes the outcome. Everything is walked once more, for what
  /// lower levels did not look at. The pool stays as it is.
  public mutating func finish() {
    if outcome == nil, pending == nil, level != .off {
      lastKind = nil
      checked.checkOnceMore(&failures)
      if !failures.isEmpty { note() }
    }
    end()
  }

  /// Asks the law of the emptied pool too, where all else held: what the pool showed is gone then.
  public mutating func finishByEmptying() {
    finish()
    guard outcome == .ok, announced.isEmpty, !stoppedAsAnnounced else { return }
    checked.checkEmptied(&failures)
    guard !failures.isEmpty else { return }
    outcome = nil
    note()
    end()
  }

  private mutating func end() {
    if outcome == nil { outcome = pending ?? (level == .off ? .notJudged : .ok) }
  }

  // MARK: Expectations

  private mutating func judge(_ expectation: Expectation) {
    judgedExpectations = true
    guard !announces(expectation) else { return }
    if let unmet = unmet(expectation) {
      outcome = .expectation(unmet)
    }
  }

  /// True where the expectation announced what the last operation came to.
  private mutating func announces(_ expectation: Expectation) -> Bool {
    switch (expectation, lastResult) {
    case (.violation(let name), _):
      guard isBroken(name) else { return false }
      if case .violation = pending { forgetPending() }
      announced.formUnion(present.compactMap(BrokenRule.init))
    case (.bugCheck(let code, let first), .halted(.bugCheck(let found))):
      guard found.code == code, first == nil || first == found.parameters.0 else { return false }
      announceStop()
    case (.fault(let expression), .halted(.fault(let address))):
      guard expression.map({ replayer.resolve($0) == address }) ?? true else { return false }
      announceStop()
    case (.nonCanonicalFault, .halted(.nonCanonicalFault)), (.hang, .halted(.hang)):
      announceStop()
    case (.raise(let status), .raised(let found)):
      guard status == found else { return false }
      if case .raised = pending { forgetPending() }
    case (.skipped, .skipped):
      // A second expectation of the same announces nothing more.
      guard lastKind != nil else { return true }
      lastKind = nil
      skippedCount &-= 1
      if skipped.last?.number == operations { skipped.removeLast() }
    default: return false
    }
    return true
  }

  /// True where the rule is broken after the last operation. A replay that does not check
  /// everything after each operation looks at everything now.
  private mutating func isBroken(_ name: String) -> Bool {
    if !level.isThorough {
      var all: [PoolFailure] = []
      checked.walkAll(&all)
      let known = Set(present.compactMap(BrokenRule.init))
      present += all.filter { failure in BrokenRule(failure).map { !known.contains($0) } ?? true }
    }
    return present.contains { $0.rule == name }
  }

  /// The stop was announced; what an oracle objects to was not.
  private mutating func announceStop() {
    if case .violation? = pending {} else { forgetPending() }
    stoppedAsAnnounced = true
  }

  private mutating func forgetPending() {
    pending = nil
    identities = []
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
      guard let value = metrics[name] else {
        return "there is no metric \(name)" + MetricKey.suggestion(for: name.description)
      }
      return comparison.holds(value.number, number.value)
        ? nil : "\(name) is \(value.text), not \(comparison.rawValue) \(number)"
    case .block(let name, let property, let comparison, let number):
      return property.unmet(replayer.slots[name], name, comparison, number, view)
    case .charged(let comparison, let number):
      let charged = view.variables.chargedBytes
      let bytes = charged.paged &+ charged.nonPaged
      return comparison.holds(bytes, number)
        ? nil : "\(bytes) bytes are charged, not \(comparison.rawValue) \(number)"
    case .bugCheck, .fault, .nonCanonicalFault, .hang, .raise, .violation:
      return "the operation before came to " + description(of: lastResult)
    }
  }

  private func description(of result: StepResult) -> String {
    let rules = present.filter(\.isRule)
    if !rules.isEmpty { return rules.map(\.text).joined(separator: "; ") }
    return result.text(AddressPrinter(view))
  }
}

/// A violation by what is broken where: its figures may change while it stays.
private struct BrokenRule: Hashable {
  let invariant: Invariant
  let address: Address

  init?(_ failure: PoolFailure) {
    guard case .invariant(let violation) = failure else { return nil }
    invariant = violation.invariant
    address = violation.address
  }
}

extension PoolTrace.Operation {
  /// Whether it is a configuration or an expectation, which no machine carries out.
  fileprivate var isForSession: Bool {
    switch self {
    case .config, .expect: true
    default: false
    }
  }

  /// The operation, and why it meant nothing on the machine as it is.
  fileprivate func reasonForSkipping(_ replayer: borrowing Replayer) -> String {
    switch self {
    case .free(let name, _):
      return "free \(name) holds nothing; a double free is written freeat \(name)"
    case .alloc(let name, _, _, _): return "alloc \(name) holds an allocation already"
    case .contiguous(let name, _, _): return "contiguous \(name) holds an allocation already"
    case .fill(let name): return "fill \(name) holds nothing"
    case .write(let name, _, _): return "write \(name) never had an address"
    case .processor(let number):
      let count = replayer.configuration.pool.processors
      return "cpu \(number): the machine has processors 0 to \(count - 1)"
    case .target:
      return TraceWriter.line(self) + ": for an allocator under test, with --target"
    default: return TraceWriter.line(self) + ": the slot never had an address"
    }
  }
}
