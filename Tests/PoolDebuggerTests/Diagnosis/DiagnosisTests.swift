import Testing

@testable import PoolDebugger

@Suite struct DiagnosisTests {
  private func checked(_ text: String) -> [CheckedListing] {
    ListingReader.read(text, source: "text").listings.map(ListingCheck.check)
  }

  private static let heading = "Tag Allocs Used Allocs Used\n"

  @Test func growthIsALeakCandidateWithItsRates() throws {
    let before = checked(Self.heading + "amda 1000 336000 0 0\nIoWI 990 110880 0 0\nCalm 5 80 0 0")
    let after = checked(Self.heading + "amda 4600 1545600 0 0\nIoWI 4590 514080 0 0\nCalm 6 96 0 0")
    let entries = Diagnosis.compare(before: before, after: after, seconds: 3_600)
    #expect(entries.map(\.verdict) == [.pairedLeak, .leakCandidate, .leakCandidate])
    #expect(entries[0].tags == [ListedTag("IoWI"), ListedTag("amda")])
    #expect(entries[0].bytes == 1_209_600 + 403_200)
    #expect(entries[1].tags == [ListedTag("amda")])
    #expect(entries[1].text.contains("3,600 allocations and 1,209,600 bytes, all of 336 bytes"))
    #expect(entries[1].text.contains("1.0 allocations and 336.0 bytes a second"))
    #expect(entries[1].text.contains("1.2 MB an hour"))
  }

  @Test func withoutATimeThereAreNoRates() throws {
    let before = checked(Self.heading + "Leak 10 1000 0 0")
    let after = checked(Self.heading + "Leak 300 30000 0 0")
    let entry = try #require(
      Diagnosis.compare(before: before, after: after, seconds: nil).first)
    #expect(entry.verdict == .leakCandidate && !entry.text.contains("second"))
    #expect(Diagnosis.compare(before: after, after: before, seconds: 1).isEmpty)
    #expect(Diagnosis.compare(before: before, after: [], seconds: 1).isEmpty)
  }

  @Test func comingAndGoingIsChurn() throws {
    let before = checked(" Drsd Paged 4294967290 4294967280 10 8320 832")
    let after = checked(" Drsd Paged 49994 49984 10 8320 832")
    let entries = Diagnosis.compare(before: before, after: after, seconds: 100)
    #expect(entries.map(\.verdict) == [.churn])
    #expect(entries[0].text.contains("50,000 times (500.0 a second)"))
    #expect(entries[0].guidance == .lookaside)
  }

  @Test func oneRefreshIsNoProof() throws {
    let screen = try Samples.read("405-poolmon-docs.txt").listings.map(ListingCheck.check)
    let growth = try #require(Diagnosis.diagnose(screen).first)
    #expect(growth.verdict == .growth && growth.bytes == 4_992)
    #expect(growth.text.contains("before calling it a leak"))
    let session = try Samples.read("408-poolmon-docs.txt").listings.map(ListingCheck.check)
    #expect(Diagnosis.diagnose(session).map(\.verdict) == [.churn, .noGrowth])
    let quiet = try Samples.read("406-poolmon-docs.txt").listings.map(ListingCheck.check)
    #expect(Diagnosis.diagnose(quiet).isEmpty)
  }

  @Test func aPoolAtItsMaximumIsReported() throws {
    let text = """
      Physical Memory: 100000 ( 400000 Kb)
      NonPagedPool Usage: 30000 ( 120000 Kb)
      NonPagedPool Max: 32000 ( 128000 Kb)
      """
    let entries = Diagnosis.diagnose(checked(text))
    #expect(entries.map(\.verdict) == [.limitNear, .memoryShare])
    #expect(entries[0].bytes == 2_000 * 4_096)
    #expect(entries[1].text.contains("30.0 %"))
  }

  @Test func unlimitedPoolsHaveNoDistance() throws {
    let eleven = try Samples.read("101-vm1-win11-8g.txt").listings.map(ListingCheck.check)
    #expect(Diagnosis.diagnose(eleven).isEmpty)
  }

  @Test func blocksJustOverHalfAPageFitPoorly() throws {
    let page = try Samples.read("035-win7x86-qrnt-808-8byte-free.txt").listings
      .map(ListingCheck.check)
    let entries = Diagnosis.diagnose(page)
    #expect(entries.map(\.verdict) == [.poorFit])
    #expect(entries[0].tags == [ListedTag("Qrnt")] && entries[0].bytes == 0x7F8)
  }

  @Test func corruptPagesComeFirstWithTheirSuspect() throws {
    let text = """
      fa808000 size: a20 previous size: 0 (Allocated) Good
      fa808a20 size: 18 previous size: a20 (Allocated) Evil
      fa808a38 size: 5c8 previous size: 20 (Free) NtFs
      """
    let entry = try #require(Diagnosis.diagnose(checked(text)).first)
    #expect(entry.verdict == .corruption && entry.tags == [ListedTag("Evil")])
    #expect(entry.guidance == .specialPool)
  }

  @Test func anOldDebuggerIsNoCorruption() throws {
    let old = try Samples.read("053-win10x64-1809-heap-key-error.txt").listings
      .map(ListingCheck.check)
    #expect(Diagnosis.diagnose(old).map(\.verdict) == [.debuggerLimit])
  }

  @Test func numbersAreWrittenTheSameEverywhere() {
    #expect(DecimalText.grouped(0) == "0" && DecimalText.grouped(1_234_567) == "1,234,567")
    #expect(DecimalText.percent(1, of: 3) == "33.3 %" && DecimalText.percent(1, of: 0) == "0.0 %")
    #expect(DecimalText.oneDecimal(-0.04) == "0.0" && DecimalText.oneDecimal(.nan) == "?")
  }
}
