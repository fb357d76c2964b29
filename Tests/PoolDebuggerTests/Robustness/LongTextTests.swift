import Testing

@testable import PoolDebugger

/// Texts of any length are read in bounded memory, and say what they say when all is kept.
@Suite struct LongTextTests {
  /// Lines of `count` pages of two blocks each, with their heads or without.
  private func pages(_ count: Int, heads: Bool) -> [String] {
    (0..<count).flatMap { index in
      let page = String(0x8000_0000 + index * 0x1000, radix: 16)
      return (heads ? ["Pool page \(page) region is Nonpaged pool"] : []) + [
        " \(page) size:  100 previous size:    0  (Allocated)  Pin\(index % 3)",
        " \(page.dropLast(3))100 size:  f00 previous size:  100  (Free)       Hole",
      ]
    }
  }

  private func tables(_ count: Int) -> [String] {
    (0..<count).flatMap { index in
      [
        "kd> !poolused", " Sorting by Tag", "",
        " Tag     Allocs         Used     Allocs         Used",
        " Abc\(index % 10)          \(index + 1)          640            0            0\tsomething",
        " TOTAL           \(index + 1)          640            0            0", "",
      ]
    }
  }

  /// A long log in which every kind of listing stands among others.
  private var log: [String] {
    ["BugCheck 19, {20, 80003100, 80003f00, 41e0020}", ""] + pages(700, heads: true)
      + tables(90) + ["kd> !pool"] + pages(700, heads: false)
      + ["BugCheck 19, {20, 80003100, 80003f00, 41e0020}", "", "kd> db 1000"]
      + ["00001000  41 41 41 41 41 41 41 41-41 41 41 41 41 41 41 41  AAAAAAAAAAAAAAAA"]
  }

  private func inspect(_ lines: [String], takes: Bool) -> (text: String, report: InspectionReport) {
    var inspection = Inspection()
    inspection.begin(source: "log")
    var taken: [CheckedListing] = []
    for line in lines {
      inspection.read(line: Array(line.utf8))
      if takes { taken += inspection.takeListings() }
    }
    let report = inspection.report()
    let all = (taken + report.listings).sorted { $0.listing.ordinal < $1.listing.ordinal }
    return (report.head + all.map(\.text).joined() + report.tail, report)
  }

  @Test func aLogSaysTheSameWhereItsListingsAreTaken() {
    let whole = inspect(log, takes: false)
    let taken = inspect(log, takes: true)
    #expect(taken.text == whole.text && whole.text == whole.report.text)
    #expect(taken.report.summary == whole.report.summary)
    // Two bug checks are one event, and the page that it names was read long before the second.
    let checks = whole.report.listings.filter(\.listing.isBugCheck)
    #expect(checks.count == 1)
    let evidence = checks.first?.findings.first?.evidence ?? []
    #expect(evidence.contains { $0.contains("lies in the page") })
    #expect(whole.report.listings.count == 1 + 1_400 + 90 + 1)
    #expect(taken.report.listings.count < 1_200)
    let pinned = whole.report.diagnosis.filter { $0.verdict == .pinnedPages }
    #expect(pinned.count == 3)
    #expect(pinned.allSatisfy { $0.text.contains("of the 700 listed pages") })
  }

  @Test(arguments: [true, false])
  func onlyTheLastPagesWaitForTheirLines(_ heads: Bool) {
    var reader = ListingReader(source: "log")
    var taken = 0
    var most = 0
    for line in pages(4_000, heads: heads) {
      reader.read(line: Array(line.utf8))
      let settled = reader.takeSettled()
      taken += settled.count
      most = max(most, settled.count)
    }
    let rest = reader.finish().listings.count
    #expect(taken + rest == 4_000)
    #expect(max(rest, most) <= 4 * ListingAssembler.mostOpenPages)
  }

  @Test func linesOfPagesMayBeMixed() {
    // The second blocks of 200 pages behind the first ones of all.
    let lines = pages(200, heads: false)
    let mixed =
      stride(from: 0, to: 400, by: 2).map { lines[$0] }
      + stride(from: 1, to: 400, by: 2).map { lines[$0] }
    let listings = ListingReader.read(mixed.joined(separator: "\n"), source: "log").listings
    #expect(listings.count == 200)
    #expect(listings.map(ListingCheck.check).allSatisfy { $0.blockCount == 2 })
  }

  @Test func aLongSeriesIsThinnedOutEvenly() {
    var thinned = ThinnedSnapshots()
    for time in 0..<1_000 {
      thinned.append(TagSeries.Snapshot(time: Double(time)))
      #expect(thinned.snapshots.count <= ThinnedSnapshots.most)
    }
    let times = thinned.snapshots.compactMap(\.time)
    #expect(times.first == 0 && times.last == 999 && times == times.sorted())
    #expect(times.count > ThinnedSnapshots.most / 2)
    let steps = zip(times.dropFirst(), times).map { $0 - $1 }.dropLast()
    #expect(Set(steps).count == 1)
  }

