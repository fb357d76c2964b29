import KernelPool
import PoolReport
import PoolTestSupport
import Testing

/// Page maps as text.
@Suite struct PageMapTests {
  private var narrow: PageMapOptions {
    var options = PageMapOptions()
    options.width = 100
    return options
  }

  /// The lines of nonpaged pool and the legend.
  private func lines(_ text: String) -> [String] {
    let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let end = all.firstIndex { $0.hasPrefix("Paged pool") } ?? 0
    return Array(all[..<end]) + [all[all.count - 2]]
  }

  @Test func aPinnedPage() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    try fixture.makePinnedPage(
      front: 0xA20, PoolTag("MFE0"), pin: 0x18, PoolTag("ReEv"), PoolTag("NtFs"))
    #expect(
      lines(PageMap(fixture.view).text(narrow)) == [
        "Nonpaged pool at fa7f9000: 1 page of small blocks, 0 large, 0 of tables, 0 kept,"
          + " 15 not in use",
        "fa808000 |........................................+.......................| 24 bytes in 1",
        "one character is 8 units, # allocated, + partly allocated, . free",
      ])
  }

  @Test func whatAnOperationChanged() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000), lookasideDepth: 4)
    let first = try fixture.allocate(0xF10, tag: PoolTag("MmCm"))
    let before = PageMap(fixture.view)
    _ = try fixture.allocate(0x38, tag: PoolTag("ReEv"))
    let between = PageMap(fixture.view)
    #expect(
      lines(between.text(narrow, since: before)) == [
        "Nonpaged pool at fa7f9000: 1 page of small blocks, 0 large, 0 of tables, 0 kept,"
          + " 15 not in use",
        "fa808000 |############################################################+..#|"
          + " 3928 bytes in 2",
        "                                                                      ^^^^",
        "one character is 8 units, # allocated, + partly allocated, . free",
      ])
    try fixture.free(first)
    let after = PageMap(fixture.view).text(narrow, since: between)
    #expect(
      lines(after)[1] == "fa808000 |\(String(repeating: ".", count: 63))#| 64 bytes in 1")
    // The free front has taken in the free block behind it; the live block has not moved.
    #expect(lines(after)[2] == "          \(String(repeating: "^", count: 63))")
  }

  @Test func newAndReturnedPages() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000)) {
      $0.singlePageDepth = 0
    }
    let before = PageMap(fixture.view)
    let address = try fixture.allocate(0x800, tag: PoolTag("Abcd"))
    let during = PageMap(fixture.view)
    #expect(lines(during.text(narrow, since: before))[1].hasSuffix("| 2056 bytes in 1, new"))
    try fixture.free(address)
    let after = PageMap(fixture.view)
    #expect(lines(after.text(narrow, since: during))[1] == "fa808000 given back")
    #expect(lines(after.text(narrow, since: after)).count == 2)
  }

  @Test func everyStateHasItsCharacter() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000), lookasideDepth: 4)
    let parked = try fixture.allocate(0xF8, tag: PoolTag("Park"))
    _ = try fixture.allocate(0xFF0, tag: PoolTag("Orph"))
    _ = try fixture.allocate(0x2F00, tag: PoolTag("Big1"))
    try fixture.free(parked)
    let text = PageMap(fixture.view).text(narrow)
    #expect(text.contains("fa808000 |llll....."))
    #expect(text.contains("##o| 4088 bytes in 1\n"))
    #expect(text.contains("====| Big1 3 pages, 0x3000 bytes\n"))
    var unicode = narrow
    unicode.symbols = .unicode
    #expect(PageMap(fixture.view).text(unicode).contains("fa808000 |░░░░·····"))

    var newer = try TestPool(printed: .windows7x64)
    _ = try newer.allocate(0x1FB0, tag: PoolTag("Even"))
    let waiting = try newer.allocate(0x300, tag: PoolTag("Wait"))
    try newer.free(waiting)
    let map = PageMap(newer.view).text(narrow)
    #expect(map.contains("|dddddd"))
    #expect(map.contains("|\(String(repeating: "=", count: 31))F| its last page\n"))
    #expect(map.contains(", d deferred free, = large, F Frag\n"))
  }

  @Test func aBrokenChainIsMarked() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    _ = try fixture.allocate(0x7F8, tag: PoolTag("Abcd"))
    try fixture.write([0, 0, 0, 0], at: 0xFA80_8800)
    let strip = String(repeating: "#", count: 32) + String(repeating: "?", count: 32)
    #expect(
      PageMap(fixture.view).text(narrow).contains(
        "fa808000 |\(strip)| 2048 bytes in 1, corrupt\n"))
  }

  @Test func widthColourAndLimits() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    for _ in 0..<3 { _ = try fixture.allocate(0x900, tag: PoolTag("Abcd")) }
    var options = PageMapOptions()
    options.width = 1
    options.pageLimit = 2
    let text = PageMap(fixture.view).text(options)
    #expect(text.contains("fa806000 |####+...| 2312 bytes in 1\n"))
    #expect(text.contains("... and 1 more lines\n"))
    #expect(text.contains("one character is 64 units"))
    #expect(!text.contains("\u{1B}"))
    options.colour = .ansi
    #expect(PageMap(fixture.view).text(options).contains("####+\u{1B}[2m...\u{1B}[0m|"))
  }

  @Test func onlyChangedPages() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    for _ in 0..<3 { _ = try fixture.allocate(0x900, tag: PoolTag("Abcd")) }
    let before = PageMap(fixture.view)
    _ = try fixture.allocate(0x900, tag: PoolTag("Abcd"))
    var options = PageMapOptions()
    options.pages = .changed
    let strips = PageMap(fixture.view).text(options, since: before)
      .split(separator: "\n").filter { $0.contains(" |") }
    #expect(strips.count == 1)
    #expect(strips.first?.hasPrefix("fa805000") == true)
  }
}
