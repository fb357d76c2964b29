import Testing

@testable import PoolTrace

/// Exact decimal numbers.
@Suite struct DecimalNumberTests {
  private func text(_ significand: Int64, _ digits: Int) throws -> String {
    try #require(DecimalNumber(significand: significand, fractionDigits: digits)).description
  }

  @Test func texts() throws {
    #expect(try text(0, 0) == "0")
    #expect(try text(0, 5) == "0")
    #expect(try text(150, 2) == "1.5")
    #expect(try text(-5, 3) == "-0.005")
    #expect(try text(100, 0) == "100")
    #expect(try text(999_999_999_999_999_999, 18) == "0.999999999999999999")
  }

  @Test func values() throws {
    #expect(try #require(DecimalNumber(significand: 15, fractionDigits: 1)).value == 1.5)
    #expect(try #require(DecimalNumber(significand: -1, fractionDigits: 1)).value == -0.1)
    #expect(try #require(DecimalNumber(significand: 4096)).value == 4096)
  }

  @Test func numbersAreRead() throws {
    let forms = [
      ("0.000000000000000001", "0.000000000000000001"), ("00012.3400", "12.34"), ("-7", "-7"),
      ("0x10", "16"), ("-0", "0"), ("999999999999999999", "999999999999999999"),
    ]
    for (text, shortest) in forms {
      let operations = try TraceParser.operations(in: "expect pages_held >= \(text)")
      #expect(operations.map(TraceWriter.line) == ["expect pages_held >= \(shortest)"])
    }
  }

  @Test func tooManyDigitsAreRefused() {
    #expect(DecimalNumber(significand: 1_000_000_000_000_000_000) == nil)
    #expect(DecimalNumber(significand: .min) == nil)
    #expect(DecimalNumber(significand: 1, fractionDigits: 19) == nil)
    #expect(DecimalNumber(significand: 1, fractionDigits: -1) == nil)
  }
}
