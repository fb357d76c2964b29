import KernelPool

/// Reads the fields of one line, byte by byte.
///
/// The line is without its end; fields end at a blank, at `#` or with the line. No read goes
/// beyond `end`: the position only moves where there is a byte.
struct LineCursor {
  let bytes: UnsafePointer<UInt8>
  let end: Int
  var position = 0

  init(_ line: UnsafeBufferPointer<UInt8>) {
    // An empty buffer may have no address; a line without bytes is never dereferenced.
    bytes = line.baseAddress ?? UnsafePointer(LineCursor.nothing)
    end = line.count
  }

  nonisolated(unsafe) private static let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func endsField(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == UInt8(ascii: "#")
  }

  /// True where no byte of the field is left.
  @inline(__always)
  var atFieldEnd: Bool { position == end || LineCursor.endsField(bytes[position]) }

  @inline(__always)
  mutating func skipBlanks() {
    while position < end, LineCursor.isBlank(bytes[position]) { position &+= 1 }
  }

  /// Moves to the next field; false where only a comment or nothing is left.
  @inline(__always)
  mutating func moveToField() -> Bool {
    skipBlanks()
    return position < end && bytes[position] != UInt8(ascii: "#")
  }

  /// The bytes of the field at the position, which moves behind it.
  @inline(__always)
  mutating func field() -> UnsafeBufferPointer<UInt8> {
    let start = position
    while position < end, !LineCursor.endsField(bytes[position]) { position &+= 1 }
    return UnsafeBufferPointer(start: bytes + start, count: position &- start)
  }

  /// The meaning of the next field in `table`.
  @inline(__always)
  mutating func word<Value>(
    _ table: KeywordTable<Value>, _ expected: StaticString
  ) throws(LineFailure) -> Value {
    skipBlanks()
    let start = position
    guard let value = table.find(field()) else {
      throw failure(expected, at: start, among: table.words)
    }
    return value
  }

  /// Demands that nothing but a comment follows.
  @inline(__always)
  mutating func finish() throws(LineFailure) {
    guard moveToField() else { return try checkComment() }
    throw failure("the end of the line", at: position)
  }

  /// Demands that a comment, if there is one, is UTF-8.
  func checkComment() throws(LineFailure) {
    guard position < end else { return }
    let comment = UnsafeBufferPointer(start: bytes + position, count: end &- position)
    guard let offset = comment.firstInvalidUTF8 else { return }
    throw failure("UTF-8 text", at: position &+ offset)
  }

  func failure(
    _ expected: StaticString, at offset: Int, among words: [String] = []
  ) -> LineFailure {
    failure(expected.description, at: offset, among: words)
  }

  func failure(_ expected: String, at offset: Int, among words: [String] = []) -> LineFailure {
    LineFailure(offset: offset, expected: expected, words: words)
  }
}

/// Numbers: decimal, or hexadecimal behind `0x`, never larger than the field's limit.
extension LineCursor {
  /// The number that is the next field.
  @inline(__always)
  mutating func number(
    _ expected: StaticString, maximum: UInt64 = .max
  ) throws(LineFailure) -> UInt64 {
    skipBlanks()
    let start = position
    let value = try unsignedNumber(expected)
    guard atFieldEnd else { throw failure(expected, at: start) }
    guard value <= maximum else {
      throw failure("\(expected), at most \(maximum)", at: start)
    }
    return value
  }

  /// The number that is the next field, perhaps behind a minus sign.
  mutating func signedNumber(_ expected: StaticString) throws(LineFailure) -> Int64 {
    skipBlanks()
    let start = position
    let isNegative = position < end && bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    let magnitude = try number(expected, at: start)
    guard let value = LineCursor.signed(magnitude, isNegative: isNegative) else {
      throw failure("\(expected), from -2^63 to 2^63 - 1", at: start)
    }
    return value
  }

  private mutating func number(
    _ expected: StaticString, at start: Int
  ) throws(LineFailure) -> UInt64 {
    guard position < end, bytes[position] &- 0x30 < 10 else { throw failure(expected, at: start) }
    let value = try unsignedNumber(expected)
    guard atFieldEnd else { throw failure(expected, at: start) }
    return value
  }

