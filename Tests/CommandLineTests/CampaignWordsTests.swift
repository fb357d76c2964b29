import Foundation
import PoolTestSupport
import Testing

@testable import poolfuzz

/// What a campaign says to people: counts that add up, and a command that goes on.
struct CampaignWordsTests {
  private let folder: Scratch

  init() throws { folder = try Scratch() }

  private func fuzz(_ options: [String]) throws -> Command.Result {
    try Command.run(
      ["fuzz", "--mix", "small-lists", "--operations", "16", "--corpus", folder.path + "/c d"]
        + options)
  }

  private func goOn() throws -> String {
    let report = try folder.text("c d/fuzz/report.md")
    let row = try #require(report.split(separator: "\n").first { $0.hasPrefix("| go on | `") })
    return String(row.dropFirst("| go on | `".count).dropLast("` |".count))
  }

  @Test func asManyTracesAreToldAsWereAskedFor() throws {
    let run = try fuzz(["--traces", "64", "--seed", "5", "--canary", "8"])
    #expect(run.code == 0)
    let end = try #require(run.errors.split(separator: "\n").first { $0.hasPrefix("end: ") })
    #expect(end.hasPrefix("end: 64 traces tried ("))
    #expect(end.contains(" of them to test the alarm), "))
    #expect(end.contains("; 0 failures found; "))
    let report = try folder.text("c d/fuzz/report.md")
    #expect(report.contains("| traces | 64, "))
  }

  /// Of a campaign that is whole the next seed is begun; the command is one, folder with a blank and all.
  @Test func theReportNamesACommandThatGoesOn() throws {
    #expect(try fuzz(["--traces", "16", "--seed", "5", "--jobs", "1"]).code == 0)
    let command = try goOn()
    #expect(
      command == "poolfuzz fuzz --traces 16 --operations 16 --mix small-lists --corpus"
        + " '\(folder.path)/c d' --seed 6")
    let again = try Command.shell(
      command.replacing("poolfuzz", with: "\"$POOLFUZZ\"", maxReplacements: 1))
    #expect(again.code == 0)
    #expect(again.errors.contains("seed 6,"))
  }

  @Test(
    arguments: [
      (0, "0 s"), (119.4, "119 s"), (120, "2 min"), (7 * 3600 + 59 * 60, "7 h 59 min"),
      (.infinity, "277777777 h 47 min"),
    ] as [(Double, String)])
  func timesAreSaidAsPeopleSayThem(_ seconds: Double, _ words: String) {
    #expect(FuzzCampaign.time(seconds) == words)
  }

  @Test func wordsAreQuotedForAShell() {
    #expect(StandardStreams.quoted("Corpus/a-b_c.trace") == "Corpus/a-b_c.trace")
    #expect(StandardStreams.quoted("a b") == "'a b'")
    #expect(StandardStreams.quoted("") == "''")
    #expect(StandardStreams.quoted("it's") == "'it'\\''s'")
    for word in ["a;b", "$x", "a*", "`x`", "a\\b", "~", "(a)", "a&b", "a|b", "a>b", "é"] {
      #expect(StandardStreams.quoted(word).hasPrefix("'"), "\(word)")
    }
  }
}
