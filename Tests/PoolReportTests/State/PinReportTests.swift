import KernelPool
@testable import PoolReport
import Testing

/// The pin report against every choice of pages.
@Suite struct PinReportTests {
  private func report(_ trace: String) throws -> (PinReport, HistoryState) {
    let history = try Recording(trace).history
    let state = HistoryState(history, step: history.stepCount - 1)
    return (PinReport(state), state)
  }

  /// The most pages that freeing at most `limit` blocks gives back, by trying all sets of pages.
  private func best(_ needs: [Int], _ limit: Int) -> Int {
    (0..<(1 << needs.count)).filter { chosen in
      needs.indices.filter { chosen >> $0 & 1 == 1 }.reduce(0) { $0 + needs[$1] } <= limit
    }.map(\.nonzeroBitCount).max() ?? 0
  }

  @Test(arguments: 1...6)
  func noChoiceOfBlocksGivesBackMorePages(_ seed: UInt64) throws {
    let trace = Recording.churn(
      160, seed: seed, configuration: "profile=windows-2003-x86 init=none lookaside=\(seed % 3)")
    let (report, state) = try report(trace)
    let needs = state.pages.filter { $0.isSmallBlocks }.map { $0.liveBlocks + $0.parkedBlocks }
    #expect(needs.count == report.entries.count)
    #expect((2...14).contains(needs.count), "the test wants a few pages")
    for limit in 0...needs.reduce(0, +) + 1 {
      let release = report.release(blocks: limit)
      #expect(release.pages == best(needs, limit))
      #expect(release.blocks <= limit)
    }
    #expect(report.releases.last?.pages == needs.count)
  }

  @Test func thePinOfTheStory() throws {
    let (report, _) = try report(
      """
      config profile=windows-2003-x86 lookaside=0 init=none
      contiguous buffer 0xf10
      alloc pin NonPaged 16 ReEv
      free buffer
      """)
    let entry = try #require(report.entries.first)
    #expect(report.entries.count == 1)
    #expect(entry.byteCount == 24)
    #expect(entry.largestHoleBytes == 0xF18 + 0xD0)
    let block = try #require(entry.blocks.first)
    #expect(block.tag == PoolTag("ReEv"))
    #expect(!block.isParked)
    #expect(
      report.releases == [
        PinReport.Release(blocks: 1, parkedBlocks: 0, byteCount: 24, pages: 1)
      ])
  }

  @Test func emptyPoolsHaveNoPins() throws {
    let (report, _) = try report("config profile=windows-2003-x86 init=none\n")
    #expect(report.entries.isEmpty)
    #expect(report.releases.isEmpty)
    #expect(report.release(blocks: 100).pages == 0)
  }

  @Test func namesComeFromTheLines() throws {
    var history = try Recording(
      """
      config profile=windows-2003-x86 lookaside=0 init=none
      alloc first NonPaged 16 ReEv
      """
    ).history
    let page = try #require(history.pages.first)
    history.steps[1].line = "alloc first NonPaged 16 ReEv -> " + String(page + 8, radix: 16)
    let report = PinReport(HistoryState(history, step: 1))
    #expect(report.entries.first?.blocks.first?.slot == "first")
    #expect(report.entries.first?.blocks.first?.operation == 1)
  }
}

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
