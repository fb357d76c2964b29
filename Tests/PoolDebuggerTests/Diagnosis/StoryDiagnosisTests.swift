import Testing

@testable import PoolDebugger

/// The article's four printouts must lead to the article's conclusion, by themselves.
@Suite struct StoryDiagnosisTests {
  private func checked(_ names: [String]) throws -> [CheckedListing] {
    try names.flatMap { try Samples.read("incident/\($0)").listings }.map(ListingCheck.check)
  }

  private func diagnose(_ names: [String]) throws -> [DiagnosisEntry] {
    Diagnosis.diagnose(try checked(names))
  }

  private let all = ["vm.txt", "poolused.txt", "pool-pages.txt", "mmcm.txt"]

  @Test func theDifferenceOfTheTotalsIsTheFragmentation() throws {
    let entries = try diagnose(all).filter { $0.verdict == .fragmentation }
    let entry = try #require(entries.first)
    #expect(entry.pool == "nonpaged")
    #expect(entry.bytes == 25_463 * 4_096 - 65_912_104)
    #expect(entry.bytes == 38_384_344)
    for part in ["25,463 pages", "65,912,104", "38,384,344", "9,371 pages", "36.8 %"] {
      #expect(entry.text.contains(part), "\(part)")
    }
    #expect(entry.text.contains("99.5 MiB in !vm, 62.9 MiB in !poolused"))
    #expect(entry.text.contains("The pool is fragmented."))
    let paged = try #require(try diagnose(all).first { $0.verdict == .untaggedPaged })
    #expect(entries.count == 1 && paged.bytes == 33_079 * 4_096 - 66_610_504)
    #expect(paged.text.contains("50.8 %") && !paged.text.contains("fragmented"))
    #expect(
      entry.evidence == [
        "incident/vm.txt:15: NonPagedPool Usage 25463 pages (101852 Kb)",
        "incident/poolused.txt:10: TOTAL 65912104 bytes nonpaged",
      ])
  }

  @Test func thePinnedPagesAndTheirTagsAreNamed() throws {
    let entries = try diagnose(all).filter { $0.verdict == .pinnedPages }
    #expect(entries.map(\.tags) == [[ListedTag("ReEv")], [ListedTag("MFE0")]])
    #expect(entries[0].text.contains("0x18 (24) bytes keep 2 of the 3 listed pages"))
    #expect(entries[0].bytes == 2 * (4_096 - 24))
    #expect(
      entries[0].evidence.first
        == "incident/pool-pages.txt:4: page fa808000 keeps 1 live block, 24 of 4096 bytes in use")
  }

  @Test func theUnservedRequestsAndTheCulpritAreNamed() throws {
    let entries = try diagnose(all)
    let sizes = try #require(entries.first { $0.verdict == .unservedSizes })
    #expect(sizes.text.contains("Requests of 2,585 to 4,080 bytes"))
    #expect(sizes.text.contains("none of the 6 holes of the 3 nearly empty pages"))
    #expect(sizes.text.contains("0xa20") && sizes.text.contains("0xfe8 bytes free"))
    let culprit = try #require(entries.first { $0.verdict == .nearPageRequests })
    #expect(culprit.tags == [ListedTag("MmCm")])
    #expect(culprit.text.contains("0xf18 bytes (8 listed)"))
    #expect(culprit.text.contains("whole page (0x1000)") && culprit.text.contains("0xe8 (232)"))
    #expect(culprit.evidence.contains { $0.contains("3,187 allocations, 17,452,976 bytes") })
    #expect(culprit.guidance == .wholePages)
  }

  @Test func theDistanceToTheMaximumIsStated() throws {
    let limits = try diagnose(all).filter { $0.verdict == .limitDistance }
    #expect(limits.map(\.pool) == ["nonpaged", "paged"])
    #expect(limits[0].text.contains("78.0 %") && limits[0].text.contains("7,184 pages"))
    #expect(limits[0].text.contains("event 2019"))
    #expect(limits[1].text.contains("54.8 %") && limits[1].text.contains("event 2020"))
    let consumer = try #require(try diagnose(all).first { $0.verdict == .largestConsumer })
    #expect(consumer.tags == [ListedTag("MmCm")] && consumer.text.contains("26.5 %"))
  }

  @Test func nothingIsSaidWithoutItsEvidence() throws {
    let withoutMemory = try diagnose(["poolused.txt", "pool-pages.txt", "mmcm.txt"])
    #expect(!withoutMemory.contains { $0.verdict == .fragmentation })
    let withoutTable = try diagnose(["vm.txt", "pool-pages.txt", "mmcm.txt"])
    #expect(!withoutTable.contains { $0.verdict == .fragmentation })
    let withoutPages = try diagnose(["vm.txt", "poolused.txt", "mmcm.txt"])
    let ofPages: Set<DiagnosisEntry.Verdict> = [.pinnedPages, .unservedSizes, .nearPageRequests]
    #expect(!withoutPages.contains { ofPages.contains($0.verdict) })
    #expect(
      !(try diagnose(["vm.txt", "poolused.txt", "pool-pages.txt"])).contains {
        $0.verdict == .nearPageRequests
      })
    #expect(Diagnosis.diagnose([]).isEmpty)
  }

  @Test func tablesOfOtherSystemsOrOfSomeTagsAreNoEvidence() throws {
    let foreign = try Samples.read("110-vm-win7-4gb-b.txt").listings.map(ListingCheck.check)
    let mixed = Diagnosis.diagnose(try checked(all) + foreign)
    #expect(!mixed.contains { $0.verdict == .fragmentation })
    let filtered = try Samples.read("205-poolused2-even-total.txt").listings
      .map(ListingCheck.check)
    let some = Diagnosis.diagnose(try checked(["vm.txt"]) + filtered)
    #expect(!some.contains { $0.verdict == .fragmentation })
    let artefact = try Samples.read("107-vm-win8-2012-excess-nonpaged.txt").listings
      .map(ListingCheck.check)
    let impossible = Diagnosis.diagnose(artefact + (try checked(["poolused.txt"])))
    #expect(!impossible.contains { $0.pool == "nonpaged" && $0.verdict == .fragmentation })
    #expect(!impossible.contains { $0.pool == "nonpaged" && $0.verdict == .limitNear })
  }

  @Test func theLargeBlocksAloneTellWhatTheyLeave() throws {
    let entries = try diagnose(["mmcm.txt"])
    #expect(entries.map(\.verdict) == [.pageRemainders])
    #expect(entries[0].text.contains("one block of 0xf18 bytes in each of 8 pages"))
    #expect(entries[0].text.contains("leaves 0xe8 (232) bytes"))
    #expect(!entries[0].verdict.isFinding)
  }

  /// Blocks of nearly a page whose rest is seen to be taken: who asks for a little less than a page is
  /// named, with what to do. A rest that is free or the tag's own proves nothing.
  @Test func aTakenRemainderNamesWhoLeftIt() {
    func pages(_ tenant: String, _ state: String) -> InspectionReport {
      var inspection = Inspection()
      let lines = (1...4).map { page in
        """
        Pool page fa80\(page)000 region is Nonpaged pool
        *fa80\(page)000 size:  f20 previous size:    0  (Allocated) *Acme
         fa80\(page)f20 size:   18 previous size:  f20  (\(state))  \(tenant)
         fa80\(page)f38 size:   c8 previous size:   18  (Free)  NtFs
        """
      }
      inspection.read(text: lines.joined(separator: "\n"), source: "pages.txt")
      return inspection.report()
    }
    let taken = pages("ReEv", "Allocated")
    #expect(taken.outcome == .held)
    #expect(taken.headline.hasPrefix("The pages are sound, but tag Acme has one block of 0xf20"))
    #expect(
      taken.headline.contains("Blocks of ReEv have settled in each of them")
        && taken.headline.contains("whole page (0x1000) instead, at 224 bytes each"))
    #expect(taken.diagnosis.first?.tags == [ListedTag("Acme"), ListedTag("ReEv")])
    for silent in [pages("Acme", "Allocated"), pages("ReEv", "Free")] {
      #expect(silent.headline.hasPrefix("Nothing wrong is visible: 4 of 4"))
      #expect(!silent.text.contains("settled in"))
    }
  }

  @Test(arguments: [(1, "at least 1 of the 2"), (2, "all 2")])
  func moreNearlyEmptyPagesThanAreKeptAreSaid(_ most: Int, _ which: String) {
    let pages = ["fa808", "fa809"].map { page in
      """
      Pool page \(page)000 region is Nonpaged pool
      *\(page)000 size: 40 previous size: 0 (Allocated) *MFE0
      \(page)040 size: fc0 previous size: 40 (Free) ReEv

      """
    }
    var sparse = SparsePages(mostPages: most)
    for listing in ListingReader.read(pages.joined(), source: "p").listings {
      sparse.add(ListingCheck.check(listing))
    }
    #expect(sparse.entries(wholePages: 2).map(\.text).first?.contains(which) == true)
  }

  @Test func keptPagesLeadTheReportAndCountOnce() throws {
    func report(_ text: String) -> InspectionReport {
      var inspection = Inspection()
      inspection.read(text: text, source: "page.txt")
      return inspection.report()
    }
    let page = """
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Free) *MFE0
      fa808a20 size: 18 previous size: a20 (Allocated) ReEv
      fa808a38 size: 5c8 previous size: 18 (Free) NtFs

      """
    let one = report(page)
    #expect(one.outcome == .held)
    #expect(
      one.headline
        == "The pages are sound, but blocks of tag ReEv of 0x18 (24) bytes keep the listed page "
        + "although nearly all of it is free: 4,072 bytes cannot be returned.")
    let second = page.replacing("fa808", with: "fa809")
      .replacing(
        "a38 size: 5c8 previous size: 18 (Free) NtFs",
        with:
          "a38 size: 8 previous size: 18 (Allocated) Abcd\nfa809a40 size: 5c0 previous size: 8 (Free) NtFs"
      )
    let both = report(page + second)
    let pinned = both.diagnosis.filter { $0.verdict == .pinnedPages }
    #expect(pinned.map(\.bytes) == [8_136])
    #expect(pinned.first?.tags == [ListedTag("ReEv"), ListedTag("Abcd")])
    #expect(
      pinned.first?.text.contains("all 2 listed pages (1 of them together with Abcd)") == true)
  }

  /// Far from a maximum nothing need be done about it; near it the events are named.
  @Test func whatToDoAboutALimitIsSaidNearIt() {
    func text(_ pages: Int) -> String {
      var inspection = Inspection()
      inspection.read(
        text: """
          *** Virtual Memory Usage ***
          Physical Memory: 917368 ( 3669472 Kb)
          NonPagedPool Usage: \(pages) ( \(pages * 4) Kb)
          NonPagedPool Max: 32647 ( 130588 Kb)
          """, source: "vm.txt")
      return inspection.report().text
    }
    #expect(text(7_000).contains("limit-distance") && !text(7_000).contains("Event 2019"))
    #expect(text(30_000).contains("limit-near") && text(30_000).contains("-> Event 2019"))
    #expect(text(7_000).contains("missing: 'Commit limit', which every whole listing has"))
  }

  @Test func everyVerdictHasEvidenceAndGuidance() throws {
    var listings = try checked(all)
    for expectation in try Samples.expectations() {
      listings += try Samples.read(expectation.file).listings.map(ListingCheck.check)
    }
    let entries = Diagnosis.diagnose(listings) + (try diagnose(all))
    #expect(entries.count > 20)
    for entry in entries {
      #expect(!entry.evidence.isEmpty && !entry.text.isEmpty, "\(entry.verdict)")
      #expect(!entry.guidance.text.isEmpty && !entry.guidance.source.isEmpty)
    }
  }
}
