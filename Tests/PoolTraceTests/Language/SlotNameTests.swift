import Testing

@testable import PoolTrace

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
