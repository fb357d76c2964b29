import KernelPool
import PoolTestSupport
import Testing

@testable import PoolOracles

/// What a refused misuse must leave as it was is told by a digest of the pool.
@Suite struct PoolDigestTests {
  @Test(arguments: TestScale.sample(Profiles.all, 2))
  func everyChangedByteShows(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x40)
    let pages = try test.allocate(0x2000, .paged)
    let places = [block, block &+ 0x3F, block &- 1, pages, pages &+ 0x1FFF, pages &+ 0x1008]
    let before = PoolDigest.of(test.view)
    #expect(PoolDigest.of(test.view) == before, "looking changes nothing")
    for place in places {
      let old = try #require(test.view.byte(place))
      try test.write([old ^ 0x20], at: place)
      #expect(PoolDigest.of(test.view) != before, "byte 0x\(String(place, radix: 16))")
      try test.write([old], at: place)
      #expect(PoolDigest.of(test.view) == before)
    }
    // Two words of a page that trade places.
    let words = try [pages &+ 8, pages &+ 72].map { try #require(test.view.word64($0)) }
    try test.write([1], at: pages &+ 8)
    let first = PoolDigest.of(test.view)
    try test.write([UInt8(truncatingIfNeeded: words[0])], at: pages &+ 8)
    try test.write([1], at: pages &+ 72)
    #expect(words[0] == words[1] && PoolDigest.of(test.view) != first)
    try test.free(pages)
    #expect(PoolDigest.of(test.view) != before)
  }
}
