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
