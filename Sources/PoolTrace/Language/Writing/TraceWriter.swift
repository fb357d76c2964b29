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
