import Testing

@testable import PoolDebugger

@Suite struct ListingReaderTests {
  @Test func everySampleYieldsItsKindAndCount() throws {
    for expectation in try Samples.expectations() {
      let reading = try Samples.read(expectation.file)
      let listing = try #require(reading.listings.first, "\(expectation.file)")
      #expect(listing.kindName == expectation.kind, "\(expectation.file)")
      #expect(Self.count(listing) == expectation.blocks, "\(expectation.file)")
    }
  }

  private static func count(_ listing: Listing) -> Int {
    switch listing.content {
    case .pool(let page), .poolInfoPage(let page): page.blocks.count
    case .poolUsed(let table): table.rows.count
    case .virtualMemory(let memory): memory.values.count
    case .poolFind(let find): find.blocks.count
    case .lookaside(let lists): lists.lists.count
    case .poolMonitor(let table): table.rows.count
    case .tagTable(let table): table.rows.count
    case .poolValidation, .bugCheck, .poolEmpty, .messages, .memory, .header, .allocations: 0
    }
  }

  @Test func onlyTheKnownSamplesAreOdd() throws {
    let odd = try Samples.expectations().filter { try Samples.read($0.file).warningCount > 0 }
    #expect(odd.map { String($0.file.prefix(3)) } == ["049", "901", "902", "903"])
  }

  @Test func theStoryIsReadWithItsPrompts() throws {
    let pages = try Samples.read("incident/pool-pages.txt")
    let addresses = pages.listings.compactMap { listing -> UInt64? in
      guard case .pool(let page) = listing.content else { return nil }
      #expect(page.blocks.count == 3 && page.region == "Nonpaged pool")
      return page.pageAddress
    }
    #expect(addresses == [0xFA80_8000, 0xFA55_0000, 0xF8FE_B000])
    #expect(pages.warningCount == 0 && pages.unrecognisedLines == 0)
    #expect(try Samples.read("incident/mmcm.txt").listings.count == 8)
  }

  @Test func aMixtureFallsApartIntoItsPieces() throws {
    let names = [
      "incident/vm.txt", "202-poolused2-win7x64.txt", "003-win7x86-hack-between-events.txt",
      "301-poolval-win11-invalid-previous-size.txt", "311-poolfind-docs-sesd.txt",
      "321-lookaside-win7x64.txt", "402-poolmon-docs.txt", "331-poolpage-win81x64-poolinfo.txt",
    ]
    let text = try names.map { "0: kd> !x\nSome prose.\n" + (try Samples.text($0)) }
    let reading = ListingReader.read(text.joined(separator: "\n"), source: "mixture")
    #expect(
      reading.listings.map(\.kindName) == [
        "vm", "poolused", "pool", "poolval", "poolfind", "poolfind", "lookaside", "poolmon",
        "poolpage",
      ])
  }

  @Test func aPageListedTwiceMakesTwoListings() throws {
    let text = """
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Free) *MFE0
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Allocated) *MFE0
      """
    #expect(ListingReader.read(text, source: "text").listings.count == 2)
    let bare = """
      fa808000 size: a20 previous size: 0 (Free) MFE0
      fa808000 size: a20 previous size: 0 (Allocated) MFE0
      """
    let reading = ListingReader.read(bare, source: "text")
    #expect(reading.listings.count == 2 && reading.warningCount == 1)
  }

  @Test func pagesWithoutPageLinesAreToldApartByAddress() throws {
    let text = """
      fa808000 size: a20 previous size: 0 (Free) MFE0
      fa550000 size: 860 previous size: 0 (Free) Io
      fa808a20 size: 18 previous size: a20 (Allocated) ReEv
      """
    let reading = ListingReader.read(text, source: "text")
    let counts = reading.listings.map(Self.count)
    #expect(counts == [2, 1])
  }

  @Test func oddLinesAreCountedBeyondThoseKept() {
    let text = String(repeating: "852460c8 size: oops\n", count: 1_500)
    let reading = ListingReader.read(text, source: "text")
    #expect(reading.warningCount == 1_500)
    #expect(reading.warnings.count == ListingReader.mostWarnings)
    #expect(reading.lines == 1_500)
  }

  @Test func overlongLinesAreCut() {
    var splitter = LineSplitter()
    var lengths: [Int] = []
    let long = [UInt8](repeating: 0x41, count: LineSplitter.longestLineBytes + 10)
    splitter.push(long + [0x0D, 0x0A, 0x42]) { lengths.append($0.count) }
    splitter.finish { lengths.append($0.count) }
    #expect(lengths == [LineSplitter.longestLineBytes, 1])
    #expect(splitter.cutLines == 1)
  }
}
