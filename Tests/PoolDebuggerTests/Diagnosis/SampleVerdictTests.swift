import Testing

@testable import PoolDebugger

@Suite struct SampleVerdictTests {
  @Test func everySampleIsClassifiedAsCatalogued() throws {
    for expectation in try Samples.expectations() {
      let reading = try Samples.read(expectation.file)
      let checked = ListingCheck.check(try #require(reading.listings.first))
      #expect(checked.verdict.rawValue == expectation.verdict, "\(expectation.file)")
      let layout = checked.layout?.rawValue ?? "-"
      #expect(layout == expectation.layout, "\(expectation.file)")
      if checked.verdict == .healthy {
        #expect(checked.findings.allSatisfy { !$0.isCorruption }, "\(expectation.file)")
      }
    }
  }

  @Test func theStorysPagesAreHealthyAndItsExcerptsIncomplete() throws {
    let pages = try Samples.read("incident/pool-pages.txt").listings.map(ListingCheck.check)
    #expect(pages.map(\.verdict) == [.healthy, .healthy, .healthy])
    #expect(pages.map(\.layout) == [.classic, .classic, .classic])
    let blocks = try Samples.read("incident/mmcm.txt").listings.map(ListingCheck.check)
    #expect(blocks.allSatisfy { $0.verdict == .incomplete })
  }

  @Test func everyBugCheckVectorIsExplained() throws {
    let checked = try Samples.read("501-bugcheck-vectors.txt").listings.map(ListingCheck.check)
    #expect(checked.count == 15)
    #expect(checked.allSatisfy { $0.verdict.isFinding && $0.findings.count == 1 })
    let first = try #require(checked.first?.findings.first)
    #expect(first.evidence.contains { $0.contains("size 0xc0") && $0.contains("type 0x4") })
    // P3 is computed from P2's size: that they fit must never be called evidence.
    #expect(first.evidence.contains { $0.hasPrefix("not proved: which header is damaged") })
    let double = checked[5].findings[0]
    #expect(double.text.hasSuffix("the header of the block being freed is not marked in use"))
    #expect(double.evidence.contains { $0.hasPrefix("P2: 0x4a424b43: reserved") })
  }

  @Test func inventedListingsAreNeverBelieved() throws {
    for name in try Samples.expectations().map(\.file) where name.hasPrefix("9") {
      let checked = try Samples.read(name).listings.map(ListingCheck.check)
      #expect(checked.allSatisfy { $0.verdict == .unknown })
      #expect(checked.allSatisfy { $0.findings.contains { $0.rule == .notGenuine } })
    }
  }

  @Test func oddTagsOfFreeVariableSizeBlocksAreCalledNormal() throws {
    let checked = try Samples.read("005-win10x64-vs-anor-3c0-page0.txt").listings
      .map(ListingCheck.check)
    #expect(checked[0].findings.map(\.rule) == [.normalOddity])
  }

  @Test func specialPoolSizesAreCorrected() throws {
    let names = ["050-xpx86-special-pool-4-bytes.txt", "052-xpx86-special-pool-16-bytes.txt"]
    let texts = try names.map { name in
      let listing = try #require(try Samples.read(name).listings.first)
      return ListingCheck.check(listing).findings[0].text
    }
    #expect(texts[0].contains("has 4 bytes") && texts[1].contains("has 16 bytes"))
  }
}
