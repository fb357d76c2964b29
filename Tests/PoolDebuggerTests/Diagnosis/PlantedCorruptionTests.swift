import Testing

@testable import PoolDebugger

/// Every check must be seen to fail: the healthy pages get one wrong number each.
@Suite struct PlantedCorruptionTests {
  private struct Sample {
    var file: String
    var page: PoolListing
    var layout: PageLayout
  }

  private func healthyPages() throws -> [Sample] {
    var samples: [Sample] = []
    for expectation in try Samples.expectations() where expectation.verdict == "healthy" {
      for listing in try Samples.read(expectation.file).listings {
        guard case .pool(let page) = listing.content, !page.blocks.isEmpty,
          let layout = ListingCheck.check(listing).layout
        else { continue }
        samples.append(Sample(file: expectation.file, page: page, layout: layout))
      }
    }
    return samples
  }

  private func verdict(
    _ page: PoolListing
  ) -> (layout: PageLayout?, verdict: ListingVerdict, findings: [Finding]) {
    PageCheck.check(page, source: "planted")
  }

  @Test func noWrongSizeGoesUnnoticed() throws {
    for sample in try healthyPages() {
      for index in sample.page.blocks.indices {
        let size = sample.page.blocks[index].sizeBytes
        let unit = sample.page.blocks[index].width.unitBytes
        for wrong in [0, 0x41 * unit, size + unit, size - unit, size + 1, 0xFFF8]
        where wrong != size {
          var page = sample.page
          page.blocks[index].sizeBytes = wrong
          let result = verdict(page)
          #expect(result.verdict != .healthy, "\(sample.file) block \(index) size \(wrong)")
          // A last block that is too small leaves room for lines that may be missing.
          let isShortEnd = index == page.blocks.count - 1 && wrong < size && wrong % unit == 0
          if sample.layout == .classic, !isShortEnd || wrong == 0 {
            #expect(result.verdict == .corrupt, "\(sample.file) block \(index) size \(wrong)")
          }
        }
      }
    }
  }

