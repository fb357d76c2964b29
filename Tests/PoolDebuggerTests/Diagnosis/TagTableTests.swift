import Testing

@testable import PoolDebugger

/// Tables of tags in whatever form, one by one and one after the other.
@Suite struct TagTableTests {
  private func report(_ text: String) -> InspectionReport {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    return inspection.report()
  }

  private func rows(_ text: String) -> [TagTableListing.Row] {
    report(text).listings.compactMap(\.tagTable).flatMap(\.rows)
  }

  @Test(
    arguments: [
      ("12", 12), ("1,234,567", 1_234_567), ("7,695.3 MB", 8_069_106_892),
      ("17.299 GiB", 18_574_659_813),
      ("18,574,637,216 (17.299 GiB)", 18_574_637_216), ("1.234.567", 1_234_567), ("2,5 KB", 2_560),
      ("1 234 567", 1_234_567), ("512 K", 524_288), ("+7", 7), ("9'000", 9_000),
      ("99999999999999999999", nil), ("x", nil), ("", nil), ("12 apples", nil), (".", nil),
      (",", nil),
    ] as [(String, UInt64?)])
  func numbersAreReadAsWritten(_ text: String, _ value: UInt64?) {
    #expect(WrittenNumber.parse(text) == value)
  }

  @Test func columnsAreFoundByTheirNames() {
    let tables = [
      "Pool Tag;Type;Allocs;Frees;Outstanding;Size (KB)\nLeak;Paged;10;4;6;3",
      "| Tag | Pool | Allocations | Frees | In use | Bytes |\n|:---|---|--:|--:|--:|--:|\n"
        + "| **Leak** | Paged | 10 | 4 | 6 | 3,072 |",
      "Tag\tPagedAllocs\tPagedFrees\tPagedUsed\nLeak\t10\t4\t3072",
      "Tag         : Leak\nType        : Paged\nAllocs      : 10\nFrees       : 4\nBytes       : 3 KB",
      "\"Tag\",\"Type\",\"Allocs\",\"Frees\",\"Bytes\"\n\"Leak\",\"Paged\",\"10\",\"4\",\"3,072\"",
    ]
    for text in tables {
      let found = rows(text)
      #expect(found.count == 1, "\(text)")
      let row = found.first
      #expect(row?.tag == ListedTag("Leak") && row?.isPaged == true, "\(text)")
      #expect(row?.allocations == 10 && row?.frees == 4, "\(text)")
      #expect(row?.outstanding == 6 && row?.bytes == 3_072, "\(text)")
    }
  }

  @Test func bothPoolsOfARowAreTwoRows() {
    let found = rows(
      "Tag,NonPagedAllocs,NonPagedFrees,NonPagedUsed,PagedAllocs,PagedFrees,PagedUsed\n"
        + "Leak,5,1,400,9,2,700")
    #expect(found.map(\.isPaged) == [false, true] && found.map(\.bytes) == [400, 700])
    let block = rows("Tag: Leak\nNonpaged bytes: 400\nPaged bytes: 700\nTag: Next\nBytes: 5")
    #expect(block.map(\.bytes) == [400, 700, 5])
  }

  @Test func severalTablesInOneTextStayApart() {
    let text = """
      Nonpaged first:
      Tag,Bytes,Count
      Abcd,100,2

      and then

      | Tag | Bytes |
      |---|---|
      | Efgh | 7 |
      """
    #expect(report(text).listings.compactMap(\.tagTable).map(\.rows.count) == [1, 1])
  }

  @Test func whatOnlyLooksLikeATableIsNone() {
    for text in [
      "Name,Bytes,Count\nAbcd,100,2", "Size: 10\nCount: 5", "The 5 bytes of a tag",
      "op,id,size\nalloc,1,16", "Tag | is a word\nBytes | too",
    ] {
      #expect(report(text).listings.isEmpty, "\(text)")
    }
  }

