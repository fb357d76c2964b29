/// Goes on where the passes end: is there a shorter trace than one that is minimal in single steps?
///
/// Minimal is not shortest. Where there are few enough shorter traces, all of them are executed, by
/// length, over an alphabet that the subject names; what is left then is *proved* shortest over
/// those letters. Where there are too many, neighbours are tried that no single pass reaches: a
/// number lowered together with an operation removed, several equal things for one of their size,
/// a window of operations for a single letter; and all traces up to the length that can be
/// enumerated.
///
/// Another configuration may want fewer operations. The subject names *detours*, such as the trace
/// itself on others, of which what is not needed there is left out at once, and alphabets on some, of
/// which small scopes are executed. Whatever is found goes back to the passes; the search is asked
/// again until it is silent.
///
/// Neighbours and each alphabet may cost `ShrinkBudget.searchLimit` executions each time it is asked,
/// detours and other configurations together a fourth of it each; they are counted apart from those
/// of the passes. The answer depends on the trace and that limit alone. What is proved is proved of
/// the trace's own configuration.
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
    /// The configuration's share of the traces that those on others than the trace's may come to.
    public var weight: Int

    /// An alphabet.
    public init(_ configuration: Configuration, _ letters: [Operation], weight: Int = 1) {
      self.configuration = configuration
      self.letters = letters
      self.weight = weight
    }
  }

  typealias MachineTrace = Trace<Configuration, Operation>

  private let alphabets: @Sendable (Trace<Configuration, Operation>) -> [Alphabet]
  private let detours:
    @Sendable (Trace<Configuration, Operation>) -> [Trace<Configuration, Operation>]

  /// A search over the letters of the trace itself, and any others that the subject has.
  public init(letters: [Operation] = []) {
    self.init { trace in
      [letters, []].map { Alphabet(trace.configuration, Self.letters(of: trace, and: $0)) }
    }
  }

  /// A search over the alphabets that a subject has for a trace, the widest first. The first on the
  /// trace's own configuration that the limit allows to enumerate is the proof's; those on other
  /// configurations are only searched. Detours are traces from which a way down may begin, such as
  /// the same on other configurations; they need be no smaller.
  public init(
    alphabets: @escaping @Sendable (Trace<Configuration, Operation>) -> [Alphabet],
    detours:
      @escaping @Sendable (Trace<Configuration, Operation>) -> [Trace<
        Configuration, Operation
      >] = { _ in [] }
  ) {
    self.alphabets = alphabets
    self.detours = detours
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

  /// Looks for a shorter trace that shows the failure.
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
    /// The shortest among all of some lengths, and how many there are. What is asked for behind an
    /// interruption costs nothing.
    func shortest(
      _ alphabet: Alphabet, _ lengths: ClosedRange<Int>
    ) -> (trace: MachineTrace?, count: Int) {
      let report = scope(alphabet, lengths.upperBound).search(
        for: [identity], leastLength: lengths.lowerBound
      ) { candidate in
        isInterrupted()
          ? Execution(failure: nil, skippedSteps: [0], operationCount: 0) : execute(candidate)
      }
      count += report.executionCount
      return (report.minimum(of: identity), report.executionCount)
    }
    // Where it lies on another configuration, few executions show it.
    let away = limit / 4
    let end = leaving(detours(trace), for: trace, identity, away, isInterrupted, execute)
    if let end { return .shorter(end) }
    let alphabets = alphabets(trace)
    let own = alphabets.filter { $0.configuration == trace.configuration }
    let scopes = ConfigurationScopes(
      alphabets.filter { $0.configuration != trace.configuration }, trace, limit: away)
    for (alphabet, length) in scopes.ordered {
      if isInterrupted() { return .silent(.unknown) }
      if let found = shortest(alphabet, length...length).trace { return .shorter(found) }
    }
    // What is said of the length is about the trace's own configuration.
    count = 0
    for candidate in Neighbours.all(trace, own.first?.letters ?? []).prefix(limit) {
      if isInterrupted() { return .silent(.unknown) }
      count += 1
      if execute(candidate).shows(identity) { return .shorter(candidate) }
    }
    for alphabet in own {
      let length = scope(alphabet, most).greatestLength(within: limit)
      guard length > 0 else { continue }
      let (found, executed) = shortest(alphabet, 1...length)
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
