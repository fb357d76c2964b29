import KernelPool
import PoolInvariants
import PoolTrace
import PropertyTesting

// What came of an operation, held against what was predicted, and the checks of the whole pool.

extension PoolMachine {
  /// Judges a stop of the kernel.
  mutating func judge(
    halt reason: HaltReason, _ verdict: Verdict, _ digest: UInt64?,
    _ failures: inout [PoolFailure]
  ) {
    if case .hang = reason {
      failures.append(.halted(reason))
      return
    }
    switch verdict {
    case .harmless: failures.append(.halted(reason))
    case .unspecified, .noticed: return
    case .servedOr(let stop, let type, let bytes):
      guard reason == .bugCheck(stop) else {
        return fail(verdict, "stopped with \(reason)", &failures)
      }
      guard refusals != nil, let failure = RefusalOracle.room(view, type, bytes: bytes)
      else { return }
      failures.append(failure)
    case .fault:
      if case .bugCheck = reason { fail(verdict, "stopped with \(reason)", &failures) }
    case .bugCheck(let code, let first):
      guard case .bugCheck(let found) = reason, found.code == code, found.parameters.0 == first
      else { return fail(verdict, "stopped with \(reason)", &failures) }
      guard let digest, PoolDigest.of(view) != digest else { return }
      failures.append(.oracle(.verdictUnchanged, "a refused misuse changed the pool"))
    }
  }

  /// Judges misuse after which the kernel goes on.
  mutating func judgeUnstopped(_ verdict: Verdict, _ failures: inout [PoolFailure]) {
    guard oracles.contains(.verdicts) else { return }
    switch verdict {
    case .harmless, .servedOr, .unspecified: return
    case .fault, .bugCheck: fail(verdict, "the kernel went on", &failures)
    case .noticed:
      let view = view
      guard let violations = audit?.full(view, live), violations.isEmpty
      else { return }
      failures.append(.oracle(.verdictNoticed, "no invariant notices the misuse"))
    }
  }

  private func fail(_ verdict: Verdict, _ what: String, _ failures: inout [PoolFailure]) {
    guard oracles.contains(.verdicts) else { return }
    failures.append(.oracle(.verdict, "\(what), expected \(verdict)"))
  }

  /// Judges whether a healthy operation may be refused.
  mutating func judgeRefusal(
    _ operation: PoolTrace.Operation, _ result: StepResult, _ view: PoolView,
    _ failures: inout [PoolFailure]
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

  /// The invariants, as often as the oracles say.
  public mutating func check(_ failures: inout [PoolFailure]) {
    guard !isOver else { return }
    let view = view
    if oracles.contains(.fullInvariants) {
      report(audit?.check(view, live), &failures)
    } else if oracles.contains(.cheapInvariants) {
      report(audit?.cheap(view, live, touched), &failures)
    }
  }

  private func report(_ violations: [PoolInvariants.Violation]?, _ failures: inout [PoolFailure]) {
    for violation in violations ?? [] { failures.append(.invariant(violation)) }
  }

  /// All invariants once more, then the law of the emptied pool.
  public mutating func finish(_ failures: inout [PoolFailure]) {
    guard !isOver else { return }
    let view = view
    if oracles.contains(.finalInvariants) || oracles.contains(.fullInvariants) {
      report(audit?.full(view, live), &failures)
    }
    if let failure = bound?.failure() { failures.append(failure) }
    guard failures.isEmpty, let law = emptied else { return }
    isOver = true
    guard freeEverything(&failures) else { return }
    failures += law.failures(&replayer.pool)
  }

  /// Frees what callers hold, in the order of their addresses; false where that failed.
  private mutating func freeEverything(_ failures: inout [PoolFailure]) -> Bool {
    var held: [(address: Address, isContiguous: Bool)] = []
    live.forEach { address, allocation in held.append((address, allocation.isContiguous)) }
    held.sort { $0.address < $1.address }
    replayer.pool.setInterruptLevel(0)
    for item in held {
      let outcome =
        item.isContiguous
        ? replayer.pool.freeContiguous(item.address) : replayer.pool.free(item.address)
      if case .halted(let reason) = outcome {
        let isExpected = item.isContiguous && VerdictOracle(view, live).losesTags
        if !isExpected { failures.append(.halted(reason)) }
        return false
      }
      noteEmptying(item.address)
    }
    return true
  }

  private mutating func noteEmptying(_ address: Address) { live.remove(address) }
}