  /// A magnitude with its sign, or nil where it does not fit.
  static func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
    guard isNegative else { return Int64(exactly: magnitude) }
    return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
  }

  /// Digits from the position on, as many as there are.
  @inline(__always)
  mutating func unsignedNumber(_ expected: StaticString) throws(LineFailure) -> UInt64 {
    let start = position
    if position &+ 1 < end, bytes[position] == UInt8(ascii: "0"),
      bytes[position &+ 1] | 0x20 == UInt8(ascii: "x")
    {
      return try hexadecimalNumber(expected)
    }
    var value: UInt64 = 0
    while position < end {
      let digit = bytes[position] &- 0x30
      guard digit < 10 else { break }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = product.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeNow else {
        throw failure("\(expected) below 2^64", at: start)
      }
      value = sum
      position &+= 1
    }
    guard position > start else { throw failure(expected, at: start) }
    return value
  }

  private mutating func hexadecimalNumber(
    _ expected: StaticString
  ) throws(LineFailure) -> UInt64 {
    let start = position
    position &+= 2
    let firstDigit = position
    var value: UInt64 = 0
    while position < end, let digit = LineCursor.hexadecimalValue(bytes[position]) {
      guard value >> 60 == 0 else { throw failure("\(expected) below 2^64", at: start) }
      value = value &<< 4 | UInt64(digit)
      position &+= 1
    }
    guard position > firstDigit else { throw failure(expected, at: start) }
    return value
  }

  /// The value of a hexadecimal digit, or nil.
  @inline(__always)
  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }

  /// The number with a fraction that is the next field; its whole part may be hexadecimal.
  mutating func decimalNumber(_ expected: StaticString) throws(LineFailure) -> DecimalNumber {
    skipBlanks()
    let start = position
    let isNegative = position < end && bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    guard position < end, bytes[position] &- 0x30 < 10 else { throw failure(expected, at: start) }
    var magnitude = try unsignedNumber(expected)
    var fractionDigits = 0
    if position < end, bytes[position] == UInt8(ascii: ".") {
      position &+= 1
      // Saturating at the limit keeps the product in range for any number of digits.
      while position < end, bytes[position] &- 0x30 < 10 {
        magnitude = min(magnitude, DecimalNumber.limit) &* 10 &+ UInt64(bytes[position] &- 0x30)
        fractionDigits &+= 1
        position &+= 1
      }
      guard fractionDigits > 0 else { throw failure(expected, at: start) }
    }
    guard atFieldEnd else { throw failure(expected, at: start) }
    guard magnitude < DecimalNumber.limit,
      let value = DecimalNumber(
        significand: Int64(magnitude) * (isNegative ? -1 : 1), fractionDigits: fractionDigits)
    else { throw failure("\(expected) of at most 18 digits", at: start) }
    return value
  }
}

/// Address expressions; `AddressExpression` tells how the forms are told apart.
extension LineCursor {
  private static let expectation: StaticString =
    "an address (np+N, pg+N, ss+N, 0xN, ID, ID+N, ID-N)"

  /// The address that is the next field.
  mutating func address() throws(LineFailure) -> AddressExpression {
    skipBlanks()
    let start = position
    let text = field()
    guard !text.isEmpty else { throw failure(LineCursor.expectation, at: start) }
    if let plus = text.firstIndex(of: UInt8(ascii: "+")) {
      let offset = try numberInField(from: start &+ plus &+ 1)
      return try sum(UnsafeBufferPointer(rebasing: text[..<plus]), offset, at: start)
    }
    if let minus = text.lastIndex(of: UInt8(ascii: "-")), minus > 0,
      LineCursor.isNumberShaped(text[(minus + 1)...])
    {
      let magnitude = try numberInField(from: start &+ minus &+ 1)
      guard let offset = LineCursor.signed(magnitude, isNegative: true) else {
        throw failure("an offset of at most 2^63", at: start &+ minus &+ 1)
      }
      let name = UnsafeBufferPointer(rebasing: text[..<minus])
      return .slot(try slot(spelled: name, at: start), offset: offset)
    }
    if text.count > 1, text[0] == UInt8(ascii: "0"), text[1] | 0x20 == UInt8(ascii: "x") {
      return .absolute(try numberInField(from: start))
    }
    return .slot(try slot(spelled: text, at: start), offset: 0)
  }

  /// What `NAME+N` means.
  private func sum(
    _ name: UnsafeBufferPointer<UInt8>, _ value: UInt64, at start: Int
  ) throws(LineFailure) -> AddressExpression {
    if SlotName.isRegion(name) {
      switch name[0] {
      case UInt8(ascii: "n"): return .nonPaged(value)
      case UInt8(ascii: "p"): return .paged(value)
      default: return .session(value)
      }
    }
    guard let offset = Int64(exactly: value) else {
      throw failure("an offset below 2^63", at: start &+ name.count &+ 1)
    }
    return .slot(try slot(spelled: name, at: start), offset: offset)
  }

  private func slot(
    spelled text: UnsafeBufferPointer<UInt8>, at start: Int
  ) throws(LineFailure) -> SlotName {
    guard let name = SlotName(bytes: text) else { throw failure(LineCursor.expectation, at: start) }
    return name
  }

  /// A number from `start` to the end of the field that ends at the position.
  private func numberInField(from start: Int) throws(LineFailure) -> UInt64 {
    var rest = self
    rest.position = start
    let value = try rest.unsignedNumber("a number")
    guard rest.position == position else { throw failure("a number", at: start) }
    return value
  }

  /// True for digits and for `0x` and hexadecimal digits.
  static func isNumberShaped(_ text: some Collection<UInt8>) -> Bool {
    let isHexadecimal =
      text.count > 2 && text.first == UInt8(ascii: "0")
      && text.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
    if isHexadecimal { return text.dropFirst(2).allSatisfy { hexadecimalValue($0) != nil } }
    return !text.isEmpty && text.allSatisfy { $0 &- 0x30 < 10 }
  }
}
