import KernelPool
import PoolTestSupport
import PoolWalk
import Testing

@testable import PoolDebugger

/// `!vm` lines and the gap to `!poolused`.
@Suite struct VirtualMemoryPrinterTests {
  @Test func narrowLines() throws {
    var fixture = try TestPool(printed: .windows2003x86, nonPagedPages: 64) {
      $0.maximumNonPagedPages = 96
      $0.expansion = .lowestFirst
      $0.availablePages = 20
    }
    _ = try fixture.allocate(0xF10, tag: PoolTag("MmCm"))
    _ = try fixture.allocate(0x3000, tag: PoolTag("LSwi"))
    _ = try fixture.allocate(0x100, .paged, tag: PoolTag("CMNb"))
    _ = try fixture.allocate(0x100, .paged, tag: PoolTag("CMNb"))
    _ = try fixture.allocate(0x1001, .paged, tag: PoolTag("CMNb"))
    #expect(
      VirtualMemoryPrinter(fixture.view).text == """
        *** Virtual Memory Usage ***

              Available Pages:        20   (      80 Kb)
              Free System PTEs:       30   (     120 Kb)
              NonPagedPool Usage:      4   (      16 Kb)
              NonPagedPool Max:       96   (     384 Kb)
              PagedPool 0 Usage:       2   (       8 Kb)
              PagedPool 1 Usage:       1   (       4 Kb)
              PagedPool 2 Usage:       1   (       4 Kb)
              PagedPool 3 Usage:       0   (       0 Kb)
              PagedPool 4 Usage:       0   (       0 Kb)
              PagedPool Usage:         4   (      16 Kb)
              PagedPool Maximum:      64   (     256 Kb)
              Session Commit:          0   (       0 Kb)

        """)
  }

  @Test func wideLines() throws {
    var fixture = try TestPool(printed: .windows8x64, nonPagedPages: 64)
    _ = try fixture.allocate(0x100, .noExecute, tag: PoolTag("Even"))
    _ = try fixture.allocate(0x100, tag: PoolTag("Even"))
    let text = VirtualMemoryPrinter(fixture.view).text
    #expect(
      text.hasPrefix(
        """
        NonPagedPool Usage:             1 (          4 Kb)
        NonPagedPoolNx Usage:           1 (          4 Kb)
        NonPagedPool Max:              64 (        256 Kb)
        PagedPool  0:                   0 (          0 Kb)

        """))
  }

  /// The kernel's own tables are usage, and tagged; so are runs kept for reuse, but not tagged.
  @Test func usageIsEveryPageInUse() throws {
    var fixture = try TestPool(printed: .reactosX86, nonPagedPages: 128, initialisation: .kernel)
    let start = PoolUsage(fixture.view).nonPagedPages
    let gap = try #require(UsageGap.all(in: fixture.view).first)
    #expect(gap.heldBytes == gap.taggedBytes)
    let address = try fixture.allocate(0x800, tag: PoolTag("Abcd"))
    try fixture.free(address)
    #expect(PoolUsage(fixture.view).nonPagedPages == start + 1)
    #expect(UsageGap.all(in: fixture.view).first?.text.hasSuffix("4096 bytes (2.9 %)") == false)
    #expect(UsageGap.all(in: fixture.view).first?.heldBytes == gap.heldBytes + 4096)
  }

  /// The story's own figures: 25463 pages held, 65,912,104 bytes tagged.
  @Test func theStorysGap() {
    let nonPaged = UsageGap(
      name: "NonPaged pool", pages: 25_463, pageBytes: 4096, taggedBytes: 65_912_104)
    #expect(
      nonPaged.text == "NonPaged pool: 104296448 bytes in 25463 pages, 65912104 bytes tagged; "
        + "38384344 bytes (36.8 %) are held but not allocated")
    let absurd = UsageGap(name: "Paged pool", pages: 1, pageBytes: 4096, taggedBytes: 5000)
    #expect(absurd.text.hasSuffix("; the tags count 904 bytes that no page holds"))
  }

  @Test func theGapOfPinnedPages() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    try fixture.makePinnedPage(
      front: 0xA20, PoolTag("MFE0"), pin: 0x18, PoolTag("ReEv"), PoolTag("NtFs"))
    #expect(
      VirtualMemoryPrinter(fixture.view).diagnosis == """
        NonPaged pool: 4096 bytes in 1 page, 24 bytes tagged; 4072 bytes (99.4 %) are held but \
        not allocated
        Paged pool: 0 bytes in 0 pages, 0 bytes tagged; 0 bytes (0.0 %) are held but not allocated

        """)
  }

  @Test func percentages() {
    #expect(Columns.percent(0, of: 0) == "0.0")
    #expect(Columns.percent(1, of: 3) == "33.3")
    #expect(Columns.percent(2, of: 3) == "66.7")
    #expect(Columns.percent(.max, of: .max) == "100.0")
    #expect(Columns.percent(.max, of: 1) == ">1000000.0")
  }
}
