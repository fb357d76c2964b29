import ContentHash

/// Why a trace is minimal: for each operation, and each lifetime, what happens without it.
///
/// It is evidence and explanation at once. Written beside a minimal trace it can be checked by
/// anyone in as many executions as it has lines, and a reader learns from it what each operation
/// is there for: without one the run passes, without another something else breaks.
public struct Certificate: Sendable, Equatable {
  /// An operation, in words, and what happens without it.
  public struct Operation: Sendable, Equatable {
    /// Its description.
    public let text: String
    /// What the trace does without it.
    public let without: RemovalOutcome
  }

  /// A lifetime of several operations, and what happens without all of them.
  public struct Life: Sendable, Equatable {
    /// Its slot.
    public let slot: Slot
    /// The indices of its operations, from 0.
    public let operations: [Int]
    /// What the trace does without them.
    public let without: RemovalOutcome
  }

  /// The failure that the trace shows.
  public let identity: FailureIdentity
  /// Where it shows: the index of the operation, or the number of operations for the end.
  public let step: Int
  /// The configuration, in words.
  public let configuration: String
  /// The operations of the trace in order.
  public let operations: [Operation]
  /// The lifetimes of more than one operation, in order of creation.
  public let lifetimes: [Life]
  /// What is known about shorter traces.
  public var length = TraceLength.unknown

  /// Whether nothing can be removed: no operation, and no lifetime.
  public var isMinimal: Bool {
    operations.allSatisfy { $0.without != .failsTheSame }
      && lifetimes.allSatisfy { $0.without != .failsTheSame }
  }

  init(
    identity: FailureIdentity, step: Int, configuration: String, operations: [Operation],
    lifetimes: [Life]
  ) {
    self.identity = identity
    self.step = step
    self.configuration = configuration
    self.operations = operations
    self.lifetimes = lifetimes
  }

  /// Executes the trace, and then the trace without each operation and each lifetime.
  ///
  /// - Returns: nil when the trace does not show the failure.
  public init?<C: MachineConfiguration, O: SlotOperation>(
    of trace: Trace<C, O>, _ identity: FailureIdentity, execute: (Trace<C, O>) -> Execution
  ) {
    let whole = execute(trace)
    guard let failure = whole.failure, whole.shows(identity) else { return nil }
    func outcome(without removed: [Int]) -> RemovalOutcome {
      let selection = IndexSelection(removed, of: trace.operations.count)
      let execution = execute(trace.removing(selection))
      guard let failure = execution.failure, let first = failure.identities.first else {
        return .passes
      }
      if execution.shows(identity) { return .failsTheSame }
      let kept = trace.operations.indices.filter { !selection.contains($0) }
      let step = failure.step < kept.count ? kept[failure.step] : trace.operations.count
      return .failsOtherwise(first, step: step)
    }
    self.identity = identity
    step = failure.step
    configuration = Self.line(trace.configuration.description)
    operations = trace.operations.enumerated().map { index, operation in
      Operation(text: Self.line(operation.description), without: outcome(without: [index]))
    }
    lifetimes = Lifetime.all(in: trace.operations).filter { $0.operations.count > 1 }.map {
      Life(slot: $0.slot, operations: $0.operations, without: outcome(without: $0.operations))
    }
  }

  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }
}

/// What a trace does without some of its operations.
public enum RemovalOutcome: Sendable, Equatable {
  /// Nothing is wrong any more: what was removed is needed.
  case passes
  /// Something else goes wrong, at the operation of that number in the whole trace, from 0; the
  /// number of operations stands for the end of the run.
  case failsOtherwise(FailureIdentity, step: Int)
  /// The same failure still shows: what was removed is not needed.
  case failsTheSame

  /// The words used in a certificate.
  public var words: String {
    switch self {
    case .passes: "passes"
    case .failsOtherwise(let identity, let step): "fails otherwise at \(step + 1): \(identity)"
    case .failsTheSame: "fails the same"
    }
  }

  init?(text: Substring) {
    let prefix = "fails otherwise at "
    switch text {
    case "passes": self = .passes
    case "fails the same": self = .failsTheSame
    default:
      guard text.hasPrefix(prefix) else { return nil }
      let parts = text.dropFirst(prefix.count).split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Int(parts[0]), number > 0, parts[1].first == " " else {
        return nil
      }
      self = .failsOtherwise(FailureIdentity(String(parts[1].dropFirst())), step: number - 1)
    }
  }
}

extension Certificate: CustomStringConvertible {
  /// The first line of every certificate: its kind and the version of this form.
  private static var heading: String { "certificate 2" }
  /// The first line of those that end without a hash.
  private static var oldHeading: String { "certificate 1" }

