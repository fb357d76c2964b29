import KernelPool
import PoolTestSupport
import PoolWalk
import Testing

@testable import PoolDebugger

/// `--frag`: counts of hand-made states.
@Suite struct FragmentationPrinterTests {
  @Test func pinnedPages() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    // Two pages, each of which the other's holes cannot help: fronts above half a page.
    var fronts: [Address] = []
    var rests: [Address] = []
    for _ in 0..<2 {
      fronts.append(try fixture.allocate(0xE18, tag: PoolTag("MFE0")))
      rests.append(try fixture.allocate(0x1C0, tag: PoolTag("NtFs")))
      _ = try fixture.allocate(0x10, tag: PoolTag("ReEv"))
    }
    for block in fronts + rests { try fixture.free(block) }
    let listing = FragmentationPrinter(fixture.view, internalWasteBytes: [.nonPaged: 16]).text
    #expect(
      listing.hasPrefix(
        """
        Nonpaged pool
          pages                   2 of small blocks, 0 large, 0 of tables, 0 kept for reuse
          allocated               48 bytes in 2 blocks
          on lookaside lists      0 bytes in 0 blocks
          deferred frees          0 bytes in 0 blocks
          free                    8144 bytes in 4 blocks, largest 3616
          too small for a list    0 bytes in 0 blocks
          external fragmentation  55.6 %
          internal waste          16 bytes
          pinned pages            2 (under 10 % used)
            pinned by ReEv: 48 bytes in 2 blocks
            freeing 1 block (24 bytes) gives back 1 page
            freeing 2 blocks (48 bytes) gives back 2 pages
            free blocks of  100 to  1ff: 912 bytes in 2 blocks
            free blocks of  800 to  fff: 7232 bytes in 2 blocks
        Paged pool
          pages                   0 of small blocks, 0 large, 0 of tables, 0 kept for reuse
        Paged session pool

        """))
  }

  @Test func orphansAndParkedBlocks() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000), lookasideDepth: 4)
    // 0xff0 bytes leave one unit of the page: a header that no list can hold.
    _ = try fixture.allocate(0xFF0, tag: PoolTag("Abcd"))
    let parked = try fixture.allocate(0x40, tag: PoolTag("Efgh"))
    _ = try fixture.allocate(0x40, tag: PoolTag("Efgh"))
    try fixture.free(parked)
    let survey = FragmentationSurvey(PoolWalker(fixture.view), .nonPaged)
    #expect(survey.orphans == .init(blocks: 1, byteCount: 8))
    #expect(survey.lookaside == .init(blocks: 1, byteCount: 0x48))
    #expect(survey.free.blocks == 2)
    #expect(survey.pinnedPages == 1)
    #expect(survey.allocated.byteCount == 0xFF8 + 0x48)
  }

  @Test func deferredFreesAndTails() throws {
    var fixture = try TestPool(printed: .windows7x64)
    _ = try fixture.allocate(0x1FB0, tag: PoolTag("Even"))
    let waiting = try fixture.allocate(0x300, tag: PoolTag("Abcd"))
    try fixture.free(waiting)
    let survey = FragmentationSurvey(PoolWalker(fixture.view), .nonPaged)
    #expect(survey.largePages == 2)
    #expect(survey.deferred == .init(blocks: 1, byteCount: 0x310))
    // The rest of the small page and the free block behind `Frag`.
    #expect(survey.free == .init(blocks: 2, byteCount: 0x1000 - 0x310 + 0x40))
    #expect(survey.largestFreeBytes == 0xCF0)
  }

  @Test func aBrokenPageIsCountedAndNotReleased() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    _ = try fixture.allocate(0x100, tag: PoolTag("Abcd"))
    try fixture.write([0, 0, 0, 0], at: 0xFA80_8108)
    let survey = FragmentationSurvey(PoolWalker(fixture.view), .nonPaged)
    #expect(survey.brokenPages == 1)
    #expect(survey.blockers.isEmpty)
    #expect(FragmentationPrinter(fixture.view).text.contains("  broken pages            1\n"))
  }

  @Test func releasesTakeTheCheapestPagesFirst() {
    typealias Page = FragmentationSurvey.Tally.Page
    let pages = [
      Page(blocks: 20, byteCount: 2000), Page(blocks: 1, byteCount: 24),
      Page(blocks: 3, byteCount: 96), Page(blocks: 1, byteCount: 16),
    ]
    #expect(
      ReleaseEstimate.all(pages) == [
        ReleaseEstimate(blocks: 1, byteCount: 16, pages: 1),
        ReleaseEstimate(blocks: 5, byteCount: 136, pages: 3),
        ReleaseEstimate(blocks: 25, byteCount: 2136, pages: 4),
      ])
    #expect(ReleaseEstimate.all([]).isEmpty)
  }

  @Test func helpSaysThatTheLayoutIsOurs() {
    #expect(FragmentationPrinter.help.contains("not that of WinDbg's !frag"))
  }
}
