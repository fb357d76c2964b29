/// Goes on where the passes end: is there a shorter trace than one that is minimal in single steps?
///
/// Minimal is not shortest. Where there are few enough shorter traces, all of them are executed, by
/// length, over an alphabet that the subject names; what is left then is *proved* shortest over
/// those letters. Where there are too many, neighbours are tried that no single pass reaches: a
/// number lowered together with an operation removed, several equal things for one of their size,
/// a window of operations for a single letter; and all traces up to the length that can be
/// enumerated. Whatever is found goes back to the passes, so a
/// detour may end anywhere; the search is asked again until it is silent.
///
/// Neighbours and each alphabet may cost `ShrinkBudget.searchLimit` executions each time it is asked,
/// which are counted apart from those of the passes. The answer depends on the trace and that limit
/// alone.
public struct ShortestSearch<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// Letters on one configuration: shorter traces are made of them. Their slots only say which of a
  /// letter's slots are the same.
  public struct Alphabet: Sendable {
    /// How the system is set up.
    public var configuration: Configuration
    /// The operations.
    public var letters: [Operation]

    /// An alphabet.
    public init(_ configuration: Configuration, _ letters: [Operation]) {
      self.configuration = configuration
      self.letters = letters
    }
  }

  typealias MachineTrace = Trace<Configuration, Operation>

  private let alphabets: @Sendable (Trace<Configuration, Operation>) -> [Alphabet]

  /// A search over the letters of the trace itself, and any others that the subject has.
  public init(letters: [Operation] = []) {
    self.init { trace in
      [letters, []].map { Alphabet(trace.configuration, Self.letters(of: trace, and: $0)) }
    }
  }

  /// A search over the alphabets that a subject has for a trace, the widest first. The first on the
  /// trace's own configuration that the limit allows to enumerate is the proof's; those on other
  /// configurations are only searched.
  public init(
    alphabets: @escaping @Sendable (Trace<Configuration, Operation>) -> [Alphabet]
  ) {
    self.alphabets = alphabets
  }

  /// The distinct operations of a trace, and others, as letters.
  public static func letters(
    of trace: Trace<Configuration, Operation>, and others: [Operation] = []
  ) -> [Operation] {
    (trace.operations + others).letters
  }

  /// What was found.
  enum Answer {
    case shorter(MachineTrace)
    case silent(TraceLength)
  }

  /// Looks for a trace of fewer operations that shows the failure.
  func answer(
    _ trace: MachineTrace, _ identity: FailureIdentity, limit: Int,
    _ isInterrupted: () -> Bool, _ execute: (MachineTrace) -> Execution
  ) -> Answer {
    guard limit > 0 else { return .silent(.unknown) }
    guard trace.operations.count > 1 else {
      return .silent(.shortest(letterCount: 0, traceCount: 0))
    }
    let most = trace.operations.count - 1
    func scope(_ alphabet: Alphabet, _ length: Int) -> SmallScope<Configuration, Operation> {
      SmallScope(
        configuration: alphabet.configuration, templates: alphabet.letters, operationLimit: length)
    }
    var count = 0
    /// The shortest among all up to a length, and how many there are. What is asked for behind an
    /// interruption costs nothing.
    func shortest(_ alphabet: Alphabet, _ length: Int) -> (trace: MachineTrace?, count: Int) {
      let report = scope(alphabet, length).search(for: [identity]) { candidate in
        isInterrupted()
          ? Execution(failure: nil, skippedSteps: [0], operationCount: 0) : execute(candidate)
      }
      count += report.executionCount
      return (report.minimum(of: identity), report.executionCount)
    }
    let alphabets = alphabets(trace)
    let own = alphabets.filter { $0.configuration == trace.configuration }
    for alphabet in alphabets where alphabet.configuration != trace.configuration {
      guard scope(alphabet, most).greatestLength(within: limit) == most else { continue }
      if let found = shortest(alphabet, most).trace { return .shorter(found) }
    }
    for candidate in Neighbours.all(trace, own.first?.letters ?? []).prefix(limit) {
      if isInterrupted() { return .silent(.unknown) }
      count += 1
      if execute(candidate).shows(identity) { return .shorter(candidate) }
    }
    for alphabet in own {
      let length = scope(alphabet, most).greatestLength(within: limit)
      let (found, executed) = shortest(alphabet, length)
      if let found { return .shorter(found) }
      if isInterrupted() { return .silent(.unknown) }
      if length == most {
        return .silent(.shortest(letterCount: alphabet.letters.count, traceCount: executed))
      }
    }
    return .silent(.searched(traceCount: count))
  }
}

/// What is known about the length of a reduced trace.
public enum TraceLength: Sendable, Equatable, CustomStringConvertible {
  /// All shorter traces over so many letters were executed, and none shows the failure.
  case shortest(letterCount: Int, traceCount: Int)
  /// There were too many of them; so many were tried, and do not show it.
  case searched(traceCount: Int)
  /// Nobody looked, or not to the end.
  case unknown

  /// In words.
  public var description: String {
    switch self {
    case .shortest(_, 0): "proved shortest: there is no shorter trace"
    case .shortest(let letters, let traces):
      "proved shortest: none of \(traces) shorter traces over \(letters) letters shows the failure"
    case .searched(let traces):
      "perhaps not shortest: none of \(traces) shorter traces tried shows the failure"
    case .unknown: "not known to be shortest"
    }
  }

  /// Reads `description`.
  public init?(_ text: String) {
    let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
    let candidates: [TraceLength] =
      switch numbers.count {
      case 0: [.shortest(letterCount: 0, traceCount: 0), .unknown]
      case 1: [.searched(traceCount: numbers[0])]
      case 2: [.shortest(letterCount: numbers[1], traceCount: numbers[0])]
      default: []
      }
    guard let match = candidates.first(where: { $0.description == text }) else { return nil }
    self = match
  }
}

/// Shorter traces that are more than one step away, one after the other: those made by lowering a
/// number, those made by merging equal things, those made by replacing a window.
private enum Neighbours<Configuration: MachineConfiguration, Operation: SlotOperation> {
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
