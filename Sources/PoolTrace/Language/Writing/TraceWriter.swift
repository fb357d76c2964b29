import KernelPool

/// Writes operations as text that re-reads to equal operations.
///
/// What cannot be written (a `write` of no bytes, a processor beyond 63) cannot be read either;
/// making such an operation is a mistake of ours.
public enum TraceWriter {
  /// The text of a whole trace, a line for each operation.
  public static func text(of operations: some Sequence<Operation>) -> String {
    String(decoding: bytes(of: operations), as: UTF8.self)
  }

  /// The bytes of a whole trace.
  public static func bytes(of operations: some Sequence<Operation>) -> [UInt8] {
    var bytes: [UInt8] = []
    for operation in operations { append(operation, to: &bytes) }
    return bytes
  }

  /// Appends the line of an operation, line feed included.
  public static func append(_ operation: Operation, to bytes: inout [UInt8]) {
    appendLine(operation, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// The line of an operation, without an end.
  public static func line(_ operation: Operation) -> String {
    var bytes: [UInt8] = []
    appendLine(operation, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends comment lines, one for each line of `text`.
  public static func append(comment text: String, to bytes: inout [UInt8]) {
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      bytes.append(line.isEmpty ? "#" : "# ")
      bytes.append(contentsOf: line.utf8)
      bytes.append(UInt8(ascii: "\n"))
    }
  }

  private static func appendLine(_ operation: Operation, to bytes: inout [UInt8]) {
    switch operation {
    case .config(let configuration):
      bytes.append(contentsOf: configuration.line(.differences).utf8)
    case .alloc(let slot, let type, let count, let tag):
      bytes.append("alloc ")
      slot.append(to: &bytes)
      bytes.append(UInt8(ascii: " "))
      PoolTypeNames.append(type, to: &bytes)
      bytes.append(UInt8(ascii: " "))
      bytes.appendDecimal(count)
      bytes.append(UInt8(ascii: " "))
      tag.append(to: &bytes)
    case .contiguous(let slot, let count, let limits):
      appendContiguous(slot, count, limits, to: &bytes)
    case .free(let slot, let tag):
      bytes.append("free ")
      slot.append(to: &bytes)
      append(optional: tag, to: &bytes)
    case .fill(let slot):
      bytes.append("fill ")
      slot.append(to: &bytes)
    case .freeAt, .write, .writeAt: appendMisuse(operation, to: &bytes)
    case .processor, .tick, .interruptLevel: appendNumbered(operation, to: &bytes)
    case .dump: bytes.append("dump")
    case .target(let call): call.append(to: &bytes)
    case .expect(let expectation):
      bytes.append("expect ")
      expectation.append(to: &bytes)
    }
  }

  private static func appendContiguous(
    _ slot: SlotName, _ count: UInt64, _ limits: ContiguousLimits?, to bytes: inout [UInt8]
  ) {
    bytes.append("contiguous ")
    slot.append(to: &bytes)
    bytes.append(UInt8(ascii: " "))
    bytes.appendDecimal(count)
    guard let limits else { return }
    for number in [limits.lowest, limits.highest, limits.boundary] {
      bytes.append(UInt8(ascii: " "))
      bytes.appendHexadecimal(number)
    }
  }

  /// The operations that take an address or bytes.
  private static func appendMisuse(_ operation: Operation, to bytes: inout [UInt8]) {
    switch operation {
    case .freeAt(let address, let tag):
      bytes.append("freeat ")
      address.append(to: &bytes)
      append(optional: tag, to: &bytes)
    case .write(let slot, let offset, let values):
      bytes.append("write ")
      slot.append(to: &bytes)
      bytes.append(offset < 0 ? " -" : " ")
      bytes.appendDecimal(offset.magnitude)
      append(values, to: &bytes)
    case .writeAt(let address, let values):
      bytes.append("writeat ")
      address.append(to: &bytes)
      append(values, to: &bytes)
    default: preconditionFailure("handled by the caller")
    }
  }

  /// The operations that take one number.
  private static func appendNumbered(_ operation: Operation, to bytes: inout [UInt8]) {
    switch operation {
    case .processor(let number):
      precondition(number <= Operation.maximumProcessor, "a processor's number")
      bytes.append("cpu ")
      bytes.appendDecimal(UInt64(number))
    case .tick(let seconds):
      precondition(seconds <= Operation.maximumTickSeconds, "a number of seconds")
      bytes.append("tick ")
      bytes.appendDecimal(UInt64(seconds))
    case .interruptLevel(let level):
      precondition(level <= Operation.maximumInterruptLevel, "an interrupt request level")
      bytes.append("irql ")
      bytes.appendDecimal(UInt64(level))
    default: preconditionFailure("handled by the caller")
    }
  }

  private static func append(optional tag: PoolTag?, to bytes: inout [UInt8]) {
    guard let tag else { return }
    bytes.append(UInt8(ascii: " "))
    tag.append(to: &bytes)
  }

  private static func append(_ values: [UInt8], to bytes: inout [UInt8]) {
    precondition(!values.isEmpty, "a write stores at least one byte")
    bytes.append(UInt8(ascii: " "))
    for value in values { bytes.appendHexadecimalByte(value) }
  }
}

extension AddressExpression {
  /// Appends the text form.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .nonPaged(let offset): append("np+", offset, to: &bytes)
    case .paged(let offset): append("pg+", offset, to: &bytes)
    case .session(let offset): append("ss+", offset, to: &bytes)
    case .absolute(let address): bytes.appendHexadecimal(address)
    case .slot(let name, let offset): append(name, offset, to: &bytes)
    }
  }

  private func append(_ region: StaticString, _ offset: UInt64, to bytes: inout [UInt8]) {
    bytes.append(region)
    bytes.appendHexadecimal(offset)
  }

  private func append(_ name: SlotName, _ offset: Int64, to bytes: inout [UInt8]) {
    let start = bytes.count
    name.append(to: &bytes)
    let needsOffset = offset != 0 || AddressExpression.isAmbiguous(bytes[start...])
    guard needsOffset else { return }
    bytes.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    bytes.appendDecimal(offset.magnitude)
  }

  /// True for a name that alone would be read as an absolute address or as `ID-N`.
  private static func isAmbiguous(_ name: ArraySlice<UInt8>) -> Bool {
    if name.count > 1, name[name.startIndex] == UInt8(ascii: "0"),
      name[name.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    {
      return true
    }
    guard let minus = name.lastIndex(of: UInt8(ascii: "-")), minus > name.startIndex else {
      return false
    }
    return LineCursor.isNumberShaped(name[(minus + 1)...])
  }
}

extension AddressExpression: CustomStringConvertible {
  /// The text form.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Expectation {
  /// Appends the condition, without the word `expect`.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .ok(let slot): append("ok ", slot, to: &bytes)
    case .null(let slot): append("null ", slot, to: &bytes)
    case .skipped: bytes.append("skipped")
    case .hang: bytes.append("hang")
    case .nonCanonicalFault: bytes.append("fault noncanonical")
    case .fault(let address):
      bytes.append("fault")
      guard let address else { return }
      bytes.append(UInt8(ascii: " "))
      address.append(to: &bytes)
    case .bugCheck(let code, let first):
      bytes.append("bugcheck ")
      bytes.appendHexadecimal(UInt64(code))
      guard let first else { return }
      bytes.append(UInt8(ascii: " "))
      bytes.appendHexadecimal(first)
    case .raise(let status):
      bytes.append("raise ")
      bytes.appendHexadecimal(UInt64(status))
    case .violation(let name):
      precondition(Expectation.isInvariantName(name.utf8), "the name of an invariant")
      bytes.append("violation ")
      bytes.append(contentsOf: name.utf8)
    case .metric(let name, let comparison, let number):
      precondition(Expectation.isMetricName(name.utf8), "the name of a metric")
      bytes.append(contentsOf: "\(name) \(comparison.rawValue) \(number)".utf8)
    case .block(let slot, let property, let comparison, let number):
      append("block ", slot, to: &bytes)
      bytes.append(
        contentsOf: " \(property.rawValue) \(comparison.rawValue) \(number)".utf8)
    case .charged(let comparison, let number):
      bytes.append(contentsOf: "charged \(comparison.rawValue) \(number)".utf8)
    }
  }

  private func append(_ word: StaticString, _ slot: SlotName, to bytes: inout [UInt8]) {
    bytes.append(word)
    slot.append(to: &bytes)
  }
}

extension Expectation: CustomStringConvertible {
  /// The condition, without the word `expect`.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension PoolTag {
  /// Appends the tag's four characters: bare where all are letters and digits, otherwise in
  /// quotes, with `\xNN` for what is not printable, for the quote and for the backslash.
  public func append(to text: inout [UInt8]) {
    let characters = [bytes.0, bytes.1, bytes.2, bytes.3]
    if characters.allSatisfy({ $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 }) {
      text.append(contentsOf: characters)
      return
    }
    text.append(UInt8(ascii: "'"))
    for character in characters {
      switch character {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"), 0..<0x20, 0x7F...0xFF:
        text.append("\\x")
        text.appendHexadecimalByte(character)
      default: text.append(character)
      }
    }
    text.append(UInt8(ascii: "'"))
  }
}
