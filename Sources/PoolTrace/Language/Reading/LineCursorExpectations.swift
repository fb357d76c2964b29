/// Conditions of `expect` lines.
extension LineCursor {
  private enum Condition: Sendable {
    case ok, null, skipped, bugCheck, fault, hang, raise, violation
  }

  private static let conditions = WordTable<Condition>([
    ("ok", .ok), ("null", .null), ("skipped", .skipped), ("bugcheck", .bugCheck),
    ("fault", .fault), ("hang", .hang), ("raise", .raise), ("violation", .violation),
  ])

  private static let comparisons = WordTable<Comparison>([
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
    }
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
    let comparison = try word(LineCursor.comparisons, "one of == != < <= > >=")
    let number = try decimalNumber("a number")
    return .metric(String(decoding: text, as: UTF8.self), comparison, number)
  }
}