  @Test func aLeakIsSeenInALongSeries() {
    var inspection = Inspection()
    inspection.begin(source: "log")
    for minute in 0..<300 {
      let time = "2020-01-02 \(10 + minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60):00"
      for line in [time, "Tag,Bytes,Count", "Leak,\((minute + 1) * 100_000),\(minute + 1)", ""] {
        inspection.read(line: Array(line.utf8))
        _ = inspection.takeListings()
      }
    }
    let leak = inspection.report().diagnosis.first { $0.verdict == .leakCandidate }
    #expect(leak?.bytes == 299 * 100_000)
    #expect(leak?.text.contains("in every one of") == true)
  }

  @Test func ofManyAllocationsTheFirstAreKeptAndAllAreCounted() {
    var list = AllocationListing(tool: .memProcFS)
    let most = AllocationListing.mostEntries
    func entry(_ tag: String, _ line: Int) -> AllocationListing.Entry {
      var entry = AllocationListing.Entry(
        address: UInt64(line) << 12, sizeBytes: 0x1000, tag: ListedTag(tag))
      entry.line = line
      return entry
    }
    for line in 1...(most + 10) { list.append(entry(line > most ? "Late" : "Leak", line)) }
    #expect(list.entries.count == most && list.count == most + 10 && !list.isShortened)
    let rows = TagTableListing(list).rows
    #expect(rows.map(\.tag) == [ListedTag("Leak"), ListedTag("Late")])
    #expect(rows.map(\.live) == [UInt64(most), 10] && rows[1].bytes == 10 << 12)
    // More kinds than are told apart: what is said of each is the least.
    for number in 0...ListingAssembler.mostRows {
      list.append(entry(String(format: "%04x", number), most + 20 + number))
    }
    #expect(list.isShortened && list.entries.count == most)
    let listing = Listing(source: "list", line: 1, content: .allocations(list))
    #expect(
      ListingCheck.check(listing).findings.first?.text.contains("Leak at least \(most)") == true)
  }

  @Test func moreConclusionsThanAreKeptAreSaid() {
    var first = FirstConclusions()
    let entry = DiagnosisEntry(
      verdict: .poorFit, tags: [], text: "One.", evidence: [], guidance: .halfPages)
    for _ in 0..<FirstConclusions.most { first.append(entry) }
    #expect(first.told.count == FirstConclusions.most && first.told.last?.text == "One.")
    first.append(entry)
    #expect(first.told.count == FirstConclusions.most)
    #expect(first.told.last?.text == "One. There are more like these: the first 1,000 are told.")
  }

  /// What an earlier state said of more like its last conclusion is said, whichever state says that one too.
  @Test func moreConclusionsOfAnEarlierStateAreSaid() throws {
    var inspection = Inspection()
    inspection.read(text: "Tag,Bytes,Count\nLeak,4096,1\n", source: "text")
    let table = inspection.report()
    func entry(_ tag: String) -> DiagnosisEntry {
      DiagnosisEntry(
        verdict: .corruption, tags: [ListedTag(tag)], text: "\(tag).", evidence: [],
        guidance: .halfPages)
    }
    var many = FirstConclusions()
    for _ in 0...FirstConclusions.most { many.append(entry("Many")) }
    let (more, other) = (try #require(many.told.last), entry("One"))
    func said(_ states: [[DiagnosisEntry]]) throws -> [String] {
      var series = InspectionSeries()
      for state in states {
        var report = table
        report.diagnosis = state
        series.append(report, time: nil)
      }
      let told = try #require(series.report()).diagnosis
      return told.filter { $0.verdict == .corruption }.map(\.text)
    }
    let sentence = " There are more like these: the first 1,000 are told."
    let before = "Before the last state: "
    #expect(try said([[other, more], []]) == [before + "One.", before + "Many." + sentence])
    #expect(
      try said([[other, more], [entry("Many")]]) == ["Many.", before + "One." + sentence])
    #expect(try said([[more], [entry("Many")]]) == ["Many." + sentence])
    #expect(try said([[more], [more]]) == ["Many." + sentence])
    #expect(try said([[entry("Many")], [more], []]) == [before + "Many." + sentence])
    // A thousand of all earlier states are told.
    let all = (0...FirstConclusions.most).map { entry("\($0)") }
    let told = try said([all, [all[FirstConclusions.most - 1]]])
    #expect(told.first == "999." && told.last == before + "998." + sentence)
  }

  @Test func aTableHasSoManyRowsAndNoMore() {
    let rows = ListingAssembler.mostRows
    var assembler = ListingAssembler(source: "log")
    #expect(assembler.hasRoom(rows - 1, 1) && assembler.reading.warningCount == 0)
    #expect(!assembler.hasRoom(rows, 2) && assembler.reading.warningCount == 1)
  }
}
