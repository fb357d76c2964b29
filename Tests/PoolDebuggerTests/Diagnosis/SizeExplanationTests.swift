import KernelPool
import PoolTestSupport
import Testing

@testable import PoolDebugger

@Suite struct SizeExplanationTests {
  private func row(_ bytes: UInt64, _ system: String) throws -> SizeExplanation.Row {
    try #require(SizeExplanation(bytes: bytes).rows.first { $0.system.hasPrefix(system) })
  }

  /// Worked sizes: 0xF10 bytes are 483 units of 8 with their header, 0x1F0 are 32 of 16.
  @Test func blocksAreThoseOfTheFormula() throws {
    let story = try row(0xF10, "windows-2003-x86")
    #expect(story.blockBytes == 0xF18 && story.list == 483 && !story.hasLookaside)
    #expect(story.headerBytes == 8 && story.wasteBytes == 0)
    let class32 = try row(0x1F0, "windows-7-x64")
    #expect(class32.blockBytes == 0x200 && class32.list == 32 && class32.hasLookaside)
    #expect(try row(0x1F1, "windows-7-x64").hasLookaside == false)
    #expect(try row(0, "windows-7-x64").blockBytes == 0x20)
  }

  @Test func theModelGivesTheSameBlock() throws {
    for profile in [Profile.windows2003x86, .windows7x64] {
      for bytes in [UInt64(1), 0x18, 0x1F0, 0xF10] {
        var fixture = try TestPool(printed: profile)
        let address = try fixture.allocate(bytes, tag: PoolTag("Size"))
        let printed = PoolPagePrinter(fixture.view).text(for: address)
        let block = try #require(
          ListingReader.read(printed, source: "page").listings.compactMap { listing in
            if case .pool(let page) = listing.content {
              return page.blocks.first { $0.tag == ListedTag("Size") }
            }
            return nil
          }.first)
        #expect(try row(bytes, profile.name).blockBytes == block.sizeBytes)
      }
    }
  }

  @Test func largerRequestsAreWholePages() throws {
    let large = try row(0x1800, "windows-2003-x86")
    #expect(large.blockBytes == 0x2000 && large.wasteBytes == 0x800 && large.list == nil)
    let tail = try row(0x1800, "windows-7-x64")
    #expect(tail.wasteBytes == 0 && tail.doubt?.contains("Frag") == true)
    let whole = try row(0x2000, "windows-7-x64")
    #expect(whole.wasteBytes == 0 && whole.doubt == nil && whole.remainderBytes == nil)
  }

  /// Nothing of the block is wasted, but a quarter of a page or less beside it is left to others.
  @Test func whatItLeavesOfItsPageIsTold() throws {
    #expect(try row(0xF18, "windows-7-x86").remainderBytes == 0xE0)
    #expect(try row(0x900, "windows-7-x86").remainderBytes == 0x6F8)
    #expect(try row(0x7F8, "windows-7-x86").remainderBytes == nil)
    let text = SizeExplanation(bytes: 0xF18, profile: .windows2003x86).text
    #expect(
      text.contains(
        "leaves 0xe0 (224) bytes of its page, in which small blocks of others can settle; "
          + "0x1000 takes the page whole"))
    #expect(text.split(separator: "\n").count == 4, "one system")
    #expect(!SizeExplanation(bytes: 0x900).text.contains("takes the page whole"))
  }

  @Test func theSegmentHeapRoutesBySize() throws {
    func place(_ bytes: UInt64) throws -> String { try row(bytes, "windows-10-1809").place }
    #expect(try place(0x1F0).hasPrefix("low fragmentation heap"))
    #expect(try place(0x1F1).hasPrefix("a chunk of variable size"))
    #expect(try place(0x2000).hasPrefix("pages of a segment"))
    #expect(try place(0x1800).hasPrefix("a chunk of variable size"))
    #expect(try place(0x20001).hasPrefix("pages of a segment"))
    #expect(try place(0x80_0000).hasPrefix("a large allocation"))
    #expect(SizeExplanation(bytes: .max).text.contains("windows-7-x64"))
  }
}
