import Testing

@testable import PoolTrace

/// The forms of addresses are told apart by their text alone.
@Suite struct AddressExpressionTests {
  private static let forms: [(String, AddressExpression, String)] = [
    ("np+0x1de008", .nonPaged(0x1DE008), "np+0x1de008"), ("np+16", .nonPaged(16), "np+0x10"),
    ("pg+0x0", .paged(0), "pg+0x0"), ("ss+0xffffffffffffffff", .session(.max), ""),
    ("0x0", .absolute(0), "0x0"), ("0XAbC", .absolute(0xABC), "0xabc"),
    ("5", .slot("5", offset: 0), "5"), ("a", .slot("a", offset: 0), "a"),
    ("b+8", .slot("b", offset: 8), "b+8"), ("b-0x8", .slot("b", offset: -8), "b-8"),
    ("b+0", .slot("b", offset: 0), "b"), ("b-0", .slot("b", offset: 0), "b"),
    ("a-1", .slot("a", offset: -1), "a-1"), ("a-1+0", .slot("a-1", offset: 0), "a-1+0"),
    ("a-1-2", .slot("a-1", offset: -2), "a-1-2"), ("a-b", .slot("a-b", offset: 0), "a-b"),
    ("a-0xg", .slot("a-0xg", offset: 0), "a-0xg"), ("-5", .slot("-5", offset: 0), "-5"),
    ("--5", .slot("-", offset: -5), "--5"), ("0x10+0", .slot("0x10", offset: 0), "0x10+0"),
    ("0x10-8", .slot("0x10", offset: -8), "0x10-8"), ("np1", .slot("np1", offset: 0), "np1"),
    ("a-9223372036854775808", .slot("a", offset: .min), "a-9223372036854775808"),
  ]

  @Test func everyFormMeansItsAddress() throws {
    for (text, address, written) in Self.forms {
      #expect(
        try TraceParser.operations(in: "freeat \(text)") == [.freeAt(address, tag: nil)], "\(text)")
      #expect(address.description == (written.isEmpty ? text : written))
    }
  }
}
