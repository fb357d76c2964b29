import KernelPool

/// The operations: a word and its fields.
extension LineCursor {
  /// The words that begin a line.
  enum Verb: Equatable, Sendable {
    case alloc, free, write, fill, freeAt, writeAt, contiguous, processor, tick, dump, expect
    case config, interruptLevel, endOfTrace
    case target(TargetCall.Word)
  }

  static let verbs = KeywordTable<Verb>([
    ("alloc", .alloc), ("free", .free), ("write", .write), ("fill", .fill),
    ("freeat", .freeAt), ("writeat", .writeAt), ("contiguous", .contiguous),
    ("cpu", .processor), ("tick", .tick), ("dump", .dump), ("expect", .expect),
    ("config", .config), ("irql", .interruptLevel), ("end", .endOfTrace),
    ("target", .target(.target)), ("aligned", .target(.aligned)), ("zeroed", .target(.zeroed)),
    ("realloc", .target(.realloc)), ("resize", .target(.resize)),
    ("freesized", .target(.freesized)), ("verify", .target(.verify)),
    ("region", .target(.region)), ("arena", .target(.arena)), ("reset", .target(.reset)),
    ("thread", .target(.thread)), ("endthread", .target(.endthread)),
    ("misuse", .target(.misuse)),
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
    case .target(let word): return .target(try targetCall(word))
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

/// Conditions of `expect` lines.
extension LineCursor {
  private enum Condition: Sendable {
    case ok, null, skipped, bugCheck, fault, hang, raise, violation, block, charged
  }

  private static let conditions = KeywordTable<Condition>([
    ("ok", .ok), ("null", .null), ("skipped", .skipped), ("bugcheck", .bugCheck),
    ("fault", .fault), ("hang", .hang), ("raise", .raise), ("violation", .violation),
    ("block", .block), ("charged", .charged),
  ])

  private static let properties = KeywordTable<BlockProperty>([
    ("alignment", .alignment), ("stored_type", .storedType), ("stored_tag", .storedTag),
    ("usable_bytes", .usableBytes), ("process_offset", .processOffset),
  ])

  private static let comparisons = KeywordTable<Comparison>([
    ("==", .equal), ("!=", .notEqual), ("<", .less), ("<=", .lessOrEqual), (">", .greater),
    (">=", .greaterOrEqual),
  ])

  /// The condition that fills the rest of the line.
  mutating func expectation() throws(LineFailure) -> Expectation {
    skipBlanks()
    let start = position
    let text = field()
    guard let condition = LineCursor.conditions.find(text) else {
      return try metric(text, at: start)
    }
    switch condition {
    case .ok: return .ok(try slot())
    case .null: return .null(try slot())
    case .skipped: return .skipped
    case .hang: return .hang
    case .bugCheck:
      let code = try status("the code of a bug check")
      return .bugCheck(code: code, first: moveToField() ? try number("a parameter") : nil)
    case .fault: return try fault()
    case .raise: return .raise(status: try status("an exception's status"))
    case .violation: return .violation(try invariantName())
    case .block:
      let name = try slot()
      let property = try word(
        LineCursor.properties,
        "one of alignment stored_type stored_tag usable_bytes process_offset")
      return .block(name, property, try comparison(), try number("a number"))
    case .charged: return .charged(try comparison(), bytes: try number("a number of bytes"))
    }
  }

  private mutating func comparison() throws(LineFailure) -> Comparison {
    try word(LineCursor.comparisons, "one of == != < <= > >=")
  }

  private mutating func status(_ expected: StaticString) throws(LineFailure) -> UInt32 {
    UInt32(truncatingIfNeeded: try number(expected, maximum: UInt64(UInt32.max)))
  }

  private mutating func fault() throws(LineFailure) -> Expectation {
    guard moveToField() else { return .fault(nil) }
    let start = position
    let text = field()
    let word: StaticString = "noncanonical"
    if text.count == word.utf8CodeUnitCount, word.equals(text) { return .nonCanonicalFault }
    position = start
    return .fault(try address())
  }

  private mutating func invariantName() throws(LineFailure) -> String {
    skipBlanks()
    let start = position
    let text = field()
    guard Expectation.isInvariantName(text) else {
      throw failure("the name of an invariant", at: start)
    }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func metric(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) throws(LineFailure) -> Expectation {
    guard Expectation.isMetricName(text) else {
      throw failure("a condition (ok, null, skipped, bugcheck, ..., or a metric)", at: start)
    }
    let comparison = try comparison()
    let number = try decimalNumber("a number")
    return .metric(String(decoding: text, as: UTF8.self), comparison, number)
  }
}
