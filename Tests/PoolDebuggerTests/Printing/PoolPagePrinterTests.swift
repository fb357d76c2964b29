import KernelPool
import PoolTestSupport
import Testing

@testable import PoolDebugger

/// `!pool` listings of sound pages, compared with published layouts character for character.
@Suite struct PoolPagePrinterTests {
  /// The three pages of the story (Microsoft's NTDebugging blog, 2009), made by ordinary requests.
  @Test func storyPages() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    try fixture.makePinnedPage(
      front: 0xA20, PoolTag("MFE0"), pin: 0x18, PoolTag("ReEv"), PoolTag("NtFs"))
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8000) == """
        Pool page fa808000 region is Nonpaged pool
        *fa808000 size:  a20 previous size:    0  (Free)      *MFE0
         fa808a20 size:   18 previous size:  a20  (Allocated)  ReEv
         fa808a38 size:  5c8 previous size:   18  (Free)       NtFs

        """)

    fixture = try TestPool(printed: windows2003(lastPage: 0xFA55_0000))
    try fixture.makePinnedPage(
      front: 0x860, PoolTag("Io"), pin: 0x18, PoolTag("MFE0"), PoolTag("Irp"))
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA55_0000) == """
        Pool page fa550000 region is Nonpaged pool
        *fa550000 size:  860 previous size:    0  (Free)      *Io\("  ")
         fa550860 size:   18 previous size:  860  (Allocated)  MFE0
         fa550878 size:  788 previous size:   18  (Free)       Irp\(" ")

        """)

    fixture = try TestPool(printed: windows2003(lastPage: 0xF8FE_B000))
    try fixture.makePinnedPage(
      front: 0x648, PoolTag("Ntfr"), pin: 0x18, PoolTag("ReEv"), PoolTag("MFE0"))
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xF8FE_B000) == """
        Pool page f8feb000 region is Nonpaged pool
        *f8feb000 size:  648 previous size:    0  (Free)      *Ntfr
         f8feb648 size:   18 previous size:  648  (Allocated)  ReEv
         f8feb660 size:  9a0 previous size:   18  (Free)       MFE0

        """)
  }

  @Test func marksAndDescribesTheBlockThatContainsTheAddress() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFE59_2000))
    _ = try fixture.allocate(0xF10, tag: PoolTag("MmCm"))
    let address = try fixture.allocate(0x40, tag: PoolTag("Hack"))
    let printer = PoolPagePrinter(fixture.view)
    #expect(
      printer.text(for: address) == """
        Pool page fe592fc0 region is Nonpaged pool
         fe592000 size:  f18 previous size:    0  (Allocated)  MmCm
         fe592f18 size:   a0 previous size:  f18  (Free)       ....
        *fe592fb8 size:   48 previous size:   a0  (Allocated) *Hack
        \t\tOwning component : Unknown (update pooltag.txt)

        """)
    #expect(
      printer.text(for: 0xFE59_2F00, flags: .onlyTheBlock) == """
        Pool page fe592f00 region is Nonpaged pool
        *fe592000 size:  f18 previous size:    0  (Allocated) *MmCm
        \t\tPooltag MmCm : Contiguous memory for drivers (MmAllocateContiguousMemory), \
        Binary : nt!mm

        """)
    #expect(
      printer.text(for: 0xFE59_2F00, flags: [.onlyTheBlock, .withoutDescriptions]) == """
        Pool page fe592f00 region is Nonpaged pool
        *fe592000 size:  f18 previous size:    0  (Allocated) *MmCm

        """)
  }

  @Test func blocksOnLookasideListsAreFreeWithABlankInside() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000), lookasideDepth: 4)
    let first = try fixture.allocate(0x70, tag: PoolTag("Io"))
    _ = try fixture.allocate(0x70, tag: PoolTag("Even"))
    try fixture.free(first)
    #expect(
      PoolPagePrinter(fixture.view).text(for: 0xFA80_8FFF) == """
        Pool page fa808fff region is Nonpaged pool
         fa808000 size:   78 previous size:    0  (Free )  Io\("  ")
         fa808078 size:  f10 previous size:   78  (Free)       ....
        *fa808f88 size:   78 previous size:  f10  (Allocated) *Even
        \t\tPooltag Even : Event objects, Binary : nt!ke

        """)
  }

  @Test(arguments: [DeferredFreeType.inUse, .free])
  func deferredFreesAreFreeWithABlankInside(_ type: DeferredFreeType) throws {
    var profile = Profile.windows7x64
    profile.deferredFreeType = type
    var fixture = try TestPool(printed: profile)
    let first = try fixture.allocate(0x300, tag: PoolTag("Abcd"))
    _ = try fixture.allocate(0x30, tag: PoolTag("Efgh"))
    try fixture.free(first)
    let lines = PoolPagePrinter(fixture.view).text(for: first).split(separator: "\n")
    #expect(lines[1] == "*fffffa8000000000 size:  310 previous size:    0  (Free ) *Abcd")
    #expect(lines.count == 4)
  }

  @Test func protectedTagsLoseTheirMark() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    let protected = PoolTag(word: PoolTag("File").word | PoolTag.protectedBit)
    let first = try fixture.allocate(0x100, tag: protected)
    let second = try fixture.allocate(0x100, tag: protected)
    #expect(fixture.pool.free(second, tag: protected.unprotected) == .freed)
    #expect(
      PoolPagePrinter(fixture.view).text(for: first) == """
        Pool page fa808008 region is Nonpaged pool
        *fa808000 size:  108 previous size:    0  (Allocated) *File (Protected)
        \t\tPooltag File : File objects, Binary : nt!io
         fa808108 size:  ef8 previous size:  108  (Free)       ....

        """)
  }

  @Test(arguments: ["windows-2003-x86", "windows-2003-x64", "windows-8-x64"])
  func quotaBlocksNameTheirProcess(_ name: String) throws {
    let profile = try #require(Profile.named(name))
    var fixture = try TestPool(printed: profile)
    let address = try fixture.allocate(0x100, .quota, tag: PoolTag("NpFn"))
    let text = PoolPagePrinter(fixture.view).text(for: address)
    let digits = profile.wordBytes == 8 ? 16 : 8
    let process = Columns.zeroPadded(fixture.view.variables.process, digits: digits)
    #expect(text.contains("(Allocated) *NpFn Process: \(process)\n"))
    try fixture.free(address)
    #expect(!PoolPagePrinter(fixture.view).text(for: address).contains("Process"))
  }

  @Test func contentsFollowEveryBlock() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    let address = try fixture.allocate(0xFD0, tag: PoolTag("Abcd"))
    try fixture.write(Array(0..<32), at: address)
    #expect(
      PoolPagePrinter(fixture.view, style: .windows2000).text(
        for: address, flags: [.contents, .onlyTheBlock]) == """
          *fa808000 size:  fd8 previous size:    0  (Allocated) *Abcd
          \t\tOwning component : Unknown (update pooltag.txt)
           fa808008  03020100 07060504 0b0a0908 0f0e0d0c
              fa808018  13121110 17161514 1b1a1918 1f1e1d1c


          """)
  }

  @Test func tagsThatCannotBePrintedBecomeDots() throws {
    var fixture = try TestPool(printed: windows2003(lastPage: 0xFA80_8000))
    let address = try fixture.allocate(0x100, tag: PoolTag(word: 0x7F41_1F20))
    let text = PoolPagePrinter(fixture.view).text(for: address)
    #expect(text.contains("(Allocated) * .A.\n"))
  }

  @Test func largeAllocations() throws {
    var fixture = try TestPool(printed: .windows2003x86)
    let large = try fixture.allocate(0x2F00, tag: PoolTag("V2lg"))
    let page = Columns.zeroPadded(large, digits: 8)
    let inside = Columns.zeroPadded(large + 0x1234, digits: 8)
    #expect(
      PoolPagePrinter(fixture.view).text(for: large + 0x1234) == """
        Pool page \(inside) region is Nonpaged pool
        *\(page) : large page allocation, Tag is V2lg, size is 0x3000 bytes
        \t\tOwning component : Unknown (update pooltag.txt)

        """)
    #expect(
      PoolPagePrinter(fixture.view, style: .modern).text(for: large).contains(", tag is V2lg, "))
  }

  /// The published example has a 0x1fb0-byte allocation, `Frag` behind it and a free 0x40 block.
  @Test func blocksBehindALargeAllocation() throws {
    var fixture = try TestPool(printed: .windows7x64)
    let large = try fixture.allocate(0x1FB0, tag: PoolTag("Even"))
    let printer = PoolPagePrinter(fixture.view)
    #expect(printer.text(for: large).contains(", Tag is Even, size is 0x1fb0 bytes\n"))
    let start = Columns.zeroPadded(large + 0x1FB0, digits: 16)
    let rest = Columns.zeroPadded(large + 0x1FC0, digits: 16)
    #expect(
      printer.text(for: large + 0x1FB8) == """
        Pool page \(Columns.zeroPadded(large + 0x1FB8, digits: 16)) region is Nonpaged pool
        *\(start) size:   10 previous size:    0  (Allocated) *Frag
        \t\tPooltag Frag : Filler between a large allocation and the free rest of its last page, \
        Binary : nt!ex
         \(rest) size:   40 previous size:   10  (Free)       Frag

        """)
  }

  @Test func sessionPool() throws {
    var fixture = try TestPool(printed: .windows8x64)
    let small = try fixture.allocate(0x400, [.paged, .session], tag: PoolTag("Gh05"))
    let large = try fixture.allocate(0x2000, [.paged, .session], tag: PoolTag("Gh05"))
    let printer = PoolPagePrinter(fixture.view)
    #expect(printer.text(for: small).contains(" region is Paged session pool\n"))
    let page = Columns.zeroPadded(large, digits: 16)
    #expect(
      printer.text(for: large) == """
        Pool page \(page) region is Unknown
        \(page) is not a valid large pool allocation, checking large session pool...
        *\(page) : large page allocation, tag is Gh05, size is 0x2000 bytes
        \t\tPooltag Gh05 : Graphics: objects by handle, Binary : win32k.sys

        """)
  }

  @Test func pagedPool() throws {
    var fixture = try TestPool(printed: .windowsXPx86)
    let address = try fixture.allocate(0x40, .paged, tag: PoolTag("CM31"))
    #expect(
      PoolPagePrinter(fixture.view).text(for: address) == """
        Pool page e1000008 region is Paged pool
        *e1000000 size:   48 previous size:    0  (Allocated) *CM31
        \t\tPooltag CM31 : Registry (configuration manager), Binary : nt!cm
         e1000048 size:  fb8 previous size:   48  (Free)       ....

        """)
  }
}
