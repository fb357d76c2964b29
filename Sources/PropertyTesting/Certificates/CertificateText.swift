extension Certificate: CustomStringConvertible {
  /// The first line of every certificate: its kind and the version of this form.
  private static var heading: String { "certificate 1" }

  /// The text form, a fact a line; `init(parsing:)` reads it back.
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
    return (lines + ["end"]).joined(separator: "\n") + "\n"
  }

  /// Reads the text form.
  public init(parsing text: String) throws(CertificateError) {
    var reader = Reader(text)
    try reader.expect(Self.heading)
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
    try reader.expect("end")
    guard step >= 0, step <= operations.count else {
      throw CertificateError(line: 3, problem: "the failure shows at no operation of the trace")
    }
    self.init(
      identity: identity, step: step, configuration: configuration, operations: operations,
      lifetimes: lifetimes)
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
      guard next < lines.count, lines[next] == line else { throw failure("'\(line)' expected") }
      next += 1
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
