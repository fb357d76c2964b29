import KernelPool
import PoolTestSupport
import PoolTrace
import Testing

@testable import PoolInvariants

/// What an operation filled shows its pattern by that; everything else is read.
@Suite("Memory that was just filled")
struct FilledMemoryTests {
  @Test("it covers these bytes, of this pattern, and no others")
  func coversWhatWasFilled() throws {
    var bytes = [UInt8](repeating: 0, count: 64)
    try bytes.withUnsafeMutableBytes { bytes in
      let host = try #require(UnsafeRawPointer(bytes.baseAddress))
      func piece(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        .init(rebasing: bytes[range])
      }
      var filled = FilledMemory(seed: 7)
      #expect(!filled.covers(host, before: 1, seed: 7), "nothing yet")
      filled.add(piece(0..<16), at: 0)
      filled.add(piece(16..<32), at: 16)
      #expect(filled.covers(host, before: 32, seed: 7))
      #expect(!filled.covers(host, before: 33, seed: 7), "a byte more")
      #expect(!filled.covers(host, before: 32, seed: 8), "another pattern")
      #expect(!filled.covers(host + 1, before: 31, seed: 7), "another place")
      // Behind a gap in the host's memory, and behind one in the pattern.
      filled.add(piece(40..<48), at: 32)
      filled.add(piece(32..<40), at: 40)
      #expect(!filled.covers(host, before: 33, seed: 7))
    }
  }

  @Test("a replay tells what its last operation filled, where it lies, and no longer")
  func replayTells() throws {
    var replayer = try Replayer.boot(TraceConfiguration())
    let slot = SlotName(1)
    for bytes in [40, 0x2345] as [UInt64] {
      _ = replayer.step(.alloc(slot, .nonPaged, bytes: bytes, tag: PoolTag("Test")))
      let (found, told) = (replayer.slots[slot], replayer.filled)
      let held = try #require(found)
      let seed = try #require(held.patternSeed)
      let bytesThere = replayer.pool.view.bytes(at: held.address, count: bytes)
      let host = try #require(bytesThere)
      let filled = try #require(told)
      #expect(filled.covers(host, before: bytes, seed: seed))
      #expect(!filled.covers(host, before: bytes + 1, seed: seed))
      _ = replayer.step(.free(slot, tag: nil))
      let isForgotten = replayer.filled == nil
      #expect(isForgotten)
    }
  }

  @Test("a fill excuses no byte of another allocation, and none of its own afterwards")
  func excusesNothingElse() throws {
    for bytes in [600, 0x3000] as [UInt64] {
      var audited = try AuditedPool(Machine(.windows2003x86, "quiet") { _ in }.configuration)
      let victim = audited.taking(.nonPaged, bytes)
      let healthy = audited.check()
      #expect(healthy == [])
      let address = audited.taking(.nonPaged, bytes)
      audited.poke(victim + 300, 0x4141_4141)
      let (seed, bytesThere) = (
        audited.live[address]?.patternSeed, audited.pool.view.bytes(at: address, count: bytes)
      )
      var filled = FilledMemory(seed: try #require(seed))
      let host = try #require(bytesThere)
      filled.add(
        UnsafeMutableRawBufferPointer(mutating: .init(start: host, count: Int(bytes))), at: 0)
      let seen = audited.audit.check(audited.pool.view, audited.live, filled: filled)
      #expect(seen.map(\.invariant) == [.livePattern])
      #expect(seen.first?.address == victim + 300)

      var other = try AuditedPool(Machine(.windows2003x86, "quiet") { _ in }.configuration)
      let own = other.taking(.nonPaged, bytes)
      let sound = other.check()
      other.poke(own + 300, 0x4141_4141)
      let after = other.check()
      #expect(sound == [] && after.map(\.invariant) == [.livePattern])
    }
  }
}
