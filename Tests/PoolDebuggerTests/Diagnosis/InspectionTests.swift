import Foundation
import JSONLines
import Testing

@testable import PoolDebugger

@Suite struct InspectionTests {
  private func story() throws -> InspectionReport {
    var inspection = Inspection()
    for name in ["vm.txt", "poolused.txt", "pool-pages.txt", "mmcm.txt"] {
      inspection.read(text: try Samples.text("incident/\(name)"), source: name)
    }
    return inspection.report()
  }

  @Test func theReportTellsTheStory() throws {
    let report = try story()
    #expect(report.outcome == .found && report.warningCount == 0)
    let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("Found: The nonpaged pool holds 25,463 pages"))
    #expect(lines[0].hasSuffix("(and 1 more, below)"))
    #expect(lines[2] == "vm.txt:1: !vm, 26 values: healthy")
    #expect(lines[3] == "poolused.txt:1: !poolused, 5 tags: healthy")
    #expect(
      lines[4]
        == "pool-pages.txt:2: !pool page fa808000 (Nonpaged pool), classic, 3 blocks: healthy")
    let order = report.diagnosis.map(\.verdict.rawValue)
    #expect(
      order == [
        "fragmentation", "untagged-paged", "pinned-pages", "pinned-pages", "unserved-sizes",
        "near-page-requests", "limit-distance", "limit-distance", "largest-consumer",
        "unknown-large-blocks", "uneven-pools",
      ])
  }

  @Test func everyLineOfJSONIsAnObjectWithTheFixedNames() throws {
    let lines = try story().jsonLines
    #expect(lines.count == 14)
    for line in lines.dropLast() {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(
        Set(object.keys) == [
          "version", "source", "line", "kind", "layout", "verdict", "findings", "blocks",
        ])
    }
    let last = try #require(lines.last)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    let diagnosis = try #require(object["diagnosis"] as? [[String: Any]])
    #expect(diagnosis.count == 11)
    #expect(diagnosis[0]["verdict"] as? String == "fragmentation")
    #expect(diagnosis[0]["bytes"] as? Int == 38_384_344)
    #expect(diagnosis[2]["tag"] as? String == "ReEv")
    for name in ["verdict", "tag", "evidence", "guidance", "bytes"] {
      #expect(diagnosis.allSatisfy { $0[name] != nil }, "\(name)")
    }
  }

  @Test func jsonIsExactAndEscaped() {
    let value = JSONValue.object([
      ("b", .unsigned(.max)), ("a", .string("\"\\\n\u{1}é")), ("c", .array([.null])),
      ("d", .number(.infinity)), ("e", .number(0.5)), ("f", .integer(-1)), ("g", .bool(true)),
    ])
    let expected =
      #"{"b":18446744073709551615,"a":"\"\\\n\u0001é","c":[null],"d":null,"e":0.5,"f":-1,"g":true}"#
    #expect(value.text == expected)
    #expect(JSONValue.optional(nil).text == "null" && JSONValue.optional("x").text == "\"x\"")
  }

  @Test func corruptionAndOddLinesAppear() throws {
    var inspection = Inspection()
    inspection.begin(source: "page.txt")
    for line in LineSplitter.lines(
      of: """
        fa808000 size: a20 previous size: 0 (Allocated) Good
        fa808a20 size: 18 previous size: a21 (Allocated) Evil
        fa808a38 size: oops
        """)
    {
      inspection.read(line: line)
    }
    let report = inspection.report()
    #expect(report.outcome == .found)
    #expect(report.text.contains("! size-alignment: fa808a20"))
    #expect(report.text.contains("Odd lines (1):\n  page.txt:3: a block line"))
    #expect(report.warnings.first?.line == 3)
  }

  @Test func emptyTextSaysSo() {
    var inspection = Inspection()
    inspection.read(text: "Nothing of the kind.\n", source: "prose")
    let report = inspection.report()
    #expect(report.outcome == .notJudged && report.unreadSources == ["prose"])
    #expect(report.text.hasPrefix("Not judged: no debugger output recognised in 1 line."))
    #expect(report.jsonLines.count == 1)
    #expect(report.jsonLines[0].contains(#""outcome":"not-judged""#))
    #expect(report.unrecognisedLines == 1)
  }

  @Test func comparisonsAddToTheReport() {
    func report(_ rows: String) -> InspectionReport {
      var inspection = Inspection()
      inspection.read(text: "Tag Allocs Used Allocs Used\n" + rows, source: "table")
      return inspection.report()
    }
    let compared = Inspection.compare(
      before: report("Leak 10 1000 0 0"), after: report("Leak 300 30000 0 0"), seconds: 10)
    #expect(compared.diagnosis.map(\.verdict) == [.leakCandidate])
  }
}
