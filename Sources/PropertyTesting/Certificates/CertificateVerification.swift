extension Certificate {
  /// Executes everything again and lists what does not hold; empty when the certificate is true
  /// and the trace is minimal.
  public func discrepancies<C: TraceConfiguration, O: SlotOperation>(
    for trace: Trace<C, O>, execute: (Trace<C, O>) -> Execution
  ) -> [CertificateDiscrepancy] {
    guard let actual = Certificate(of: trace, identity, execute: execute) else {
      return [.failureIsGone(identity)]
    }
    var found: [CertificateDiscrepancy] = []
    if actual.step != step { found.append(.stepDiffers(actual: actual.step, expect: step)) }
    if actual.configuration != configuration {
      found.append(
        .configurationDiffers(actual: actual.configuration, expect: configuration))
    }
    let texts = (actual.operations.map(\.text), operations.map(\.text))
    guard texts.0 == texts.1 else {
      return found + [.operationsDiffer(actual: texts.0, expect: texts.1)]
    }
    let isSameLives =
      actual.lifetimes.map(\.operations) == lifetimes.map(\.operations)
      && actual.lifetimes.map(\.slot) == lifetimes.map(\.slot)
    guard isSameLives else { return found + [.lifetimesDiffer] }
    for (left, right) in zip(actual.removals, removals) {
      let removed = left.removed.map { index in
        CertificateDiscrepancy.Removed(index: index, text: operations[index].text)
      }
      if left.outcome != right.outcome {
        found.append(
          .outcomeDiffers(
            removed: removed, actual: left.outcome, expect: right.outcome))
      }
      if left.outcome == .failsTheSame { found.append(.notMinimal(removed: removed)) }
    }
    return found
  }

  private var removals: [(removed: [Int], outcome: RemovalOutcome)] {
    operations.enumerated().map { ([$0.offset], $0.element.without) }
      + lifetimes.map { ($0.operations, $0.without) }
  }
}
