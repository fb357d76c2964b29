import KernelPool
@testable import PoolTrace
import Testing

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

/// Spellings of pool types.
@Suite struct PoolTypeTests {
  private func spelling(_ type: PoolType) -> String {
    var bytes: [UInt8] = []
    PoolTypeNames.append(type, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func everyTypeHasASpellingThatMeansIt() throws {
    for bits in (0..<1024 as Range<UInt32>) {
      let type = PoolType(rawValue: bits)
      let line = "alloc 1 \(spelling(type)) 1 Tst1"
      #expect(
        try TraceParser.operations(in: line) == [.alloc("1", type, bytes: 1, tag: "Tst1")],
        "\(line)")
    }
  }

  @Test(
    arguments: [
      ("NonPagedPool", 0), ("NonPagedPoolExecute", 0), ("PagedPool", 1),
      ("NonPagedPoolMustSucceed", 2), ("NonPagedPoolCacheAligned", 4), ("PagedPoolCacheAligned", 5),
      ("NonPagedPoolCacheAlignedMustS", 6), ("NonPagedPoolBaseCacheAlignedMustS", 6),
      ("NonPagedPoolSession", 32), ("PagedPoolSession", 33), ("NonPagedPoolMustSucceedSession", 34),
      ("NonPagedPoolCacheAlignedSession", 36), ("PagedPoolCacheAlignedSession", 37),
      ("NonPagedPoolCacheAlignedMustSSession", 38), ("NonPagedPoolNx", 512),
      ("NonPagedPoolNxCacheAligned", 516), ("NonPagedPoolSessionNx", 544), ("PagedPool+Quota", 9),
    ] as [(String, UInt32)])
  func namesOfWindowsHeadersAreRead(_ name: String, _ number: UInt32) throws {
    #expect(
      try TraceParser.operations(in: "alloc 1 \(name) 1 Tst1")
        == [.alloc("1", PoolType(rawValue: number), bytes: 1, tag: "Tst1")])
  }

  @Test func spellingsAreTheDocumentedOnes() {
    #expect(spelling([]) == "NonPaged")
    #expect(spelling([.paged, .cacheAligned]) == "PagedCacheAligned")
    #expect(spelling(.mustSucceed) == "NonPagedMustSucceed")
    #expect(spelling([.paged, .mustSucceed]) == "Paged+MustSucceed")
    #expect(spelling([.mustSucceed, .quota, .raiseOnFailure]) == "NonPagedMustSucceed+Quota+Raise")
    #expect(spelling([.paged, .session]) == "PagedSession")
    #expect(spelling(.verifier) == "0x40")
  }
}

/// Names of slots as packed words.
@Suite struct SlotNameTests {
  private static let names = [
    "0", "7", "00", "007", "-", "_", "-5", "a", "A", "z9", "np1", "NP", "ab-cd_EF",
    "999999999999999999", "1000000000000000000", "18446744073709551615", "0123456789",
    "abcdefghij", "abcdefghijk", "550e8400-e29b-41d4-a716-446655440000",
    "----------------------------------------", "0000000000000000000000000000000000000000",
  ]

  @Test func spellingsSurvive() throws {
    for text in Self.names {
      #expect(try #require(SlotName(text)).description == text)
    }
    #expect(Set(Self.names.compactMap { SlotName($0) }).count == Self.names.count)
  }

  @Test func everyCharacterHasItsOwnBits() {
    let all = (0...255 as ClosedRange<UInt8>).compactMap { SlotName(bytes: [$0]) }
    #expect(all.count == 64)
    #expect(Set(all).count == 64)
  }

  @Test func numbersAndTheirSpellingsAreOneName() {
    for number: UInt64 in [0, 1, 9, 10, 999_999_999_999_999_999, 1_000_000_000_000_000_000, .max] {
      #expect(SlotName(number) == SlotName(String(number)))
    }
    #expect(SlotName("007") != SlotName(7 as UInt64))
    #expect(SlotName(12 as UInt64).number == 12)
    #expect(SlotName("007").number == nil)
    #expect(SlotName(UInt64.max).number == nil)
  }

  @Test func othersAreNoNames() {
    for text in ["", "np", "pg", "ss", "a b", "a.b", "é", "a+1", String(repeating: "a", count: 41)]
    {
      #expect(SlotName(text) == nil, "\(text)")
    }
  }
}
