import KernelPool
import PoolInvariants
import PoolOracles
import PoolTrace
import Testing

/// The Swift of the manual's articles, word for word.
@Suite("The manual's Swift")
struct Snippets {
  @Test func theFirstBlocksOfAPage() throws {
    #expect(try firstBlocks() == [0x821D_6008, 0x821D_6FE8])
  }
}

func firstBlocks() throws -> [Address] {
  let setup = TraceConfiguration(profile: try #require(Profile.named("windows-2003-x86")))
  var session = try ReplaySession.boot(setup, level: .full)
  _ = session.step(.alloc("a", .nonPaged, bytes: 0xF10, tag: PoolTag("MmCm")))
  _ = session.step(.alloc("b", .nonPaged, bytes: 24, tag: PoolTag("ReEv")))
  session.finish()
  #expect(session.outcome == .ok)
  return [session.replayer.slots["a"], session.replayer.slots["b"]].compactMap { $0?.address }
}
