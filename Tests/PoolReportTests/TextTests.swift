import Testing

@testable import PoolReport

/// A history as lines.
@Suite struct HistoryTextTests {
  @Test func thePinnedPage() throws {
    let history = try Recording(
      """
      config profile=windows-2003-x86 lookaside=0 init=none
      contiguous buffer 0xf10
      alloc pin NonPaged 16 ReEv
      free buffer
      """
    ).history
    var state = HistoryState(history, step: 3)
    #expect(state.pinnedPages == 1)
    let lines = HistoryText(history, at: state).text.split(separator: "\n").map(String.init)
    #expect(lines[0] == "after operation 3 of 3")
    #expect(lines[1] == "  1 page is held for 24 B in use: 170.7 times as much")
    #expect(lines[2] == "  1 of 1 page of small blocks has less than a tenth in use")
    #expect(lines.contains("          3  4096      24        170.7"))
    let strip = String(repeating: ".", count: 63) + "+"
    #expect(lines.contains { $0.contains("|\(strip)| 24 bytes in 1") })
    #expect(lines.contains("  freeing 1 block (24 bytes) gives back 1 page"))
    #expect(lines.contains("   0x1000 bytes 100 % " + String(repeating: "#", count: 40)))
    state = HistoryState(history, step: 0)
    let start = HistoryText(history, at: state).text
    #expect(start.hasPrefix("after operation 0 of 3\n  0 pages are held for 0 B in use\n"))
    #expect(start.contains("no page of small blocks is in use"))
    #expect(start.contains("nothing is free inside of pages"))
  }

  /// Blocks that their callers have freed are told from live ones, and pages that they alone hold.
  @Test func parkedBlocksAreTold() throws {
    let history = try Recording(
      """
      config profile=windows-2003-x86 lookaside=4 init=none
      alloc a NonPaged 16 ReEv
      alloc b NonPaged 4000 ReEv
      alloc c NonPaged 16 ReEv
      free a
      """
    ).history
    let state = HistoryState(history, step: history.stepCount - 1)
    #expect(state.parkedPages == 0 && state.parkedBytes == 24)
    let freed = try Recording(
      "config profile=windows-2003-x86 lookaside=4 init=none\nalloc a NonPaged 16 ReEv\nfree a\n"
    ).history
    let empty = HistoryState(freed, step: freed.stepCount - 1)
    #expect(empty.parkedPages == 1 && empty.pinnedPages == 1)
    #expect(abs(empty.heldOverLiveAndParked - 4096 / 24) < 1e-9)
    let text = HistoryText(freed, at: empty).text
    #expect(
      text.contains("  24 B more parked: 170.7 times as much; 1 page has no block in use\n"))
    #expect(text.contains("  freeing 1 block (24 bytes; 1 parked) gives back 1 page"))
    let picture = PagePicture(empty).text(title: "parked")
    #expect(picture.contains("path class=\"idle\"") && picture.contains("24 B more parked"))
    #expect(!PagePicture(state).text(title: "live").contains("path class=\"idle\""))
  }

  @Test func linesHaveTheirLimits() throws {
    let trace = Recording.churn(300, seed: 3, configuration: "profile=windows-2003-x86 lookaside=0")
    let history = try Recording(trace).history
    let state = HistoryState(history, step: 300)
    var options = PageMapOptions()
    options.pageLimit = 3
    options.width = 60
    let text = HistoryText(history, at: state, order: .hole, options: options, pinLimit: 2).text
    #expect(text.contains("\n... and "))
    #expect(text.contains(" more pages\n"))
    for line in text.split(separator: "\n") where line.contains("|") { #expect(line.count <= 64) }
  }
}
