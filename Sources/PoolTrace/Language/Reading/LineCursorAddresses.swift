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