  @Test func noWrongPreviousSizeGoesUnnoticed() throws {
    for sample in try healthyPages() {
      for index in sample.page.blocks.indices {
        let previous = sample.page.blocks[index].previousSizeBytes
        let unit = sample.page.blocks[index].width.unitBytes
        for wrong in [0, 0x41 * unit, previous + unit, 0x41, 0xFFF8] where wrong != previous {
          var page = sample.page
          page.blocks[index].previousSizeBytes = wrong
          let result = verdict(page)
          let isTwoBlocks = page.blocks.count < 3
          #expect(
            result.verdict == .corrupt || (isTwoBlocks && result.verdict != .healthy),
            "\(sample.file) block \(index) previous size \(wrong)")
        }
      }
    }
  }

  @Test func aShiftedBlockIsNoticed() throws {
    for sample in try healthyPages() {
      for index in sample.page.blocks.indices {
        for distance in [UInt64(4), sample.page.blocks[index].width.unitBytes] {
          var page = sample.page
          page.blocks[index].address += distance
          #expect(verdict(page).verdict != .healthy, "\(sample.file) block \(index)")
        }
      }
    }
  }

  @Test func theBreakIsLocatedAndItsSuspectNamed() throws {
    let text = """
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Allocated) *Good
      fa808a20 size: 18 previous size: a20 (Allocated) Evil
      fa808a38 size: 208 previous size: 208 (Free) AAAA
      fa808c40 size: 3c0 previous size: 5c8 (Free) NtFs
      """
    let reading = ListingReader.read(text, source: "page.txt")
    let checked = ListingCheck.check(try #require(reading.listings.first))
    #expect(checked.verdict == .corrupt && checked.layout == .classic)
    let broken = try #require(checked.findings.first)
    #expect(broken.rule == .previousSize && broken.address == 0xFA80_8A38)
    #expect(broken.text.contains("fa808a20, tag Evil") && broken.text.contains("past its end"))
    #expect(broken.evidence.contains { $0.hasPrefix("page.txt:4: header bytes 41 ?? 41 ??") })
    #expect(broken.evidence.contains { $0.contains("\"A?A?AAAA\"") && $0.contains("is 0x41") })
  }

  @Test func headersThatTheDebuggerDoesNotBelieveAreLocated() throws {
    let text = """
      Pool page ffff8700c77278c0 region is Nonpaged pool
       ffff8700c7727000 size:   70 previous size:    0  (Allocated)  Hack
      *ffff8700c7727070 size:  840 previous size:   70  (Allocated) *Evil
      ffff8700c77278b0 doesn't look like a valid small pool allocation, checking to see
      if the entire page is actually part of a large page allocation...
      """
    let reading = ListingReader.read(text, source: "page.txt")
    let checked = ListingCheck.check(try #require(reading.listings.first))
    #expect(checked.verdict == .corrupt)
    #expect(checked.findings.first?.rule == .implausibleHeader)
    #expect(checked.findings.first?.text.contains("tag Evil") == true)
  }

  @Test func aLargeAllocationBehindThatSentenceIsNoCorruption() throws {
    let text = """
      Pool page ffffc986cb6f2010 region is Nonpaged pool
      ffffc986cb6f2000 doesn't look like a valid small pool allocation, checking to see
      if the entire page is actually part of a large page allocation...
      *ffffc986cb6f2000 : large page allocation, tag is V2lg, size is 0x4000 bytes
      """
    let reading = ListingReader.read(text, source: "page.txt")
    let checked = ListingCheck.check(try #require(reading.listings.first))
    #expect(checked.verdict == .healthy && checked.layout == .large)
  }

  @Test func theTailOfALargeAllocationHasItsOwnRules() throws {
    let healthy = """
       fffffa800dba6fb0 size:   10 previous size:    0  (Allocated)  Frag
       fffffa800dba6fc0 size:   40 previous size:   10  (Free)       Free
      """
    let overrun = healthy.replacing("Frag", with: "AAAA")
    let results = [healthy, overrun].map { text in
      ListingReader.read(text, source: "tail").listings.map(ListingCheck.check)[0]
    }
    #expect(results.map(\.layout) == [.largeTail, .largeTail])
    #expect(results.map(\.verdict) == [.healthy, .unknown])
    #expect(results[1].findings.first?.rule == .fragmentHeader)
  }

  @Test func tablesThatContradictThemselvesAreNotHealthy() throws {
    let texts = [
      "Tag Allocs Used Allocs Used\nAbcd 1 500 0 0\nTOTAL 1 400 0 0",
      "826fa130 size: 0 previous size: 40 (Allocated) SeSd",
      " Drsd Paged 560 539 21 17472 999",
    ]
    let search = "Searching NonPaged pool (823b1000 : 82800000) for Tag: SeSd\n"
    let verdicts = [texts[0], search + texts[1], texts[2]].map { text in
      ListingCheck.check(ListingReader.read(text, source: "table").listings[0]).verdict
    }
    #expect(verdicts == [.unknown, .corrupt, .unknown])
    let lists = try Samples.text("321-lookaside-win7x64.txt")
      .replacing("Max Alloc  =       1088", with: "Max Alloc  =       1089")
    let listing = try #require(ListingReader.read(lists, source: "lists").listings.first)
    #expect(ListingCheck.check(listing).verdict == .unknown)
  }

  @Test func impossibleFiguresAreCalledArtefacts() throws {
    let excess = try Samples.read("107-vm-win8-2012-excess-nonpaged.txt").listings
    #expect(ListingCheck.check(excess[0]).findings.map(\.rule) == [.artefact])
    let eleven = try Samples.read("101-vm1-win11-8g.txt").listings
    #expect(ListingCheck.check(eleven[0]).findings.count == 2)
  }
}
