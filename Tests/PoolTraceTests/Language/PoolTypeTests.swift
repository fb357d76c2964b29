import KernelPool
import Testing

@testable import PoolTrace

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
