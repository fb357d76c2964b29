/// Shorter traces that are more than one step away, one after the other: those made by lowering a
/// number, those made by merging equal things, those made by replacing a window.
enum Neighbours<Configuration: MachineConfiguration, Operation: SlotOperation> {
  typealias MachineTrace = Trace<Configuration, Operation>

  /// Longer traces have too many.
  private static var longTrace: Int { 40 }

  /// All of them, each kind made when it is its turn.
  static func all(_ trace: MachineTrace, _ letters: [Operation]) -> some Sequence<MachineTrace> {
    let isLong = trace.operations.count > longTrace
    let kinds: [() -> [MachineTrace]] = [
      { isLong ? [] : lowered(trace) }, { merged(trace) },
      { isLong ? [] : windowed(trace, letters) },
    ]
    return kinds.lazy.flatMap { $0() }
  }

  /// One number lowered, of the configuration or of an operation, and one operation or one lifetime
  /// less: what hangs together, as a capacity and the things that fill it, goes down together.
  private static func lowered(_ trace: MachineTrace) -> [MachineTrace] {
    var lower: [MachineTrace] = []
    for (index, parameter) in trace.configuration.parameters.enumerated() {
      for value in values(below: parameter, parameter.landmarks, granule: 1) {
        guard
          let configuration = trace.configuration.replacingParameter(at: index, with: value)
        else { continue }
        lower.append(Trace(configuration: configuration, operations: trace.operations))
      }
    }
    for site in ParameterSite.all(in: trace) {
      let landmarks = trace.configuration.landmarks(of: site.parameter)
      let granule = trace.configuration.granule(of: site.parameter)
      for value in values(below: site.parameter, landmarks, granule: granule) {
        if let candidate = ParameterSite.replacing([site], with: [value], in: trace) {
          lower.append(candidate)
        }
      }
    }
    return lower.flatMap { removals(of: $0) }
  }

  /// One step down, and the next landmark down.
  private static func values(
    below parameter: Parameter, _ landmarks: [UInt64], granule: UInt64
  ) -> [UInt64] {
    guard parameter.complexity > 0 else { return [] }
    let step = min(max(granule, 1), parameter.complexity)
    let isAbove = parameter.value > parameter.origin
    var values = [isAbove ? parameter.value - step : parameter.value + step]
    let nearest = landmarks.filter { parameter.complexity(of: $0) < parameter.complexity }
      .max { parameter.complexity(of: $0) < parameter.complexity(of: $1) }
    if let nearest, !values.contains(nearest) { values.append(nearest) }
    if !values.contains(parameter.origin) { values.append(parameter.origin) }
    return values
  }

  /// Without each operation, and without each lifetime of several.
  private static func removals(of trace: MachineTrace) -> [MachineTrace] {
    let count = trace.operations.count
    let lifetimes = Lifetime.all(in: trace.operations).filter { $0.operations.count > 1 }
    return trace.operations.indices.reversed().map { trace.removing(at: $0) }
      + lifetimes.reversed().map { trace.removing(IndexSelection($0.operations, of: count)) }
  }

  /// Several equal things for one with a number as many times as large: what fills an arena or a
  /// cap together, one may fill alone.
  private static func merged(_ trace: MachineTrace) -> [MachineTrace] {
    let lifetimes = Lifetime.all(in: trace.operations)
    var groups: [(letter: Operation, members: [Lifetime])] = []
    for lifetime in lifetimes {
      let letter = trace.operations[lifetime.creation].letter
      if let index = groups.firstIndex(where: { $0.letter == letter }) {
        groups[index].members.append(lifetime)
      } else {
        groups.append((letter, [lifetime]))
      }
    }
    return groups.flatMap { group in
      // All of them, then halves of them.
      Set([group.members.count, (group.members.count + 1) / 2, 2]).sorted(by: >)
        .filter { $0 > 1 && $0 <= group.members.count }
        .flatMap { merging(group.members.prefix($0), in: trace) }
    }
  }

  private static func merging(
    _ members: ArraySlice<Lifetime>, in trace: MachineTrace
  ) -> [MachineTrace] {
    guard let kept = members.first else { return [] }
    let creation = trace.operations[kept.creation]
    let dropped = IndexSelection(
      members.dropFirst().flatMap(\.operations), of: trace.operations.count)
    return creation.parameters.indices.compactMap { index in
      let value = creation.parameters[index].value
      let (product, overflow) = value.multipliedReportingOverflow(by: UInt64(members.count))
      guard value > 0, !overflow, let grown = creation.replacingParameter(at: index, with: product)
      else { return nil }
      var candidate = trace
      candidate.operations[kept.creation] = grown
      return candidate.removing(dropped)
    }
  }

  /// Each window of two to four operations for one letter, in every slot that means something.
  private static func windowed(_ trace: MachineTrace, _ letters: [Operation]) -> [MachineTrace] {
    guard trace.operations.count > 2, let named = SlotNaming.separated(trace.operations) else {
      return []
    }
    var candidates: [MachineTrace] = []
    for length in (2...min(4, named.count - 1)).reversed() {
      var level = ScopeLevel(live: [], usedCount: 0, templates: letters)
      for start in 0...named.count - length {
        let end = start + length
        // A creation takes the slot of one that goes, so that what follows finds it.
        let gone = named[start..<end].compactMap { operation in
          operation.slots.first.flatMap { $0.effect == .creates ? $0.slot : nil }
        }
        for letter in level.alternatives {
          let placed =
            letter.isCreation && !gone.isEmpty
            ? gone.map { slot in
              letter.renamingSlots { $0.number == level.usedCount ? slot : $0 }
            } : [letter]
          candidates += placed.map {
            Trace(
              configuration: trace.configuration,
              operations: named[..<start] + [$0] + named[end...])
          }
        }
        level = level.after(named[start], letters)
      }
    }
    return candidates
  }
}
