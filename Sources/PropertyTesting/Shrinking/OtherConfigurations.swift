extension ShortestSearch {
  /// An execution of so many operations costs a detour as much as two of few.
  private static var costlyLength: Int { 32 }

  /// What the first of the detours comes to that ends in a shorter trace; nil where none does.
  func leaving(
    _ detours: [MachineTrace], for trace: MachineTrace, _ identity: FailureIdentity, _ limit: Int,
    _ isInterrupted: () -> Bool, _ execute: (MachineTrace) -> Execution
  ) -> MachineTrace? {
    var left = limit
    for detour in detours where left > 0 && !isInterrupted() {
      let end = Self.deleting(detour, identity, limit: &left, isInterrupted, execute)
      if let end, end.operations.count < trace.operations.count { return end }
    }
    return nil
  }

  /// What is left of a trace when no lifetime and no single operation can be left out; nil where it
  /// does not show the failure.
  private static func deleting(
    _ trace: MachineTrace, _ identity: FailureIdentity, limit: inout Int,
    _ isInterrupted: () -> Bool, _ execute: (MachineTrace) -> Execution
  ) -> MachineTrace? {
    /// The candidate as far as it shows the failure; nil where it does not.
    func attempt(_ candidate: MachineTrace) -> MachineTrace? {
      limit -= 1 + candidate.operations.count / costlyLength
      let execution = execute(candidate)
      return execution.shows(identity)
        ? Reduction<Configuration, Operation>.tidied(candidate, execution) : nil
    }
    guard var trace = attempt(trace) else { return nil }
    var count = Int.max
    while trace.operations.count < count {
      count = trace.operations.count
      var index = count - 1
      while index >= 0, limit > 0, !isInterrupted() {
        let lifetime = Lifetime.all(in: trace.operations).first { $0.creation == index }
        let removed = IndexSelection(lifetime?.operations ?? [index], of: trace.operations.count)
        if let shorter = attempt(trace.removing(removed)) { trace = shorter }
        index = min(index, trace.operations.count) - 1
      }
    }
    return trace
  }
}

/// The traces of one length over one alphabet, for alphabets on other configurations: those worth
/// executing where a limit does not allow all.
struct ConfigurationScopes<
  Configuration: MachineConfiguration, Operation: SlotOperation
> {
  typealias Alphabet = ShortestSearch<Configuration, Operation>.Alphabet

  /// Shorter traces first.
  private(set) var ordered: [(alphabet: Alphabet, length: Int)] = []

  /// Those for a trace. Configurations share the limit by weight.
  init(_ alphabets: [Alphabet], _ trace: Trace<Configuration, Operation>, limit: Int) {
    let most = trace.operations.count - 1
    let groups = alphabets.chunked { $0.configuration == $1.configuration }
    let counts = groups.map { group in
      group.map { alphabet in
        SmallScope(
          configuration: alphabet.configuration, templates: alphabet.letters,
          operationLimit: most
        ).traceCounts(within: limit)
      }
    }
    let share = limit / max(groups.map { $0[0].weight }.reduce(0, +), 1)
    var left = groups.map { $0[0].weight * share }
    for length in 1...most {
      for (number, group) in groups.enumerated() {
        var chosen: [Alphabet] = []
        for (alphabet, counts) in zip(group, counts[number]) where counts.count >= length {
          let count = counts[length - 1]
          let isCovered = chosen.contains { wide in
            alphabet.letters.allSatisfy { wide.letters.contains($0) }
          }
          guard !isCovered, count <= left[number] else { continue }
          left[number] -= count
          chosen.append(alphabet)
        }
        ordered += chosen.map { ($0, length) }
      }
    }
  }
}

extension Array {
  /// The runs of neighbours that belong together.
  fileprivate func chunked(_ belong: (Element, Element) -> Bool) -> [[Element]] {
    reduce(into: []) { runs, element in
      if let last = runs.last?.last, belong(last, element) {
        runs[runs.count - 1].append(element)
      } else {
        runs.append([element])
      }
    }
  }
}
