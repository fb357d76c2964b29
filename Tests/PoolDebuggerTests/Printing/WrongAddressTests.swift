import KernelPool
import PoolTestSupport
import PoolWalk
import PropertyTesting
import Testing

@testable import PoolDebugger

/// `!pool` on addresses that are no blocks and on pages that somebody wrote over.
@Suite struct WrongAddressTests {
  @Test func anAddressOfNoPool() throws {
    let fixture = try TestPool(printed: .windows8x64)
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFFFF_8009_1002_AC08) == """
        Pool page ffff80091002ac08 region is Unknown
        ffff80091002a000 is not a valid large pool allocation, checking large session pool...
        ffff80091002a000 is not valid pool. Checking for freed (or corrupt) pool
        Address ffff80091002a000 could not be read. It may be a freed, invalid or paged out page

        """)
    let older = try TestPool(printed: .windows2003x86)
    #expect(
      PoolPagePrinter(older.view).text(for: 0x1234_5678) == """
        Pool page 12345678 region is Unknown
        \t\t12345000 is not mapped

        """)
  }

  @Test func aFreePage() throws {
    let fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8010) == """
        Pool page fa808010 region is Nonpaged pool
        \t\tfa808000 is no page in use by a pool

        """)
  }

  @Test func aPageKeptForReuse() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    let address = try fixture.allocate(0x800, tag: PoolTag("Abcd"))
    try fixture.free(address)
    #expect(
      PoolPagePrinter(fixture.view).text(for: address).hasSuffix(
        "\t\t1 freed page(s) at fa808000 wait on a single-page list\n"))
  }

  @Test func aPageOfTheKernelsTables() throws {
    let fixture = try TestPool(
      printed: .windows2003x86, nonPagedPages: 128, initialisation: .kernel)
    let table = fixture.view.variables.trackerTable
    let text = PoolPagePrinter(fixture.view).text(for: table + 0x100)
    #expect(text.hasSuffix(" hold the tag table\n"))
    let big = PoolPagePrinter(fixture.view).text(for: fixture.view.variables.bigTable)
    #expect(big.hasSuffix(" hold the big-page table\n"))
  }

  @Test func aSizeOfZeroEndsTheListing() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    _ = try fixture.allocate(0x100, tag: PoolTag("Abcd"))
    try fixture.write([0x21, 0, 0, 0], at: 0xFA80_8108)
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8200) == """
        Pool page fa808200 region is Nonpaged pool
         fa808000 size:  108 previous size:    0  (Allocated)  Abcd
        \t\tfa808108: size is zero; the chain of blocks breaks here

        """)
    #expect(
      PoolPagePrinter(fixture.view, style: .modern).text(for: 0xFA80_8200) == """
        Pool page fa808200 region is Nonpaged pool
         fa808000 size:  108 previous size:    0  (Allocated)  Abcd
        fa808108 doesn't look like a valid small pool allocation, checking to see
        if the entire page is actually part of a large page allocation...
        fa808000 is not a valid large pool allocation, checking large session pool...
        \t\tfa808108: size is zero; the chain of blocks breaks here

        """)
  }

  @Test func aSizeBehindThePageEndsTheListing() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    _ = try fixture.allocate(0x100, tag: PoolTag("Abcd"))
    // 0x1ff units of 8 bytes from 0x108 on end at 0x1100, and the previous size is wrong as well.
    try fixture.write([0x41, 0x00, 0xFF, 0x01], at: 0xFA80_8108)
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8000) == """
        Pool page fa808000 region is Nonpaged pool
        *fa808000 size:  108 previous size:    0  (Allocated) *Abcd
        \t\tOwning component : Unknown (update pooltag.txt)
        \t\tfa808108: previous size is 208, not 108
        \t\tfa808108: block ends 100 bytes behind its page; the chain breaks here

        """)
  }

  @Test func aWrongPreviousSizeIsSaidAndPassed() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    _ = try fixture.allocate(0x100, tag: PoolTag("Abcd"))
    try fixture.write([0x41], at: 0xFA80_8108)
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8200) == """
        Pool page fa808200 region is Nonpaged pool
         fa808000 size:  108 previous size:    0  (Allocated)  Abcd
        \t\tfa808108: previous size is 208, not 108
        *fa808108 size:  ef8 previous size:  208  (Free)      *....

        """)
  }

  /// A table entry that claims pages of small blocks hides none of them.
  @Test func aCorruptedBigPageTable() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    let small = try fixture.allocate(0x100, tag: PoolTag("Abcd"))
    _ = try fixture.allocate(0x1000, tag: PoolTag("Big1"))
    let variables = fixture.view.variables
    let entries = (0..<variables.bigTableEntries).map { variables.bigTable + 16 * $0 }
    let entry = try #require(entries.first { fixture.view.word32($0 + 4) == PoolTag("Big1").word })
    try fixture.write([9], at: entry + 8)
    #expect(PoolPagePrinter(fixture.view).text(for: small).contains("(Allocated) *Abcd"))
    let survey = FragmentationSurvey(PoolWalker(fixture.view), .nonPaged)
    #expect(survey.largePages == 9)
    #expect(survey.smallPages == 1)
    try fixture.write([0xFF, 0xFF, 0xFF, 0xFF], at: entry + 8)
    #expect(FragmentationSurvey(PoolWalker(fixture.view), .nonPaged).largePages == 0)
  }

  /// Links that lead in circles or nowhere must not keep a listing from ending.
  @Test func loopsOfLinksEnd() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000), lookasideDepth: 4)
    let first = try fixture.allocate(0x40, tag: PoolTag("Abcd"))
    let second = try fixture.allocate(0x40, tag: PoolTag("Abcd"))
    _ = try fixture.allocate(0x40, tag: PoolTag("Keep"))
    try fixture.free(first)
    try fixture.free(second)
    func bytes(_ word: UInt64) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
    try fixture.write(bytes(second), at: first)
    let text = PoolPagePrinter(fixture.view).text(for: first)
    #expect(text.split(separator: "\n").filter { $0.contains("(Free )") }.count == 2)
    try fixture.write(bytes(0xDEAD_BEE8), at: second)
    #expect(PoolPagePrinter(fixture.view).text(for: first).contains("(Free )"))
  }

  /// Random bytes over a page: every listing ends, and no block reaches behind the page.
  @Test(arguments: ["windows-2000-x86", "windows-2003-x86", "windows-7-x64", "reactos-x64"])
  func randomBytes(_ name: String) throws {
    let profile = try #require(Profile.named(name))
    var generator = SplitMix64(seed: 20_091_204)
    for _ in 0..<60 {
      var fixture = try TestPool(printed: profile, lookasideDepth: 4)
      let address = try fixture.allocate(0x200, tag: PoolTag("Abcd"))
      let page = address & ~0xFFF
      for _ in 0..<Int.random(in: 1...64, using: &generator) {
        let offset = UInt64.random(in: 0..<4096, using: &generator)
        try fixture.write([UInt8.random(in: 0...255, using: &generator)], at: page + offset)
      }
      let printer = PoolPagePrinter(fixture.view)
      for start in stride(from: UInt64(0), to: 4096, by: 512) {
        let listing = printer.text(for: page + start, flags: .contents)
        let blocks = try BlockLineReader.blocks(in: listing)
        #expect(blocks.allSatisfy { $0.address >= page && $0.address + $0.size <= page + 4096 })
      }
    }
  }
}