  @Test func smallTablesGiveNoReason() {
    let quiet = report(
      "Tag,Type,Allocs,Frees,Bytes\nBoot,Paged,5000,0,4000000\nBusy,Paged,90000,89990,640")
    #expect(
      quiet.outcome == .held && quiet.headline.contains("A leak shows only in a second table"))
    #expect(!quiet.text.contains("healthy"))
  }

  @Test func noTableOfTheSamplesIsSuspiciousWithoutReason() throws {
    // The two with a leak of 2.7 million blocks of `amda` and the like were made for it.
    for expectation in try Samples.expectations() where expectation.verdict == "healthy" {
      for listing in try Samples.read(expectation.file).listings {
        #expect(ListingCheck.check(listing).verdict != .suspicious, "\(expectation.file)")
      }
    }
  }

  // MARK: - Series

  private static let log = """
    2026-01-05 10:00:00
    Tag,Type,Allocs,Frees,Bytes
    Leak,Paged,1000,0,1000000
    Pair,Paged,1000,0,100000
    Wave,Paged,1000,900,1000000
    2026-01-05 11:00:00
    Tag,Type,Allocs,Frees,Bytes
    Leak,Paged,5000,0,5000000
    Pair,Paged,5000,0,500000
    Wave,Paged,9000,100,90000000
    2026-01-05 12:00:00
    Tag,Type,Allocs,Frees,Bytes
    Leak,Paged,9000,0,9000000
    Pair,Paged,9000,0,900000
    Wave,Paged,9999,9899,1000000
    """

  @Test func aLogWithTimesIsASeries() throws {
    let report = report(Self.log)
    #expect(report.outcome == .found)
    let verdicts = report.diagnosis.map(\.verdict)
    #expect(verdicts.first == .pairedLeak && verdicts.filter { $0 == .leakCandidate }.count == 2)
    let leak = try #require(report.diagnosis.first { $0.verdict == .leakCandidate })
    #expect(leak.tags == [ListedTag("Leak")] && leak.bytes == 8_000_000)
    #expect(leak.text.contains("in every one of 3 snapshots"))
    #expect(leak.text.contains("1.1 allocations and 1,111.1 bytes a second"))
    let wave = try #require(report.diagnosis.first { $0.verdict == .noGrowth })
    #expect(wave.tags == [ListedTag("Wave")] && wave.text.contains("shrank again"))
    #expect(!report.diagnosis.contains { $0.verdict == .leakCandidate && $0.tags == wave.tags })
  }

  @Test func growthIsDatedFromItsBeginning() throws {
    func state(_ bytes: UInt64, _ time: Double) -> (report: InspectionReport, time: Double?) {
      (report("Tag,Bytes,Count\nLeak,\(bytes),\(bytes / 100)\n"), time)
    }
    let states = [
      state(90_000_000, 0), state(10_000_000, 60), state(40_000_000, 120), state(200_000_000, 180),
    ]
    func series(_ states: [(report: InspectionReport, time: Double?)]) -> InspectionReport? {
      var series = InspectionSeries()
      for state in states { series.append(state.report, time: state.time) }
      return series.report()
    }
    let rising = try #require(series(states))
    let leak = try #require(rising.diagnosis.first { $0.verdict == .leakCandidate })
    #expect(leak.text.contains("without a pause since snapshot 2 of 4"))
    let falling = try #require(series(states.reversed()))
    #expect(!falling.diagnosis.contains { $0.verdict == .leakCandidate })
  }

  @Test func theTimeToTheCommitLimitIsTold() throws {
    func screen(_ bytes: Int, _ time: String) -> String {
      """
      \(time)
       Memory:33395316K Avail: 8012345K  PageFlts:     0   InRam Krnl:   36K P:30110000K
       Commit:1000000K Limit:2000000K Peak:2000000K            Pool N:11970000K P:30110000K
       Leak Nonp \(bytes / 1_000) 0 \(bytes / 1_000) \(bytes) 1000

      """
    }
    let report = report(
      screen(10_240_000, "2026-01-05 10:00:00") + screen(112_640_000, "2026-01-05 11:00:00"))
    let leak = try #require(report.diagnosis.first { $0.verdict == .leakCandidate })
    #expect(leak.text.contains("the commit limit is 10.0 hours away"))
  }

  @Test func timesAreReadAsScriptsWriteThem() {
    let times = [
      "2026-01-05 13:05:09", "snapshot of 2026-01-05T13:05:09Z", "poolmon-20260105-130509.txt",
      "1/5/2026 1:05:09 PM", "poolmon_2026-01-05_13-05-09.log",
    ].map { WrittenTime.find(Array($0.utf8)) }
    #expect(times.allSatisfy { $0 != nil && $0 == times[0] })
    let next = WrittenTime.find(Array("2026-03-01 00:00:00".utf8))
    let before = WrittenTime.find(Array("2026-02-28 23:59:59".utf8))
    #expect(next.map { $0 - 1 } == before)
    for text in ["2026-13-05 10:00", "10.5.0.1", "12:30", "2026-01-05", "99999999-000000"] {
      #expect(WrittenTime.find(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func ownersAreNamedAndAUsersListWins() {
    let table = "Tag,Bytes,Count\nFMfn,5000000000,9000000\n"
    #expect(report(table).text.contains("owner: Filter manager: cache of file names"))
    #expect(report(table).text.contains("known: a file system filter"))
    var inspection = Inspection(
      owners: PoolTagFile(Array("FMfn - other.sys - Something else\n".utf8)).descriptions)
    inspection.read(text: table, source: "text")
    #expect(inspection.report().text.contains("owner: Something else (other.sys)"))
    #expect(PoolTagDescriptions.builtIn.count >= 100)
  }

  /// Europe's thousands have points: what is counted is whole, however it is written.
  @Test func aPointInAWholeNumberSeparatesThousands() {
    let text = """
      Tag;Type;Allocs;Frees;Diff;Bytes
      Leak;Paged;9.000.000;12.000;8.988.000;2.300.928.000
      Smal;Nonp;2.500;1.250;1.250;65.536
      """
    let rows = ListingReader.read(text, source: "text").listings.compactMap { listing in
      if case .tagTable(let table) = listing.content { table.rows } else { nil }
    }.flatMap(\.self)
    #expect(rows.map(\.frees) == [12_000, 1_250] && rows.map(\.live) == [8_988_000, 1_250])
    #expect(rows.map(\.bytes) == [2_300_928_000, 65_536])
    #expect(
      WrittenNumber.parse("1.234") == 1 && WrittenNumber.parse("1.234", isWhole: true) == 1_234)
    #expect(WrittenNumber.parse("7.695 MB", isWhole: true) == 8_068_792)
    #expect(WrittenNumber.parse("12345.678", isWhole: true) == 12_345)
  }

  /// A script's table has PoolMon's columns without the last one, and is a series where it has times.
  @Test func poolMonsColumnsWithoutTheMeanAreRead() {
    func table(_ hour: Int, _ live: Int) -> String {
      """
      2026-11-29 1\(hour):00:00
      Tag  Type     Allocs     Frees      Diff       Bytes
      Toke Paged     \(live + 400_000)    400000     \(live)   \(live * 1_748)
      Ntfx Nonp       500000    499000       1000       544000

      """
    }
    let log = table(0, 600_000) + table(1, 1_190_000) + table(2, 1_780_000)
    var inspection = Inspection()
    inspection.read(text: log, source: "log")
    let report = inspection.report()
    #expect(report.warningCount == 0 && report.listings.count == 3)
    #expect(report.outcome == .found && report.diagnosis.contains { $0.verdict == .leakCandidate })
    // With PoolMon's own heading a row without its last number is torn.
    let torn = log.replacing("Bytes\n", with: "Bytes  Per Alloc\n")
    var second = Inspection()
    second.read(text: torn, source: "log")
    #expect(second.report().warningCount == 6)
  }

  @Test func pairsOfNamesAndValuesAreRows() {
    let text = """
      NonPaged Tag=Nbtk Allocs=2400 Frees=2300 Bytes=123456
      NonPaged Tag=ALPC, Allocs=90000000, Frees=1200, Bytes=12 GB
      path=C:\\tags bytes=7
      """
    let listings = ListingReader.read(text, source: "text").listings
    guard case .tagTable(let table)? = listings.first?.content else {
      Issue.record("the lines are a table")
      return
    }
    #expect(table.rows.map(\.tag) == [ListedTag("Nbtk"), ListedTag("ALPC")])
    #expect(table.rows.map(\.isPaged) == [false, false])
    #expect(table.rows.map(\.bytes) == [123_456, 12 << 30])
  }
}
