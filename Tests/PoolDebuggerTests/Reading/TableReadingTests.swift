import Testing

@testable import PoolDebugger

@Suite struct TableReadingTests {
  private func poolUsed(_ text: String) throws -> PoolUsedListing {
    let reading = ListingReader.read(text, source: "text")
    guard case .poolUsed(let table)? = reading.listings.first?.content else {
      throw Missing()
    }
    return table
  }

  private struct Missing: Error {}

  private func virtualMemory(_ name: String) throws -> VirtualMemoryListing {
    guard case .virtualMemory(let memory)? = try Samples.read(name).listings.first?.content else {
      throw Missing()
    }
    return memory
  }

  /// A mail program breaks value lines; each is read with the line behind it, and one that finds
  /// no such line is odd.
  @Test func valuesTornInTwoAreReadTogether() throws {
    let text = try Samples.text("incident/vm.txt")
    let whole = ListingReader.read(text, source: "whole")
    var torn = text
    for piece in ["( 101852 Kb)", "130588 Kb)", "Kb)\nPagedPool 0"] {
      #expect(torn.contains(piece))
      torn = torn.replacing(
        piece, with: piece.hasPrefix("(") ? "(\n" + piece.dropFirst() : "\n" + piece)
    }
    let read = ListingReader.read(torn, source: "whole")
    guard case .virtualMemory(let expected)? = whole.listings.first?.content,
      case .virtualMemory(let found)? = read.listings.first?.content
    else { throw Missing() }
    #expect(found.values.map(\.label) == expected.values.map(\.label))
    #expect(found.values.map(\.pages) == expected.values.map(\.pages))
    #expect(found.values.map(\.kilobytes) == expected.values.map(\.kilobytes))
    #expect(read.warningCount == 0)
    let lost = ListingReader.read(
      "*** Virtual Memory Usage ***\nNonPagedPool Usage: 25463 (\nprose\n", source: "lost")
    #expect(lost.warnings.map(\.line) == [2] && lost.listings.isEmpty)
  }

  @Test func theStorysTableIsReadCollapsed() throws {
    let table = try poolUsed(Samples.text("incident/poolused.txt"))
    #expect(table.rows.map(\.tag.description) == ["MmCm", "NDpp", "File", "abcd", "LSwi"])
    #expect(table.rows.map(\.nonpaged.allocations) == [3_187, 1_125, 24_911, 8, 1])
    #expect(table.total?.nonpaged.usedBytes == 65_912_104)
    #expect(table.total?.paged.usedBytes == 66_610_504)
    #expect(table.sortedBy == "NonPaged Pool Consumed")
  }

  @Test func descriptionsGluedToZeroAreSeparated() throws {
    let table = try poolUsed(Samples.text("201-poolused-docs-by-tag.txt"))
    let ohci = try #require(table.rows.first { $0.tag == ListedTag("ohci") })
    #expect(ohci.nonpaged.usedBytes == 136 && ohci.paged.usedBytes == 0)
    #expect(ohci.text == "1394 OHCI host controller driver")
    let agp = try #require(table.rows.first { $0.tag == ListedTag("AGP ") })
    #expect(agp.paged.usedBytes == 384 && agp.text.hasPrefix("UNKNOWN pooltag"))
    #expect(table.total?.nonpaged.allocations == 3_570_214)
  }

  @Test func theVerboseFormHasFreesAndDifference() throws {
    let table = try poolUsed(
      """
       Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used
       Abcd      100       90       10     4096        0        2       -2       16 some text
      """)
    let row = try #require(table.rows.first)
    #expect(row.nonpaged.frees == 90 && row.nonpaged.difference == 10)
    #expect(row.paged.difference == -2 && row.paged.outstanding == 0)
    #expect(row.nonpaged.outstanding == 10 && row.text == "some text")
  }

  @Test func tagsWithBlanksInCollapsedRowsKeepTheirNumbers() throws {
    let table = try poolUsed("Tag Allocs Used Allocs Used\nDh 1 24 25 26 27\nIo 1 2 3 4 text\n")
    #expect(table.rows.map(\.tag) == [ListedTag("Dh 1"), ListedTag("Io")])
    #expect(table.rows.map(\.paged.usedBytes) == [27, 4])
  }

  @Test func numbersWithoutATableAreNoRow() {
    let reading = ListingReader.read("abcd 1 2 3 4\nwords 1 2 3 4 5\n", source: "text")
    #expect(reading.listings.isEmpty && reading.unrecognisedLines == 2)
  }

  @Test func theCommandsPatternIsKept() throws {
    let text = "0: kd> !poolused /t5 2 Ev*\n" + (try Samples.text("205-poolused2-even-total.txt"))
    #expect(try poolUsed(text).tagPattern == "Ev*")
    let plain = "0: kd> !poolused 2\n" + (try Samples.text("205-poolused2-even-total.txt"))
    #expect(try poolUsed(plain).tagPattern == nil)
  }

