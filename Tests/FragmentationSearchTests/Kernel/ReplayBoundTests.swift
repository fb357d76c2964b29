import KernelPool
import PoolBounds
import PoolOracles
import PoolTrace
import PoolWalk
import Testing

@testable import FragmentationSearch

/// What is proved of a replay: the caps, the proofs that cover it, and that none is ever exceeded.
struct ReplayBoundTests {
  private static func session(
    _ trace: String, mutant: Mutant = .none
  ) throws -> ReplaySession {
    var session = try running(trace, mutant: mutant)
    session.finish()
    return session
  }

  /// A session that can be gone on with.
  private static func running(
    _ trace: String, mutant: Mutant = .none
  ) throws -> ReplaySession {
    let operations = try TraceParser.operations(in: trace)
    var machine = TraceConfiguration()
    if case .config(let own)? = operations.first { machine = own }
    var session = try ReplaySession.boot(machine, level: .off, mutant: mutant)
    for operation in operations { _ = session.step(operation) }
    return session
  }

  private static func parts(_ trace: String) throws -> Result<[ReplayBound.Part], ReplayBound.Gap> {
    let session = try session(trace)
    return ReplayBound(session.replayer.configuration.pool, session.view).parts(session.usage)
  }

  private static func only(_ trace: String) throws -> ReplayBound.Part {
    let parts = try parts(trace).get()
    #expect(parts.count == 1)
    return try #require(parts.first)
  }

  @Test func theCapIsWhatWasLive() throws {
    let trace = "lookaside=0\nalloc a NonPaged 16 Abcd\nalloc b NonPaged 1016 Abcd\nfree b\n"
    let windows = try Self.only("config profile=windows-2003-x86 " + trace)
    #expect(windows.family == .nonPaged && windows.capBytes == 24 + 1024)
    let bounds = FragmentationBounds(geometry: .x86, peakLiveUnits: 131)
    #expect(windows.bound == bounds.strongest(for: .windows))
    let reactOS = try Self.only("config profile=reactos-x86 " + trace)
    #expect(reactOS.bound == bounds.strongest(for: .reactOS))
    #expect(reactOS.bound.proof == .lastRequestSkippingExact || reactOS.bound.proof == .trivial)
  }

  /// Four blocks of each of 32 classes on the processor's lists, and as many on the shared ones:
  /// 4 x 2 x (1 + ... + 32) units of 8 bytes.
  @Test func parkedBlocksCountAsLive() throws {
    let alloc = "\nalloc a NonPaged 16 Abcd\n"
    let fixed = try Self.only("config profile=windows-2003-x86" + alloc)
    #expect(fixed.capBytes == 24 + 4 * 2 * 528 * 8)
    let shallow = try Self.only("config profile=windows-2003-x86 lookaside=1 processors=2" + alloc)
    #expect(shallow.capBytes == 24 + 1 * 3 * 528 * 8)
    let growing = try Self.only("config profile=windows-2003-x86 lookaside=dynamic" + alloc)
    #expect(growing.capBytes == 24 + 256 * 2 * 528 * 8)
    // Windows 7 has no shared lists, and frees that wait: up to 32 blocks.
    let newer = try Self.only("config profile=windows-7-x86 lookaside=0" + alloc)
    #expect(newer.capBytes == 24 + 32 * 4096)
  }

  @Test func whatNoBetterBoundCovers() throws {
    let paged = try Self.only(
      "config profile=windows-2003-x86 lookaside=0\nalloc a Paged 16 Abcd\n")
    #expect(paged.family == .paged && paged.bound.proof == .trivial)
    let large = "lookaside=0\nalloc a NonPaged 5000 Abcd\nfree a\nalloc b NonPaged 8 Abcd\n"
    #expect(throws: ReplayBound.Gap.largeTails) {
      try Self.parts("config profile=windows-7-x86 " + large).get()
    }
    #expect(try Self.only("config profile=windows-2003-x86 " + large).capBytes == 8192)
    #expect(try Self.parts("config profile=windows-2003-x86\n").get().isEmpty)
  }

  /// Random traces on every version, small and large requests, all pools.
  @Test(arguments: Profile.all.map(\.name))
  func noReplayExceedsItsBound(_ name: String) throws {
    let profile = try #require(Profile.named(name))
    var random = SeededGenerator(seed: 7)
    var compared = 0
    for depth in [0, 2] {
      var session = try Self.running(
        "config profile=\(name) lookaside=\(depth) deferred_limit=4\n")
      for index in 0..<300 {
        let slot = random.below(40)
        let bytes =
          random.below(10) == 0 && profile.largeTail != .fragment
          ? 4096 + random.below(9000) : 1 + random.below(3000)
        let pool = random.below(3) == 0 ? "Paged" : "NonPaged"
        let line =
          random.below(2) == 0 ? "free s\(slot)\n" : "alloc s\(slot) \(pool) \(bytes) Rand\n"
        for operation in try TraceParser.operations(in: line) { _ = session.step(operation) }
        guard index % 20 == 19 else { continue }
        let bound = ReplayBound(session.replayer.configuration.pool, session.view)
        let pages = try #require(bound.pages(session.usage))
        #expect(session.usage.peakPagesHeld <= pages)
        compared += 1
      }
    }
    #expect(compared == 30)
  }

  /// A pool that counts a page twice is caught by nothing but the bound.
  @Test func aPoolThatHoldsTooMuchIsSeen() throws {
    let trace = "config profile=windows-2003-x86 lookaside=0\nalloc a NonPaged 8 Abcd\n"
    for (mutant, isWithin) in [(Mutant.none, true), (.freshPageCountedTwice, false)] {
      let session = try Self.session(trace, mutant: mutant)
      let bound = ReplayBound(session.replayer.configuration.pool, session.view)
      #expect(bound.pages(session.usage) == 1)
      #expect((session.usage.peakPagesHeld <= 1) == isWithin)
    }
  }
}
