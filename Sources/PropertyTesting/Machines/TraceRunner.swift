/// Executes traces on fresh machines.
public struct TraceRunner<Machine: StateMachine & ~Copyable>: Sendable {
  /// How often invariants are checked.
  public let checks: CheckFrequency

  /// A runner that checks that often.
  @inlinable
  public init(checks: CheckFrequency = .everyStep) {
    self.checks = checks
  }

  /// Where in a run an observer is asked.
  public enum Moment: Sendable {
    /// The machine is fresh.
    case begun
    /// An operation was not skipped, and it and what it left were judged.
    case judged(step: Int, StepEffect)
    /// All operations were judged without a failure; the end comes next.
    case ending
    /// The end was judged.
    case ended
  }

  /// Looks at the machine within a run, and may take out violations that are not to count.
  public typealias Observer = (Moment, inout Machine, inout [Machine.Violation]) -> Void

  /// Executes a trace until its first failure or its end.
  @inlinable
  public func run(_ trace: Trace<Machine.Configuration, Machine.Operation>) -> Execution {
    run(trace) { _, _, _ in }
  }

  /// The same with somebody who looks on.
  @inlinable
  public func run(
    _ trace: Trace<Machine.Configuration, Machine.Operation>, observer: Observer
  ) -> Execution {
    var machine = Machine(configuration: trace.configuration)
    var occupancy = SlotOccupancy()
    var violations: [Machine.Violation] = []
    var skipped: [Int] = []
    observer(.begun, &machine, &violations)
    for step in trace.operations.indices {
      let operation = trace.operations[step]
      let effect = Self.perform(operation, on: &machine, &occupancy, &violations)
      if effect == .skipped {
        skipped.append(step)
      } else {
        if checks == .everyStep, violations.isEmpty { machine.check(&violations) }
        observer(.judged(step: step, effect), &machine, &violations)
      }
      if !violations.isEmpty {
        let failure = Self.failure(violations, step: step, after: operation)
        return Execution(failure: failure, skippedSteps: skipped, operationCount: step &+ 1)
      }
    }
    let count = trace.operations.count
    if checks == .atEnd { machine.check(&violations) }
    observer(.ending, &machine, &violations)
    if violations.isEmpty { machine.finish(&violations) }
    observer(.ended, &machine, &violations)
    let failure =
      violations.isEmpty ? nil : Self.failure(violations, step: count, after: nil)
    return Execution(failure: failure, skippedSteps: skipped, operationCount: count)
  }

  @inlinable
  static func perform(
    _ operation: Machine.Operation, on machine: inout Machine,
    _ occupancy: inout SlotOccupancy, _ violations: inout [Machine.Violation]
  ) -> StepEffect {
    guard Machine.slotKeeping == .byRunner else {
      return machine.perform(operation, &violations)
    }
    let slots = operation.slots
    guard occupancy.admits(slots) else { return .skipped }
    let effect = machine.perform(operation, &violations)
    if effect == .performed { occupancy.apply(slots) }
    return effect
  }

  @usableFromInline
  static func failure(
    _ violations: [Machine.Violation], step: Int, after operation: Machine.Operation?
  ) -> Execution.Failure {
    var identities: [FailureIdentity] = []
    for violation in violations {
      let identity = Machine.identity(of: violation, after: operation)
      if !identities.contains(identity) { identities.append(identity) }
    }
    return Execution.Failure(step: step, identities: identities)
  }
}

/// A bit for each slot: live or empty. The runner's own record, kept on the hot path.
public struct SlotOccupancy: Sendable {
  @usableFromInline var words: [UInt64] = []

  /// Every slot is empty.
  @inlinable
  public init() {}

  /// Whether a slot is live.
  @inlinable
  public func isLive(_ slot: Slot) -> Bool {
    let word = slot.number &>> 6
    return word < words.count && words[word] &>> UInt64(slot.number & 63) & 1 == 1
  }

  /// Whether an operation with these slots means anything now.
  @inlinable
  public func admits(_ uses: SlotUses) -> Bool {
    if let first = uses.first, !admits(first) { return false }
    if let second = uses.second, !admits(second) { return false }
    return true
  }

  /// Records an operation that was performed.
  @inlinable
  public mutating func apply(_ uses: SlotUses) {
    if let first = uses.first { apply(first) }
    if let second = uses.second { apply(second) }
  }

  @inlinable
  func admits(_ use: SlotUse) -> Bool {
    switch use.effect {
    case .creates: !isLive(use.slot)
    case .uses, .destroys: isLive(use.slot)
    case .mentions: true
    }
  }

  @inlinable
  mutating func apply(_ use: SlotUse) {
    switch use.effect {
    case .creates: set(use.slot, live: true)
    case .destroys: set(use.slot, live: false)
    case .uses, .mentions: break
    }
  }

  @inlinable
  mutating func set(_ slot: Slot, live: Bool) {
    let word = slot.number &>> 6
    if word >= words.count {
      words.append(contentsOf: repeatElement(0, count: word &- words.count &+ 1))
    }
    let bit: UInt64 = 1 &<< UInt64(slot.number & 63)
    words[word] = live ? words[word] | bit : words[word] & ~bit
  }
}

extension TraceRunner where Machine: ~Copyable {
  /// The first operation after which the state is already wrong, apart from the one that shows it.
  ///
  /// A fast run checks little and notices late. This replays prefixes with all checks at their
  /// end and halves: about log2 of the length in replays. It relies on a wrong state staying
  /// wrong; where a bug repairs its own traces, the answer is *a* step from right to wrong.
  ///
  /// - Parameter trace: any trace; only its prefixes are executed.
  /// - Returns: the index of the operation, or nil when no wrong state is seen at the end.
  public static func causeStep(
    of trace: Trace<Machine.Configuration, Machine.Operation>
  ) -> Int? {
    func isWrong(after count: Int) -> Bool {
      var machine = Machine(configuration: trace.configuration)
      var occupancy = SlotOccupancy()
      var violations: [Machine.Violation] = []
      for operation in trace.operations.prefix(count) {
        _ = perform(operation, on: &machine, &occupancy, &violations)
        if !violations.isEmpty { return true }
      }
      machine.check(&violations)
      return !violations.isEmpty
    }
    var right = 0
    var wrong = trace.operations.count
    guard wrong > 0, isWrong(after: wrong) else { return nil }
    while wrong - right > 1 {
      let middle = right + (wrong - right) / 2
      if isWrong(after: middle) { wrong = middle } else { right = middle }
    }
    return wrong - 1
  }
}
