import KernelPool

/// The operations: a word and its fields.
extension LineCursor {
  /// The words that begin a line.
  enum Verb: Sendable {
    case alloc, free, write, fill, freeAt, writeAt, contiguous, processor, tick, dump, expect
    case config, interruptLevel, endOfTrace
  }

  static let verbs = WordTable<Verb>([
    ("alloc", .alloc), ("free", .free), ("write", .write), ("fill", .fill),
    ("freeat", .freeAt), ("writeat", .writeAt), ("contiguous", .contiguous),
    ("cpu", .processor), ("tick", .tick), ("dump", .dump), ("expect", .expect),
    ("config", .config), ("irql", .interruptLevel), ("end", .endOfTrace),
  ])

  /// The rest of the line that begins with `verb`; the configuration and the end of a trace are
  /// the parser's affair.
  @inline(__always)
  mutating func operation(_ verb: Verb) throws(LineFailure) -> Operation {
    switch verb {
    case .alloc:
      return .alloc(
        try slot(), try poolType(), bytes: try number("a number of bytes"), tag: try tag())
    case .free: return .free(try slot(), tag: try optionalTag())
    case .fill: return .fill(try slot())
    case .dump: return .dump
    default: return try rareOperation(verb)
    }
  }

  private mutating func rareOperation(_ verb: Verb) throws(LineFailure) -> Operation {
    switch verb {
    case .write:
      return .write(
        try slot(), offset: try signedNumber("an offset in bytes"), try hexadecimalBytes())
    case .freeAt: return .freeAt(try address(), tag: try optionalTag())
    case .writeAt: return .writeAt(try address(), try hexadecimalBytes())
    case .contiguous:
      return .contiguous(
        try slot(), bytes: try number("a number of bytes"), limits: try contiguousLimits())
    case .processor:
      let maximum = UInt64(Operation.maximumProcessor)
      return .processor(
        UInt8(truncatingIfNeeded: try number("a processor's number", maximum: maximum)))
    case .tick:
      let maximum = UInt64(Operation.maximumTickSeconds)
      return .tick(
        seconds: UInt32(truncatingIfNeeded: try number("a number of seconds", maximum: maximum)))
    case .interruptLevel:
      let maximum = UInt64(Operation.maximumInterruptLevel)
      return .interruptLevel(
        UInt8(truncatingIfNeeded: try number("an interrupt request level", maximum: maximum)))
    case .expect: return .expect(try expectation())
    case .alloc, .free, .fill, .dump, .config, .endOfTrace:
      preconditionFailure("handled by the caller")
    }
  }

  private mutating func contiguousLimits() throws(LineFailure) -> ContiguousLimits? {
    guard moveToField() else { return nil }
    return ContiguousLimits(
      lowest: try number("the lowest address"), highest: try number("the highest address"),
      boundary: try number("a boundary in bytes"))
  }
}
