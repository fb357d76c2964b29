import Testing

@testable import PoolDebugger

@Suite struct BlockLineTests {
  private func parsed(_ line: String) -> ListedBlock? {
    let reading = ListingReader.read(line, source: "line")
    guard case .pool(let listing)? = reading.listings.first?.content else { return nil }
    return listing.blocks.first
  }

  @Test(arguments: [
    " 852460c8 size:   10 previous size:   c8  (Free)       .PZH",
    "852460c8 size: 10 previous size: c8 (Free) .PZH",
    "852460c8 size:10 previous size:c8 (Free) .PZH",
    "\t852460c8\tsize:\t10\tprevious size:\tc8\t(Free)\t.PZH",
    "> 852460c8 size:   10 previous size:   c8  (Free)       .PZH",
    "852460c8size:10previous size:c8(Free).PZH",
    " 852460c8 size:   10\nprevious size:   c8  (Free)       .PZH",
    " 852460c8 size:   10 previous size:\n  c8\n  (Free)       .PZH",
    " 852460c8 size:   10 previous size:   c8  (Free)\n .PZH",
    "\u{A0}852460c8 size:\u{A0}10 previous size:\u{A0}c8 (Free) .PZH\r",
  ]) func everySpacingReadsTheSame(line: String) throws {
    let expected = ListedBlock(
      address: 0x8524_60C8, width: .bits32, sizeBytes: 0x10, previousSizeBytes: 0xC8, state: .free,
      tag: ListedTag(".PZH"), line: 1)
    #expect(try #require(parsed(line)) == expected)
  }

  @Test(arguments: [
    ("*85246428 size:  200 previous size:   b8  (Allocated) *Hack", "Hack", true),
    (" 85246118 size:   48 previous size:   20  (Allocated)  Vad ", "Vad ", false),
    (" 8543b0e0 size:  500 previous size:   28  (Free)       Io", "Io  ", false),
    (" ffff8700c7727ac0 size:   80 previous size:  210  (Free )  Io  ", "Io  ", false),
    ("826fa130 size:   c0 previous size:   40  (Allocated) SeSd", "SeSd", false),
    (" ffffcb0e11386f50 size:   90 previous size:    0  (Free)       .t[|", ".t[|", false),
    (" 85246000 size:   c8 previous size:    0  (Allocated)    rx", "  rx", false),
    (" 85246000 size:   c8 previous size:    0  (Allocated)  Dh 1", "Dh 1", false),
  ]) func tagsKeepTheirBlanks(line: String, tag: String, isMarked: Bool) throws {
    let block = try #require(parsed(line))
    #expect(block.tag == ListedTag(tag))
    #expect(block.isMarked == isMarked)
  }

  @Test func parkedBlocksAreToldFromFreeOnes() throws {
    let parked = "ffff8700c7727ac0 size: 80 previous size: 210 (Free ) Io"
    let free = "ffff8700c7727ac0 size: 80 previous size: 210 (Free) Io"
    #expect(parsed(parked)?.state == .freeOnLookaside)
    #expect(parsed(free)?.state == .free)
  }

  @Test func protectionAndProcessAreRead() throws {
    let protected = try #require(
      parsed(" 85246b98 size:   b8 previous size:  1b8  (Allocated)  File (Protected)"))
    #expect(protected.isProtected && protected.tag == ListedTag("File"))
    let charged = try #require(
      parsed(" 85246160 size:   68 previous size:   48  (Allocated)  Io   Process: 8507a030"))
    #expect(charged.process == 0x8507_A030 && charged.tag == ListedTag("Io"))
    let collapsed = try #require(
      parsed("ffff8700c7727bc0 size: 80 previous size: 80 (Allocated) Io Process: ffff8700c6f2e580")
    )
    #expect(collapsed.process == 0xFFFF_8700_C6F2_E580 && collapsed.tag == ListedTag("Io"))
  }

  @Test(arguments: [
    "852460c8 size:   10 previous size:",
    "852460c8 size: ?? previous size: ?? (Corrupt) Tag?",
    "852460c8 size: 10 previous size: c8 (Corrupt) Tag1",
    "852460c8 size: 11112222333344445 previous size: c8 (Free) Tag1",
    "previous size: c8 (Free) Tag1",
    "52460c8 size: 10 previous size: c8 (Free) Tag1",
  ]) func tornLinesAreOddAndMakeNoBlock(line: String) {
    let reading = ListingReader.read(line, source: "line")
    #expect(reading.warningCount == 1)
    #expect(reading.listings.isEmpty)
  }

  @Test func aTornLineDoesNotSwallowTheNextBlock() throws {
    let text = "852460c8 size: 10\n852460d8 size: 20 previous size: 10 (Allocated) ReTa\n"
    let reading = ListingReader.read(text, source: "text")
    guard case .pool(let listing)? = reading.listings.first?.content else {
      Issue.record("no page")
      return
    }
    #expect(listing.blocks.map(\.address) == [0x8524_60D8])
    #expect(listing.isElided == false)
    #expect(reading.warnings.map(\.line) == [1])
  }

  @Test func textBehindTheBlockAndLostTagsAreOdd() {
    let remark = "852460d8 size: 20 previous size: 10 (Allocated) ReTa <- ours"
    #expect(ListingReader.read(remark, source: "line").warningCount == 1)
    let bare = "852460d8 size: 20 previous size: 10 (Allocated)"
    #expect(ListingReader.read(bare, source: "line").warningCount == 1)
    #expect(parsed(bare)?.tag == nil)
  }
}
