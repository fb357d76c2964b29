import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz view`.
struct ViewTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func view(_ trace: String, _ options: [String]) throws -> Command.Result {
    try Command.run(["view", try scratch.file("t.trace", trace)] + options)
  }

  @Test func aPageIsWrittenWhole() throws {
    let path = scratch.path + "/out.html"
    let run = try view(Traces.pinned, ["-o", path])
    #expect(run.code == 0 && run.output.isEmpty)
    let page = try scratch.text("out.html")
    #expect(run.errors == "written to \(path), \(page.utf8.count) bytes\n")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    #expect(page.contains("<title>t.trace</title>"))
    #expect(page.contains("windows-2003-x86, 8 operations, nothing went wrong"))
    #expect(try view(Traces.pinned, []).output == page)
    let late = try view(Traces.pinned, ["--at", "99"])
    #expect(late.errors.contains("--at 99 is past its end, after 8 operations"))
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(Set(files) == ["out.html", "t.trace"])
  }

  @Test func twoTracesAreOnePage() throws {
    let other = try scratch.file("other.trace", Traces.churn(40))
    let run = try view(Traces.pinned, ["--compare", other])
    #expect(run.code == 0 && run.errors.isEmpty)
    #expect(run.output.contains("<title>t.trace and other.trace</title>"))
    #expect(run.output.contains("windows-2003-x86, 8 operations, nothing went wrong"))
    #expect(run.output.components(separatedBy: "\"about\":").count == 3)
    #expect(try view(Traces.pinned, ["--compare", other + "x"]).code == 4)
    // What is said of a trace that failed names the one that did.
    let failing = try scratch.file("failing.trace", Traces.doubleFree)
    let both = try view(Traces.pinned, ["--compare", failing])
    #expect(both.code == 0 && both.errors.contains("failing.trace:5: operation 4: bug check 0xc2"))
  }

  @Test func curvesAndPinsAsJSON() throws {
    let run = try view(Traces.pinned, ["--json"])
    let line = try JSONLine(run.output)
    #expect(run.code == 0)
    #expect(line.text("outcome") == "ok" && line.text("profile") == "windows-2003-x86")
    #expect(line.number("operations") == 8 && line.number("operation") == 8)
    #expect(line.number("pages_held") == 2 && line.number("live_block_bytes") == 48)
    #expect(line.number("pinned_pages") == 2 && line.number("free_bytes") == 2 * 4096 - 48)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let pins = try #require(object["pins"] as? [[String: Any]])
    #expect(pins.count == 2)
    let blocks = pins.compactMap { ($0["blocks"] as? [[String: Any]])?.first }
    #expect(Set(blocks.compactMap { $0["slot"] as? String }) == ["pin1", "pin2"])
    #expect(Set(blocks.compactMap { $0["operation"] as? Int }) == [2, 5])
    let releases = try #require(object["releases"] as? [[String: Int]])
    #expect(
      releases == [
        ["blocks": 1, "parked_blocks": 0, "bytes": 24, "pages": 1],
        ["blocks": 2, "parked_blocks": 0, "bytes": 48, "pages": 2],
      ])
    let moments = try #require(object["over_time"] as? [[Any]])
    #expect(moments.count == 9)
    #expect(moments.map { $0[1] as? Int } == [0, 4096, 4096, 8192, 8192, 8192, 8192, 8192, 8192])
    // Fewer pins when fewer are asked for, and the state of another moment.
    let earlier = try JSONLine(try view(Traces.pinned, ["--json", "--at", "2"]).output)
    #expect(earlier.number("operation") == 2 && earlier.number("pages_held") == 1)
    let few = try view(Traces.pinned, ["--json", "--pins", "1"]).output
    #expect(few.components(separatedBy: "\"parked\"").count == 2)
  }

  @Test func linesForATerminal() throws {
    let run = try view(Traces.pinned, ["--text", "--width", "60"])
    #expect(run.code == 0)
    #expect(run.output.contains("2 pages are held for 48 B in use: 170.7 times as much"))
    #expect(run.output.contains("freeing 2 blocks (48 bytes) gives back 2 pages"))
    #expect(run.output.contains("ReEv 0x18 bytes at"))
    #expect(run.output.contains("pin1 of operation 2"))
    #expect(!run.output.contains("\u{1B}"))
    let map = run.lines.filter { $0.contains("|") }
    #expect(map.count == 2 && map.allSatisfy { $0.count <= 60 })
  }

  @Test func pictures() throws {
    var seen: Set<String> = []
    for what in ["", "map", "time", "pins", "holes"] {
      let run = try view(Traces.pinned, ["--svg"] + (what.isEmpty ? [] : [what]))
      #expect(run.code == 0 && run.output.hasPrefix("<svg "))
      seen.insert(run.output)
    }
    #expect(seen.count == 4)
  }

  /// The pictures of the incident in the corpus are what the commands make.
  @Test(arguments: [
    "churn.trace --svg -o Corpus/incident/churn.svg",
    "churn.trace --compare Corpus/incident/remedy.trace --svg -o Corpus/incident/remedy.svg",
  ])
  func thePicturesOfTheIncident(_ line: String) throws {
    let words = "view Corpus/incident/\(line)".split(separator: " ").map(String.init)
    let run = try Command.run(Array(words.dropLast(2)), in: Manual.package)
    let kept = try String(
      contentsOf: Manual.package.appending(path: words[words.count - 1]), encoding: .utf8)
    #expect(run.code == 0)
    #expect(run.output == kept, "poolfuzz \(words.joined(separator: " "))")
  }

  @Test func aTraceThatFailsIsShownToItsEnd() throws {
    let run = try view(
      Traces.doubleFree + "alloc c NonPaged 8 Late\n", ["-o", scratch.path + "/o"])
    #expect(run.code == 0)
    #expect(run.errors.contains("t.trace:5: operation 4: bug check 0xc2"))
    let page = try scratch.text("o")
    #expect(page.contains("bug check 0xc2") && !page.contains("Late"))
    #expect(try JSONLine(view(Traces.overrun, ["--json"]).output).text("outcome") == "violation")
    #expect(try view(Traces.overrun, ["--json", "--check", "off"]).code == 0)
  }

  @Test func aLongTraceIsSampledAndSaysSo() throws {
    let trace = Traces.churn(300)
    let run = try view(trace, ["--json", "--steps", "50"])
    #expect(run.code == 0)
    #expect(run.errors.contains("too large to be shown whole: one step in 8 operations"))
    #expect(try JSONLine(run.output).number("operations_per_step") == 8)
    let pages = try view(trace, ["--pages", "4"])
    #expect(pages.errors.contains("one page in "))
    #expect(pages.output.contains("too large to be shown whole"))
    #expect(try view(trace, ["--json", "--quiet"]).errors.isEmpty)
  }

  /// Any byte in a tag, any character in a name of a file.
  @Test func nothingOfATraceIsMarkup() throws {
    var trace = ""
    let bytes = TestScale.sample(Array(0...255), 48) + Array("<>&'\"".utf8).map(Int.init)
    for byte in Set(bytes).sorted() {
      let digits = String(byte + 256, radix: 16).suffix(2)
      trace += "alloc s\(byte) NonPaged 24 '<\\x\(digits)>&'\n"
    }
    let name = "<img src=x>'\"&{{script}}.trace"
    let path = try scratch.file(name, trace)
    for form in [[], ["--svg"], ["--text"], ["--json"]] {
      let run = try Command.run(["view", path] + form)
      #expect(run.code == 0, "\(form)")
      #expect(String(data: Data(run.output.utf8), encoding: .utf8) != nil)
      if form != ["--text"], form != ["--json"] { #expect(!run.output.contains("<img")) }
    }
    _ = try JSONLine(try Command.run(["view", path, "--json"]).output)
  }

  @Test(arguments: [
    (["--svg", "cake"], Int32(2), "view needs one trace"), (["--json", "--text"], 2, "exclude"),
    (["--compare", "other", "--text"], 2, "--compare is for a page and for the picture"),
    (["--compare", "other", "--svg", "pins"], 2, "--compare is for a page and for the picture"),
    (["--svg=cake"], 2, "--svg is one of map, time, pins, holes"),
    (["--order", "size"], 2, "--order is one of address, hole, use"),
    (["--steps", "0"], 2, "at least 1"), (["-o", "/nowhere/at/all.html"], 4, "No such file"),
    (["-o", "/dev/full"], 4, "not an ordinary file"), (["--at", "x"], 2, "--at is a number"),
    (["--profile", "windows-95"], 2, "windows-95"),
  ])
  func wrongWords(_ options: [String], _ code: Int32, _ message: String) throws {
    let run = try view(Traces.pinned, options)
    #expect(run.code == code)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func badTraces() throws {
    #expect(try Command.run(["view"]).code == 2)
    #expect(try Command.run(["view", scratch.path + "/none.trace"]).code == 4)
    let output = scratch.path + "/o.html"
    let run = try view("alloc a NonPaged 10 Abcd\nfrobnicate\n", ["-o", output])
    #expect(run.code == 3)
    #expect(run.errors.contains("t.trace:2:"))
    #expect(!FileManager.default.fileExists(atPath: output))
    #expect(try view("", ["--json"]).code == 3)
    #expect(try view("config nonpaged_pages=0\n", []).code == 3)
  }
}