  /// The text form, a fact a line, with a hash of all of them in the last; `init(parsing:)` reads it
  /// back.
  public var description: String {
    var lines = [
      Self.heading, "failure: \(identity)", "shows at: \(step + 1)",
      "configuration: \(configuration)",
    ]
    for operation in operations {
      lines += ["operation: \(operation.text)", "without it: \(operation.without.words)"]
    }
    for life in lifetimes {
      let numbers = life.operations.map { "\($0 + 1)" }.joined(separator: " ")
      lines += ["lifetime: \(life.slot) \(numbers)", "without it: \(life.without.words)"]
    }
    if length != .unknown { lines.append("length: \(length)") }
    return ContentHash.sealed((lines + ["end"]).joined(separator: "\n") + "\n")
  }

  /// Reads the text form; throws where it is not what was written.
  public init(parsing text: String) throws(CertificateError) {
    var reader = Reader(text)
    let isOld = reader.optionalLine(Self.oldHeading)
    if !isOld { try reader.expect(Self.heading) }
    let identity = FailureIdentity(String(try reader.value("failure")))
    let place = try reader.value("shows at")
    let step = try reader.number(place) - 1
    let configuration = String(try reader.value("configuration"))
    var operations: [Operation] = []
    while let words = reader.optionalValue("operation") {
      operations.append(Operation(text: String(words), without: try reader.outcome()))
    }
    var lifetimes: [Life] = []
    while let words = reader.optionalValue("lifetime") {
      lifetimes.append(try reader.lifetime(words, operationCount: operations.count))
    }
    let length = try reader.length()
    try reader.expect("end")
    if !isOld {
      try reader.hash()
      guard ContentHash.unsealed(text) != nil else {
        throw reader.badValue("it is not the hash of the lines above: they were changed")
      }
    }
    try reader.expectEnd()
    guard step >= 0, step <= operations.count else {
      throw CertificateError(line: 3, problem: "the failure shows at no operation of the trace")
    }
    self.init(
      identity: identity, step: step, configuration: configuration, operations: operations,
      lifetimes: lifetimes)
    self.length = length
  }

  private struct Reader {
    private let lines: [Substring]
    private var next = 0

    init(_ text: String) {
      lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The line that should be something else.
    func failure(_ problem: String) -> CertificateError {
      CertificateError(line: next + 1, problem: problem)
    }

    /// The line just read, of which the value is wrong.
    func badValue(_ problem: String) -> CertificateError {
      CertificateError(line: next, problem: problem)
    }

    mutating func expect(_ line: String) throws(CertificateError) {
      guard optionalLine(line) else { throw failure("'\(line)' expected") }
    }

    mutating func optionalLine(_ line: String) -> Bool {
      guard next < lines.count, lines[next] == line else { return false }
      next += 1
      return true
    }

    mutating func hash() throws(CertificateError) {
      guard next < lines.count, lines[next].hasPrefix("hash ") else {
        throw failure("'hash' and sixteen digits expected")
      }
      next += 1
    }

    func expectEnd() throws(CertificateError) {
      guard lines[next...].allSatisfy(\.isEmpty) else { throw failure("nothing more expected") }
    }

    mutating func optionalValue(_ key: String) -> Substring? {
      guard next < lines.count, lines[next].hasPrefix(key + ": ") else { return nil }
      defer { next += 1 }
      return lines[next].dropFirst(key.count + 2)
    }

    mutating func value(_ key: String) throws(CertificateError) -> Substring {
      guard let value = optionalValue(key) else { throw failure("'\(key): ' expected") }
      return value
    }

    func number(_ text: Substring) throws(CertificateError) -> Int {
      guard let number = Int(text), number > 0, number <= 1 << 32 else {
        throw badValue("'\(text)' is no number of an operation")
      }
      return number
    }

    mutating func outcome() throws(CertificateError) -> RemovalOutcome {
      guard let outcome = RemovalOutcome(text: try value("without it")) else {
        throw badValue("'passes', 'fails the same' or 'fails otherwise at N: ...' expected")
      }
      return outcome
    }

    mutating func length() throws(CertificateError) -> TraceLength {
      guard let words = optionalValue("length") else { return .unknown }
      guard let length = TraceLength(String(words)) else {
        throw badValue("'proved shortest: ...' or 'perhaps not shortest: ...' expected")
      }
      return length
    }

    mutating func lifetime(
      _ words: Substring, operationCount: Int
    ) throws(CertificateError) -> Life {
      let parts = words.split(separator: " ")
      guard let name = parts.first, let slot = Slot(String(name)) else {
        throw badValue("a slot expected")
      }
      var indices: [Int] = []
      for part in parts.dropFirst() {
        let number = try number(part)
        guard number <= operationCount else { throw badValue("there is no operation \(number)") }
        indices.append(number - 1)
      }
      return Life(slot: slot, operations: indices, without: try outcome())
    }
  }
}

/// A text that is not a certificate.
public struct CertificateError: Error, Equatable, CustomStringConvertible {
  /// The number of the line, from 1.
  public let line: Int
  /// What is wrong with it.
  public let problem: String

  /// The line and the problem.
  public var description: String { "line \(line): \(problem)" }
}
