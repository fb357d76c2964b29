import Testing

@testable import PoolReport

/// The curve of unusable free space, counted a second time.
@Suite struct UnusableFreeSpaceTests {
  @Test(arguments: 1...4)
  func everyShareIsCounted(_ seed: UInt64) throws {
    let trace = Recording.churn(
      200, seed: seed, configuration: "profile=windows-2003-x86 lookaside=0")
    let history = try Recording(trace).history
    let state = HistoryState(history, step: history.stepCount - 1)
    let space = UnusableFreeSpace(state)
    let holes = state.pages.flatMap(\.blocks)
      .filter { $0.state == .free || $0.state == .orphan }.map(\.byteCount)
    let free = holes.reduce(0, +)
    #expect(free > 0)
    #expect(space.freeBytes == free)
    #expect(space.shares.count == 512)
    for units in 1...512 {
      let lost = holes.filter { $0 < UInt64(units) * 8 }.reduce(0, +)
      #expect(abs(space.shares[units - 1] - Double(lost) / Double(free)) < 1e-12)
      #expect(space.share(blockBytes: UInt64(units) * 8) == space.shares[units - 1])
    }
    #expect(space.share(blockBytes: 9) == space.shares[1])
    #expect(space.share(blockBytes: 1 << 20) == space.shares[511])
    // The corners are the whole curve.
    for (index, corner) in space.corners.enumerated() {
      let next = index + 1 < space.corners.count ? space.corners[index + 1].blockBytes : 4104
      for bytes in stride(from: corner.blockBytes, to: next, by: 8) {
        #expect(space.share(blockBytes: bytes) == corner.share)
      }
    }
  }

  @Test func nothingFreeIsNothingLost() throws {
    let history = try Recording("config profile=windows-2003-x86 init=none\n").history
    let space = UnusableFreeSpace(HistoryState(history, step: 0))
    #expect(space.freeBytes == 0)
    #expect(space.shares.allSatisfy { $0 == 0 })
  }
}
