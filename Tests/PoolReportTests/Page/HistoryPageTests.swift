import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

@testable import PoolReport

/// The page for a browser, as far as it can be read without one.
@Suite struct HistoryPageTests {
  /// The object of a page's data.
  private func data(_ page: String) throws -> [String: Any] {
    let opening = "<script type=\"application/json\" id=\"history\">"
    let start = try #require(page.range(of: opening)).upperBound
    let end = try #require(page[start...].range(of: "</script>")).lowerBound
    let object = try JSONSerialization.jsonObject(with: Data(page[start..<end].utf8))
    return try #require(object as? [String: Any])
  }

  /// Reads the stream of steps as its description says, and returns every state.
  private func states(_ bytes: [UInt8], steps: Int, pages: Int) -> [[[UInt64]]] {
    var position = 0
    func number() -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while true {
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { return value }
      }
    }
    var contents = [[UInt64]](repeating: [], count: pages)
    var states: [[[UInt64]]] = []
    for _ in 0..<steps {
      for _ in 0..<number() {
        let page = Int(number())
        let start = Int(number())
        let removed = Int(number())
        let inserted = (0..<2 * number()).map { _ in number() }
        contents[page].replaceSubrange(2 * start..<2 * (start + removed), with: inserted)
      }
      states.append(contents)
    }
    #expect(position == bytes.count)
    return states
  }

  @Test func theDataIsTheHistory() throws {
    let trace = Recording.churn(200, seed: 4, configuration: "profile=windows-2003-x86")
    let history = try Recording(trace).history
    let object = try data(HistoryPage.text(HistoryPage.Part(history, title: "t", about: "a")))
    let text = try #require(object["steps"] as? String)
    let bytes = Array(try #require(Data(base64Encoded: text)))
    let found = states(bytes, steps: history.stepCount, pages: history.pages.count)
    for step in 0..<history.stepCount {
      let expected = history.contents(afterStep: step).map { content in
        content.pieces.flatMap {
          [$0.units, UInt64($0.tagIndex) << 4 | UInt64($0.state.rawValue)]
        }
      }
      #expect(found[step] == expected)
    }
    let lines = try #require(object["lines"] as? String).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.map(String.init) == history.steps.map(\.line))
    let held = try #require(object["held"] as? [NSNumber]).map(\.int64Value)
    var sum: Int64 = 0
    #expect(held.map { (sum += $0, sum).1 } == history.steps.map { Int64($0.figures.held) })
    #expect(object["bound"] is NSNull)
  }

  @Test func base64IsTheStandardOne() {
    var generator = SplitMix64(seed: 6)
    for count in 0..<40 {
      let bytes = (0..<count).map { _ in UInt8(generator.next(below: 256)) }
      #expect(Base64.text(bytes) == Data(bytes).base64EncodedString())
    }
  }

  /// What comes from a trace or a path stands in the page as text and never as markup or script.
  @Test func nothingEscapes() throws {
    let hostile = "</script><script>alert(1)</script><!-- \u{2028} {{history}} & \"'\u{0}\u{1B}"
    var history = try Recording("alloc a NonPaged 10 '<b>&'\n").history
    history.steps[1].line = hostile
    let part = HistoryPage.Part(history, title: hostile, about: hostile, failure: hostile)
    let plainPart = HistoryPage.Part(history, title: "", about: "", failure: "")
    let page = HistoryPage.text(part)
    let plain = HistoryPage.text(plainPart)
    func count(_ text: String, _ part: String) -> Int { text.components(separatedBy: part).count }
    let both = HistoryPage.text(part, beside: part)
    let plainBoth = HistoryPage.text(plainPart, beside: plainPart)
    for mark in ["<script", "</script", "<!--"] {
      #expect(count(page, mark) == count(plain, mark), "\(mark)")
      #expect(count(both, mark) == count(plainBoth, mark), "\(mark)")
    }
    #expect(!page.contains("alert(1)</script>"))
    #expect(!page.unicodeScalars.contains("\u{1B}") && !page.unicodeScalars.contains("\u{0}"))
    let object = try data(page)
    #expect(object["about"] as? String == hostile)
    #expect((object["lines"] as? String)?.hasSuffix(hostile) == true)
  }

  @Test func thePageNeedsNothingElse() throws {
    let history = try Recording("alloc a NonPaged 10 Abcd\n").history
    let shown = HistoryPage.Part(history, title: "t", about: "a")
    for page in [HistoryPage.text(shown), HistoryPage.text(shown, beside: shown)] {
      for part in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "{{"] {
        #expect(!page.contains(part), "\(part)")
      }
      #expect(page.contains("default-src 'none'"))
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    }
  }

  /// The page says of each metric what the article says.
  @Test func metricsAreExplained() throws {
    var package = URL(filePath: #filePath)
    for _ in 0..<4 { package.deleteLastPathComponent() }
    func text(_ path: String) throws -> String {
      try String(contentsOf: package.appending(path: path), encoding: .utf8)
    }
    let rows = try text("Sources/PoolTrace/PoolTrace.docc/Metrics.md").split(separator: "\n")
      .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    let names = try text("Sources/PoolTrace/Metrics/MetricName.swift").split(separator: "\n")
      .filter { $0.hasPrefix("  case ") }.compactMap { $0.split(separator: "\"").dropFirst().first }
    let file = try text("Sources/PoolReport/Page/Files/metrics.js")
    let start = try #require(file.firstRange(of: "{")).lowerBound
    let end = try #require(file.firstRange(of: "\n};")).lowerBound
    let json = file[start..<end] + "}"
    let meanings = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
    #expect(names.count > 20 && meanings.count == names.count)
    for name in names {
      let row = try #require(rows.first { $0.first == "`\(name)`" }, "\(name)")
      #expect(meanings[String(name)] == row[1], "\(name)")
    }
  }
}
