/// Tries all tiny traces over a few letters, simplest first.
///
/// Where a failure hangs on the whole layout of a system, each deletion moves everything behind it,
/// and a trace of dozens of operations can be 1-minimal although three would do. No path of small
/// steps leads down from there; a fresh start does. It also brings traces that are tiny already to
/// one form: what two of them have in common is what is simplest among all.
public struct TryTinyTraces<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "try tiny traces"
  /// What it leaves is tiny.
  public let startsOver = true

  /// Letters that traces are made of. Their slots only say which of a letter's slots are the same.
  public struct Alphabet: Sendable {
    /// The letters.
    public var letters: [Operation]
    /// Executions that they may cost.
    public var executionLimit: Int

    /// An alphabet.
    public init(_ letters: [Operation], executionLimit: Int) {
      self.letters = letters
      self.executionLimit = executionLimit
    }
  }

  /// The length of what is tried.
  private static var tinyTrace: Int { 4 }

  private let alphabets: @Sendable (Trace<Configuration, Operation>) -> [Alphabet]

  /// The pass, with the letters that a trace itself has.
  public init() {
    alphabets = { [Self.own(of: $0), Self.failing(in: $0)].compactMap { $0 } }
  }

  /// The pass, with the letters of a trace and after them those that a subject knows.
  public init(
    alphabets: @escaping @Sendable (Trace<Configuration, Operation>) -> [Alphabet]
  ) {
    self.alphabets = { [Self.own(of: $0)].compactMap { $0 } + alphabets($0) }
  }

  /// Proposes smaller traces that end in the same kind of operation, until one is accepted.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    guard let last = trace.operations.last else { return }
    for alphabet in alphabets(trace) {
      let start = reduction.executionCount
      for length in 1...min(Self.tinyTrace, trace.operations.count) {
        let candidates = Self.traces(alphabet.letters, length, last.kind)
          .map { Trace(configuration: trace.configuration, operations: $0) }
          .map { (key: TraceOrder.key(of: $0), trace: $0) }
          .sorted { $0.key < $1.key }
        for candidate in candidates {
          guard reduction.executionCount - start < alphabet.executionLimit, !reduction.isOver
          else { break }
          if reduction.attempt(candidate.trace) { return }
        }
      }
    }
  }

  /// All sequences of letters up to the names of slots that end in a kind.
  private static func traces(_ letters: [Operation], _ length: Int, _ kind: Int) -> [[Operation]] {
    var found: [[Operation]] = []
    func extend(_ operations: [Operation], _ level: ScopeLevel<Operation>) {
      var level = level
      for choice in level.alternatives.indices {
        level.choice = choice
        let extended = operations + [level.operation]
        if extended.count < length {
          extend(extended, level.next(letters))
        } else if level.operation.kind == kind {
          found.append(extended)
        }
      }
    }
    extend([], ScopeLevel(live: [], usedCount: 0, templates: letters))
    return found
  }

  // MARK: Letters

  /// The operations of a trace that is tiny itself.
  private static func own(of trace: Trace<Configuration, Operation>) -> Alphabet? {
    guard trace.operations.count <= tinyTrace else { return nil }
    return Alphabet(trace.operations.letters, executionLimit: 32)
  }

  /// Of a long trace the failing operation, the creation that it is about, at the landmarks of its
  /// numbers, and the simplest destruction.
  private static func failing(in trace: Trace<Configuration, Operation>) -> Alphabet? {
    guard trace.operations.count > 24, let last = trace.operations.last else { return nil }
    var letters: [Operation] = []
    let lifetime = Lifetime.all(in: trace.operations).last { lifetime in
      lifetime.operations.contains(trace.operations.count - 1)
    }
    if let lifetime {
      letters += variants(of: trace.operations[lifetime.creation], trace.configuration)
    }
    letters.append(last)
    if let destruction = trace.operations.last(where: \.isDestruction) {
      letters.append(destruction.simplest)
    }
    return Alphabet(letters.letters, executionLimit: 250)
  }

  /// A creation with its first number at each landmark, the others simple.
  private static func variants(
    of creation: Operation, _ configuration: Configuration
  ) -> [Operation] {
    var variants = [creation]
    guard let first = creation.parameters.first else { return variants }
    for value in [first.origin] + configuration.landmarks(of: first) {
      if let variant = creation.replacingParameter(at: 0, with: value) { variants.append(variant) }
    }
    return variants
  }
}
