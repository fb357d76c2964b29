import KernelPool
import PoolBounds
import PoolInvariants
import PoolTrace

// What came of an operation, held against what was predicted, and the checks of the whole pool.

extension CheckedPool {
  /// Judges a stop of the kernel.
  mutating func judge(
    halt reason: HaltReason, _ verdict: Verdict, _ before: PoolBefore?,
    _ failures: inout [PoolFailure]
  ) {
    let isAsDocumented = judgeStop(reason, verdict, before, &failures)
    if !isAsDocumented || oracles.contains(.afterMisuse) { failures.append(.halted(reason)) }
  }

  /// What the oracles say of a stop; false where it is a failure by itself.
  private mutating func judgeStop(
    _ reason: HaltReason, _ verdict: Verdict, _ before: PoolBefore?, _ failures: inout [PoolFailure]
  ) -> Bool {
    if case .hang = reason { return false }
    switch verdict {
    case .harmless: return false
    case .unspecified, .noticed: return true
    case .servedOr(let stop, let type, let bytes):
      guard reason == .bugCheck(stop) else {
        fail(verdict, "stopped with \(reason)", &failures)
        return true
      }
      if refusals != nil, let failure = RefusalOracle.room(view, type, bytes: bytes) {
        failures.append(failure)
      }
    case .fault:
      if case .bugCheck = reason { fail(verdict, "stopped with \(reason)", &failures) }
    case .bugCheck(let code, let first):
      guard case .bugCheck(let found) = reason, found.code == code, found.parameters.0 == first
      else {
        fail(verdict, "stopped with \(reason)", &failures)
        return true
      }
      if let before, before.isChanged(view, audit) {
        failures.append(.oracle(.verdictUnchanged, "a refused misuse changed the pool"))
      }
    }
    return true
  }

  /// Judges misuse after which the kernel goes on.
  mutating func judgeUnstopped(_ verdict: Verdict, _ failures: inout [PoolFailure]) {
    guard oracles.contains(.verdicts) else { return }
    switch verdict {
    case .harmless, .servedOr, .unspecified: return
    case .fault, .bugCheck: fail(verdict, "the kernel went on", &failures)
    case .noticed:
      guard let violations = audit?.full(view, replayer.liveAddress.pointee), violations.isEmpty
      else { return }
      failures.append(.oracle(.verdictNoticed, "no invariant notices the misuse"))
    }
  }

  private mutating func fail(_ verdict: Verdict, _ what: String, _ failures: inout [PoolFailure]) {
    guard oracles.contains(.verdicts) else { return }
    failures.append(.oracle(.verdict, "\(what), expected \(verdict)"))
  }

  /// Judges whether a healthy operation may be refused.
  mutating func judgeRefusal(
    _ operation: Operation, _ result: StepResult, _ failures: inout [PoolFailure]
  ) {
    guard refusals != nil else { return }
    var failure: PoolFailure?
    switch (operation, result) {
    case (.alloc(_, let type, let bytes, _), .null), (.alloc(_, let type, let bytes, _), .raised):
      failure = refusals?.refused(view, type, bytes: bytes)
      if result == .null, !type.isDisjoint(with: [.mustSucceed, .raiseOnFailure]) {
        failures.append(.oracle(.verdict, "a request that must not come to NULL did"))
      }
    case (.contiguous, _): refusals?.resynchronise(view)
    default: failure = refusals?.served(view)
    }
    if let failure { failures.append(failure) }
  }

  // MARK: The whole pool

  /// The invariants, as often as the oracles say. Ask after an operation that did something.
  public mutating func check(_ failures: inout [PoolFailure]) {
    guard !isOver else { return }
    let live = replayer.liveAddress
    if oracles.contains(.completeInvariants) {
      report(audit?.full(view, live.pointee), &failures)
    } else if oracles.contains(.fullInvariants) {
      let filled = replayer.filled
      report(live.lend { audit?.check(view, $0, filled: filled) }, &failures)
    } else if oracles.contains(.cheapInvariants) {
      let touched = replayer.touched
      report(live.lend { audit?.checkTouched(view, $0, touched) }, &failures)
    }
  }

  /// Every invariant, whatever the oracles are: what a trace expects is looked for at any level.
  mutating func walkAll(_ failures: inout [PoolFailure]) {
    guard !isOver else { return }
    if audit == nil { audit = IncrementalAudit(view, journal: nil) }
    report(audit?.full(view, replayer.liveAddress.pointee), &failures)
  }

  private mutating func report(_ violations: [Violation]?, _ failures: inout [PoolFailure]) {
    guard let violations, !violations.isEmpty else { return }
    for violation in violations { failures.append(.invariant(violation)) }
  }

  /// All invariants once more, the proved bound, then the law of the emptied pool.
  public mutating func finish(_ failures: inout [PoolFailure]) {
    checkOnceMore(&failures)
    checkEmptied(&failures)
  }

  /// All invariants once more, and the proved bound. The pool stays as it is.
  public mutating func checkOnceMore(_ failures: inout [PoolFailure]) {
    guard !isOver else { return }
    let live = replayer.liveAddress
    if audit?.followsChanges ?? false {
      // The checks so far have seen everything; what may have changed since they follow as well.
      report(audit?.check(view, live.pointee), &failures)
    } else if !oracles.isDisjoint(with: [.finalInvariants, .fullInvariants, .completeInvariants]) {
      report(audit?.full(view, live.pointee), &failures)
    }
    guard oracles.contains(.bound), misuse == nil else { return }
    let bound = ReplayBound(replayer.configuration.pool, view)
    guard let most = bound.pages(usage), usage.peakPagesHeld > most else { return }
    failures.append(
      .oracle(
        .bound, "held \(usage.peakPagesHeld) pages, and at most \(most) are proved possible"))
  }

  /// Frees what callers hold and asks the law of the emptied pool. What the pool showed before is
  /// gone then.
  public mutating func checkEmptied(_ failures: inout [PoolFailure]) {
    guard !isOver, misuse == nil, failures.isEmpty, let law = emptied else { return }
    // The free of a block with something else beside it stops the kernel.
    guard special.allSatisfy(\.damage.isEmpty) else { return }
    isOver = true
    guard freeEverything(&failures) else { return }
    failures += law.failures(&replayer.pool)
  }

  /// Frees what callers hold, in the order of their addresses; false where that failed.
  private mutating func freeEverything(_ failures: inout [PoolFailure]) -> Bool {
    var held: [(address: Address, isContiguous: Bool)] = []
    replayer.live.forEach { address, allocation in
      held.append((address, allocation.isContiguous))
    }
    for law in special { held += law.held.keys.map { ($0, false) } }
    held.sort { $0.address < $1.address }
    replayer.pool.setInterruptLevel(0)
    for item in held {
      for index in references.indices {
        references[index].predict(freeing: item.address, isContiguous: item.isContiguous)
      }
      let outcome =
        item.isContiguous
        ? replayer.pool.freeContiguous(item.address) : replayer.pool.free(item.address)
      var result = StepResult.freed
      if case .halted(let reason) = outcome { result = .halted(reason) }
      for index in references.indices {
        guard let failure = references[index].objection(to: result) else { continue }
        failures.append(failure)
        return false
      }
      if case .halted(let reason) = outcome {
        let isExpected = item.isContiguous && VerdictOracle(view, replayer.liveAddress).losesTags
        if !isExpected { failures.append(.halted(reason)) }
        return false
      }
    }
    return true
  }
}