  @Test func everyEraOfVirtualMemoryIsRead() throws {
    #expect(try virtualMemory("incident/vm.txt").value("NonPagedPool Usage")?.pages == 25_463)
    let nodes = try virtualMemory("108-vm-win10-numa-2nodes.txt")
    #expect(nodes.value("NonPagedPoolNx 1")?.pages == 12_233)
    #expect(nodes.warnings.count == 2 && nodes.pageFiles.count == 3)
    #expect(nodes.pageFiles.last?.path == nil && nodes.pageFiles.last?.maximum == 67_107_824)
    let old = try virtualMemory("104-vm1-docs-64mb.txt")
    #expect(old.value("PagedPool 2 Usage")?.pages == 436)
    #expect(old.pageFiles.first?.minimum == 98_304)
    let seven = try virtualMemory("110-vm-win7-4gb-b.txt")
    #expect(seven.value("PagedPool 4")?.kilobytes == 216)
    let eleven = try virtualMemory("101-vm1-win11-8g.txt")
    #expect(eleven.value("PagedPool Commit")?.pages == 18_446_735_300_397_918_280)
  }

  @Test func regionsOfTheAddressSpaceAreRead() throws {
    let text = """
      System Region           Base Address    NumberOfBytes
      NonPagedPool          : ffff828000000000     100000000000
      """
    guard
      case .virtualMemory(let memory)? = ListingReader.read(text, source: "text")
        .listings.first?.content
    else {
      Issue.record("no table")
      return
    }
    #expect(memory.regions.first?.lengthBytes == 0x1000_0000_0000)
  }

  @Test func contradictingKilobytesAreOdd() {
    let reading = ListingReader.read("Available Pages: 10 ( 41 Kb)\n", source: "text")
    #expect(reading.warningCount == 1)
  }

  @Test func poolMonitorRowsOfScreensAndSnapshots() throws {
    let text = """
       Drsd Paged       560 ( 177)       539 ( 171)       21   17472 (  4992)    832
       Dh 2 Nonp        344              343               1      96                96 [x.sys]
       Bad1 Nonp        344              343               7      96                96
       Bad2 Nonp        344
      """
    let reading = ListingReader.read(text, source: "text")
    guard case .poolMonitor(let table)? = reading.listings.first?.content else {
      Issue.record("no table")
      return
    }
    #expect(table.rows.map(\.tag.description) == ["Drsd", "Dh 2", "Bad1"])
    #expect(table.rows[0].change == .init(allocations: 177, frees: 171, bytes: 4_992))
    #expect(table.rows[1].change == nil && table.rows[1].text == "[x.sys]")
    #expect(reading.warnings.map(\.line) == [3, 4])
  }

  @Test func bugChecksInEveryForm() throws {
    let text = """
      BugCheck C2, {7, 4a424b43, 40a0018, ffffa0068e4956f0}
      *** STOP: 0x00000019 (0x00000020,0x85246000,0x85246010,0x040c0001)
      KERNEL_MODE_HEAP_CORRUPTION (13a)
      Arg1: 0000000000000012, text
      Arg2: ffffbd0455200140, text
      BUGCHECK_CODE:  13a
      BUGCHECK_P3: ffffbd04a1ca7000
      BugCheck 19, {3, 4}
      """
    let reading = ListingReader.read(text, source: "text")
    let checks = reading.listings.compactMap { listing -> BugCheckListing? in
      guard case .bugCheck(let check) = listing.content else { return nil }
      return check
    }
    #expect(checks.map(\.code) == [0xC2, 0x19, 0x13A])
    #expect(checks[0].parameters == [7, 0x4A42_4B43, 0x40A_0018, 0xFFFF_A006_8E49_56F0])
    #expect(checks[2].parameters == [0x12, 0xFFFF_BD04_5520_0140, 0xFFFF_BD04_A1CA_7000, nil])
    #expect(reading.warnings.map(\.line) == [8])
  }

  @Test func newPoolFindEntriesAreRead() throws {
    let text = """
      Scanning large pool allocation table for tag 0x636f7250 (Proc) (ffff8287b0000000 : 0)
      *ffff8287b5c5b060 : tag Proc, size     0xe70, Nonpaged pool
      ffff8287b5c5c000 : tag Frag, size         0, Nonpaged pool
      """
    guard
      case .poolFind(let find)? = ListingReader.read(text, source: "text").listings.first?.content
    else {
      Issue.record("no listing")
      return
    }
    #expect(find.tag == ListedTag("Proc"))
    #expect(find.entries.map(\.sizeBytes) == [0xE70, 0])
    #expect(find.entries.first?.pool == "Nonpaged pool")
  }
}
