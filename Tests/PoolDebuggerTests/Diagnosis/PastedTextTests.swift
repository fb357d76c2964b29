import PoolTestSupport
import PropertyTesting
import Testing

@testable import PoolDebugger

/// Texts as people paste them, each with what must be said of it and what must not.
@Suite struct PastedTextTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var file: String
    var outcome: InspectionReport.Outcome
    var says: [String]
    var saysNot: [String] = []

    var testDescription: String { file }
  }

  private static let oneTable = "One table proves no leak: take a second"

  static let cases: [Case] = [
    .init(
      file: "A1-19-20-own-header.txt", outcome: .found,
      says: ["not proved: which header is damaged", "size 0x90", "either of the two headers"],
      saysNot: ["intact"]),
    .init(
      file: "B1-19-20-x86-dword.txt", outcome: .found,
      says: ["previous size 0x20, pool index 0, size 0xe0, pool type 0x45"]),
    .init(
      file: "B3-c2-7-x86-dword.txt", outcome: .found,
      says: ["previous size 0x8, pool index 0, size 0x10, pool type 0x1", "0xcd4: reserved"],
      saysNot: ["no tag", "tag '"]),
    .init(
      file: "C1-fatal-system-error.txt", outcome: .found,
      says: ["0x19 0x3 0x8278d970 0x4f4f4f4f 0x4f4f4f4f"]),
    .init(
      file: "C2-event-log.txt", outcome: .found,
      says: ["0xc2 0x7 0x109b 0x0 0xfffffa8001b10800"]),
    .init(
      file: "C4-whocrashed.txt", outcome: .found,
      says: ["0x19 0x20 0xffffb30e2663d940 0xffffb30e2663da00 0x40c0001"]),
    .init(
      file: "C5-systeminfo-line.txt", outcome: .found,
      says: ["0x19 0x22 0xffffbd06d46e0000 0x1 0x0", "table of large allocations"]),
    .init(
      file: "C6-markdown-code-lines.txt", outcome: .found,
      says: ["0xc2 0xd 0xffffc50c03936310 0x20ab4433 0x981276f174f0dba6", "no tag"]),
    .init(
      file: "C8-cut-title.txt", outcome: .found,
      says: ["0x13a 0x11 0xffffb984a5c00100 0xffffb984b62f7540 0x0"]),
    .init(
      file: "C9-no-title.txt", outcome: .found,
      says: ["0xc2 0x7 0x11c1 0x4810007", "the code is not in the text"],
      saysNot: ["Odd lines"]),
    .init(
      file: "D1-poolval-inVALID.txt", outcome: .found, says: ["calls the page invalid"],
      saysNot: ["healthy"]),
    .init(
      file: "E1-c2-7-reserved-not-a-tag.txt", outcome: .found,
      says: ["0x109b: reserved", "not marked in use"], saysNot: ["no tag", "tag '"]),
    .init(
      file: "F1-dt-x86.txt", outcome: .held,
      says: [
        "previous size 0x60, pool index 1, size 0x78, pool type 0x43", "tag 'abcd'", "91c26128",
      ], saysNot: ["healthy"]),
    .init(
      file: "G1-dc-tail.txt", outcome: .held,
      says: [
        "2 block headers: the tail of the page behind a large allocation",
        "tag Frag, previous size 0x0, pool index 1, size 0x10, pool type 0x2",
        "tag Free, previous size 0x10, pool index 1, size 0x40",
      ]),
    .init(
      file: "G3-db-overwritten-header.txt", outcome: .found,
      says: ["5 bytes 0x49 (\"I\") ran into the header", "block of tag Even", "?ven"]),
    .init(
      file: "H1-c4-62.txt", outcome: .found,
      says: ["1 allocations left", "!verifier 3"], saysNot: ["corrupt:", ": corrupt"]),
    .init(
      file: "I1-backtick-parameters-cut.txt", outcome: .found,
      says: ["0xffff808ac4657900 0xffff808ac46579e0 0x40e0001"]),
    .init(
      file: "L1-large-overrun-advice.txt", outcome: .found,
      says: ["0x2030 (8,240) bytes allocated", "0x200053000", "does not serve allocations"],
      saysNot: ["Run the suspect under special pool"]),
    .init(
      file: "M1-c1-p4.txt", outcome: .found,
      says: ["bytes behind the block are damaged", "lies 0x68 behind the freed address"]),
    .init(
      file: "M2-d5.txt", outcome: .found,
      says: ["P2: 0x0: a read", "fffff980143dc000", "P3: fffff8800a1b2c3d: the instruction"]),
    .init(
      file: "M3-de.txt", outcome: .found,
      says: ["POOL_CORRUPTION_IN_FILE_AREA", "0x2 0xffff808ac4657900 0xffff808ac4657980 0x10"]),
    .init(
      file: "M4-19-3-both-links-text.txt", outcome: .found,
      says: ["both links resemble the text \"OOOO\"", "no torn link"]),
    .init(
      file: "M6-c2-unknown-p1.txt", outcome: .notJudged,
      says: ["0x1234 is not published"], saysNot: ["a free of", "suspect:"]),
    .init(
      file: "M7-c1-30-irql.txt", outcome: .found,
      says: ["DISPATCH_LEVEL", "0x1000 (4,096) bytes asked for", "pool type, nonpaged"],
      saysNot: ["corrupt"]),
    .init(
      file: "T6-13a-failure-bucket.txt", outcome: .found,
      says: ["0x13a 0x11", "tag PMas", "in portmaster-kext_v1-1-2.sys"]),
    .init(
      file: "K1-one-tag-holds-the-pool.txt", outcome: .found,
      says: ["NtFC holds 99.7 %", "41,951,020 blocks of 533.7 bytes", oneTable],
      saysNot: ["healthy"]),
    .init(
      file: "T1-tags-markdown.txt", outcome: .found,
      says: [
        "Tag Toke holds 51.5 %", "Tag FMfn", "SeTd, Toke have the same number", "3,708,367",
        oneTable,
      ]),
    .init(
      file: "T2-tags-csv.txt", outcome: .found,
      says: ["41,951,020 blocks", "hardly ever freed", oneTable], saysNot: ["healthy"]),
    .init(
      file: "T3-tags-key-value.txt", outcome: .found,
      says: ["18,574,637,216 bytes", "110,418,754 blocks", "6.9 % of its 1,607,446,837", oneTable]),
    .init(
      file: "T4-poolmon-one-row.txt", outcome: .found,
      says: ["19,190,861 allocations against 94,407 frees (0.5 %)", oneTable],
      saysNot: ["healthy"]),
    .init(
      file: "T5-tags-live-equal.txt", outcome: .found,
      says: ["WCfc, WCsc, WCse have the same number of blocks in use, 874", "one object", oneTable]),
    .init(
      file: "T7-poolmon-one-snapshot.txt", outcome: .found,
      says: [
        "SeTd, Toke have the same number", "WCfc, WCsc have the same number",
        "WCfn: freed as often as allocated, so no leak", oneTable,
      ]),
  ]

  @Test(arguments: cases) func theTextIsUnderstood(_ expected: Case) throws {
    var inspection = Inspection()
    inspection.read(text: try Samples.text("pasted/\(expected.file)"), source: "text")
    let report = inspection.report()
    #expect(report.outcome == expected.outcome)
    for words in expected.says { #expect(report.text.contains(words), "\(words)") }
    for words in expected.saysNot { #expect(!report.text.contains(words), "\(words)") }
    #expect(!report.headline.isEmpty)
  }

  /// What a shell's redirection and the debugger's log make of a text changes nothing.
  @Test(arguments: cases) func theSameInUTF16(_ expected: Case) throws {
    let text = try Samples.text("pasted/\(expected.file)")
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    let plain = inspection.report().text
    for (isBigEndian, hasMark) in [(false, true), (true, true), (false, false), (true, false)] {
      var bytes: [UInt8] = []
      for unit in (hasMark ? [0xFEFF] : []) + Array(text.utf16) {
        let high = UInt8(unit >> 8)
        let low = UInt8(unit & 0xFF)
        bytes += isBigEndian ? [high, low] : [low, high]
      }
      var wide = Inspection()
      wide.begin(source: "text")
      var splitter = LineSplitter()
      // Odd pieces cut units in halves.
      for start in stride(from: 0, to: bytes.count, by: 7) {
        splitter.push(bytes[start..<min(start + 7, bytes.count)]) { wide.read(line: $0) }
      }
      splitter.finish { wide.read(line: $0) }
      #expect(wide.report().text == plain)
    }
    var marked = Inspection()
    marked.begin(source: "text")
    var splitter = LineSplitter()
    splitter.push([0xEF, 0xBB, 0xBF] + Array(text.utf8)) { marked.read(line: $0) }
    splitter.finish { marked.read(line: $0) }
    #expect(marked.report().text == plain)
  }

  @Test func whatIsNoTextIsNamed() {
    let heads: [([UInt8], BinaryContent)] = [
      (Array("PAGEDU64".utf8) + [0, 0], .kernelDump),
      (Array("MDMP".utf8) + [0x93, 0xA7, 0, 0], .processDump),
      ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0], .gzip), ([0x28, 0xB5, 0x2F, 0xFD, 4, 0x58], .zstandard),
      ([0x50, 0x4B, 3, 4, 20, 0, 0, 0], .zip), ([1, 0, 0, 0, 9, 0, 7, 7], .unknown),
      ([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [0, 0, 0, 0, 0, 0, 0, 0, 4, 0], .core),
      ([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [0, 0, 0, 0, 0, 0, 0, 0, 3, 0], .executable),
      ([0xD2, 0xBE, 0xD2, 0xBE, 8, 0, 0, 0], .vmwareState),
      ([0x7F] + Array("VirtualBox SavedState V2.0\n".utf8), .virtualBoxState),
      (Array("QEVM".utf8) + [0, 0, 0, 3], .qemuState),
      (Array("EMiL".utf8) + [1, 0, 0, 0], .memoryImage),
      (Array("RSTR".utf8) + [0, 0, 0, 0], .hibernationFile),
    ]
    for (head, content) in heads {
      var splitter = LineSplitter()
      var lines = 0
      splitter.push(head + Array("\nBugCheck 19, {20, 1, 2, 3}\n".utf8)) { _ in lines += 1 }
      splitter.finish { _ in lines += 1 }
      #expect(splitter.binary == content && lines == 0)
    }
    for words in ["PAGE of text\n", "wake it up\n", "RSTR = 0, restart\n"] {
      var text = LineSplitter()
      text.push(Array(words.utf8)) { _ in }
      #expect(text.binary == nil)
    }
  }

  /// Cut anywhere, or with a byte changed, a text may say less and must never say that all is well.
  @Test(arguments: cases) func damagedTextsAreSurvived(_ expected: Case) throws {
    let bytes = Array(try Samples.text("pasted/\(expected.file)").utf8)
    var random = SplitMix64(seed: 11)
    for cut in stride(from: 0, to: bytes.count, by: TestScale.count(5, all: 1)) {
      var changed = Array(bytes[..<cut])
      if cut.isMultiple(of: 3) {
        changed = bytes
        changed[cut] = UInt8(truncatingIfNeeded: random.next())
      }
      var inspection = Inspection()
      inspection.read(text: String(decoding: changed, as: UTF8.self), source: "text")
      let report = inspection.report()
      #expect(!report.listings.contains { $0.verdict == .healthy && $0.tagTable == nil })
      #expect(report.jsonLines.allSatisfy { !$0.contains("\n") })
    }
  }

  // MARK: - Further forms

  private func check(_ text: String) -> (InspectionReport, [BugCheckListing]) {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    let report = inspection.report()
    let checks = report.listings.compactMap { checked -> BugCheckListing? in
      guard case .bugCheck(let check) = checked.listing.content else { return nil }
      return check
    }
    return (report, checks)
  }

  @Test(arguments: [
    "Bugcheck code 00000019\nArguments 00000003 8278d970 4f4f4f4f 4f4f4f4f",
    "*** STOP: 0x00000019 (0x00000003, 0x8278D970, 0x4F4F4F4F, 0x4F4F4F4F)",
    "> **BugCheck 19, {3, 8278d970, 4f4f4f4f, 4f4f4f4f}**",
    "BugCheck 19, {3, [COLOR=\"#FF0000\"]8278d970[/COLOR], 4f4f4f4f, [B]4f4f4f4f[/B]}",
    "`BugCheck 19, {3, 8278d970, 4f4f4f4f, 4f4f4f4f}`",
    "BUGCHECK_P4: 4f4f4f4f\nBUGCHECK_P1: 3\nBUGCHECK_P2: 8278d970\nBUGCHECK_P3: 4f4f4f4f\n"
      + "BUGCHECK_CODE:  19",
    "BugcheckCode 25\nBugcheckParameter1 0x3\nBugcheckParameter2 0x8278d970\n"
      + "BugcheckParameter3 0x4f4f4f4f\nBugcheckParameter4 0x4f4f4f4f",
    "BCCode: 19\nBCP1: 00000003\nBCP2: 8278D970\nBCP3: 4F4F4F4F\nBCP4: 4F4F4F4F",
    "Mini.dmp\t1/2/2010 3:04:05\tBAD_POOL_HEADER\t0x00000019\t0x00000003\t0x8278d970\t"
      + "0x4f4f4f4f\t0x4f4f4f4f\tntkrnlpa.exe",
    "Der Computer wurde nach einem Fehler neu gestartet. Der Fehlercode war: 0x00000019 "
      + "(0x00000003, 0x8278d970, 0x4f4f4f4f, 0x4f4f4f4f).",
    "<Data Name=\"BugcheckCode\">25</Data><Data Name=\"BugcheckParameter1\">0x3</Data>"
      + "<Data Name=\"BugcheckParameter2\">0x8278d970</Data>"
      + "<Data Name=\"BugcheckParameter3\">0x4f4f4f4f</Data>"
      + "<Data Name=\"BugcheckParameter4\">0x4f4f4f4f</Data>",
    "<Data Name=\"BugcheckCode\">25</Data>\n<Data Name=\"BugcheckParameter1\">0x3</Data>\n"
      + "<Data Name=\"BugcheckParameter2\">0x8278d970</Data>\n"
      + "<Data Name=\"BugcheckParameter3\">0x4f4f4f4f</Data>\n"
      + "<Data Name=\"BugcheckParameter4\">0x4f4f4f4f</Data>",
    "<Data Name=\"param1\">0x00000019 (0x00000003, 0x8278d970, 0x4f4f4f4f, 0x4f4f4f4f)</Data>",
  ]) func everyFormIsTheSameBugCheck(_ text: String) {
    let (report, checks) = check(text)
    #expect(checks.map(\.code) == [0x19])
    #expect(checks.first?.parameters == [3, 0x8278_D970, 0x4F4F_4F4F, 0x4F4F_4F4F])
    #expect(report.outcome == .found && report.warningCount == 0)
  }

  @Test func theSameBugCheckPastedTwiceIsOne() {
    let text = """
      BugCheck 19, {20, ffffb30e2663d940, ffffb30e2663da00, 40c0001}
      0: kd> !analyze -v
      BAD_POOL_HEADER (19)
      Arg1: 0000000000000020, a pool block header size is corrupt.
      Arg2: ffffb30e2663d940, The pool entry we were looking for within the page.
      Arg3: ffffb30e2663da00, The next pool entry.
      Arg4: 00000000040c0001, (reserved)
      BUGCHECK_STR:  0x19_20
      """
    let (report, checks) = check(text)
    #expect(checks.count == 1 && checks[0].repeatedLines == [3])
    #expect(report.diagnosis.count == 1)
    let other = check(text + "\nBugCheck 19, {20, ffffb30e2663e940, ffffb30e2663ea00, 40c0001}")
    #expect(other.1.count == 2)
  }

  @Test func aTornNumberIsOddAndNeverHalved() {
    let (_, checks) = check(
      "BAD_POOL_HEADER (19)\nArg1: 20, x\nArg2: ffff808a`c465, x\nArg3: ffff808a`c46579e0")
    #expect(checks.first?.parameters == [0x20, nil, 0xFFFF_808A_C465_79E0, nil])
  }

  @Test func otherBugChecksAreNamedAndNotJudged() {
    let (report, checks) = check(
      "PFN_LIST_CORRUPT (4e)\nArg1: 0000000000000099, x\nArg2: 1, x\nArg3: 2, x\nArg4: 0, x")
    #expect(checks.first?.parameters == [0x99, 1, 2, 0])
    #expect(report.outcome == .notJudged && report.text.contains("not a bug check of the pool"))
  }

  @Test func aNameAloneTellsTheCode() {
    let (report, checks) = check("Stop code: BAD_POOL_HEADER")
    #expect(checks.map(\.code) == [0x19] && report.outcome == .found)
    #expect(report.text.contains("stands in parameter 1, which the text lacks"))
    #expect(check("Stop code: BAD_POOL_CALLER").0.outcome == .notJudged)
  }

  @Test func anEmptyPoolsEventNamesThePool() {
    let nonpaged = check(
      "The server was unable to allocate from the system nonpaged pool because the pool was empty.")
    #expect(nonpaged.0.outcome == .found && nonpaged.0.text.contains("!poolused 2"))
    let paged = check("Error  Srv  2020  None  unable to allocate")
    #expect(paged.0.text.contains("event 2020") && paged.0.text.contains("the paged pool"))
    #expect(check("Srv started on 2020-02-02").0.listings.isEmpty)
    let whole =
      "Error Srv 2020 None\nThe server was unable to allocate from the system paged pool because the "
      + "pool was empty.\n"
    #expect(check(whole).0.listings.count == 1)
    #expect(check(whole + "a\nb\nc\nd\n" + whole).0.listings.count == 2)
  }

  @Test func withoutSymbolsTheDebuggersWordsWeighNothing() {
    let words = """
      Pool page fffff80003a4e0a0 region is Unknown
      Bad previous allocation size @fffff80003a4e000, last size was 0
      Pool page [ fffff80003a4e000 ] is __inVALID.
      """
    #expect(check(words).0.outcome == .notJudged)
    let unready =
      "Unable to read MiSystemVaType memory at fffff80003a4e0a0\n"
      + words.replacing("Unknown", with: "Nonpaged pool")
    #expect(check(unready).0.outcome == .notJudged)
    let ready = words.replacing("Unknown", with: "Nonpaged pool")
    #expect(check(ready).0.outcome == .found)
  }
}
