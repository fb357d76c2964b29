import PoolTestSupport
import Testing

@testable import PoolReport

/// What allocators held over time, read back from the picture's paths.
@Suite struct FootprintPictureTests {
  private typealias Moment = FootprintCurve.Moment

  /// Held rises to 400,000 for little that is live, and one moment has nothing live.
  private static func curve(_ name: String, worst: UInt64 = 3) -> FootprintCurve {
    let moments = [
      Moment(operation: 1, held: 4096, live: 4000, pinnedPages: 0),
      Moment(operation: 2, held: 200_000, live: 100_000, pinnedPages: 3),
      Moment(operation: 3, held: 400_000, live: 1000, pinnedPages: 90),
      Moment(operation: 4, held: 300_000, live: 0, pinnedPages: 0),
      Moment(operation: 5, held: 8192, live: 4096, pinnedPages: 7),
    ]
    return FootprintCurve(
      name: name, moments: moments, worst: moments.first { $0.operation == worst })
  }

  /// A point of the picture.
  private struct Point: Equatable {
    var x, y: Double
  }

  /// Paths of a class, each as its points: the corners of lines, the left ends of dots.
  private func paths(_ picture: String, _ name: String) throws -> [[Point]] {
    let pattern =
      try Regex("<path class=\"\(name)\" d=\"([^\"]*)\"") as Regex<(Substring, Substring)>
    return picture.matches(of: pattern).map { match in
      match.output.1.split { "MLavz".contains($0) }.compactMap { text in
        let numbers = text.split(separator: " ").compactMap { Double($0) }
        return numbers.count == 2 ? Point(x: numbers[0], y: numbers[1]) : nil
      }
    }
  }

  /// The heights of what is written beside the lines across.
  private func levels(_ picture: String) throws -> [(text: String, y: Double)] {
    let pattern =
      try Regex("<text class=\"soft\" x=\"78\" y=\"([0-9.]*)\" text-anchor=\"end\">([^<]*)<")
      as Regex<(Substring, Substring, Substring)>
    return picture.matches(of: pattern).map {
      (String($0.output.2), (Double($0.output.1) ?? 0) - 4)
    }
  }

  /// Whether the dots of an allocator's worst moment stand at its values in all three panels.
  private func marks(_ picture: String, _ worst: Moment, _ colour: String) throws -> Bool {
    let dots = try paths(picture, colour).compactMap(\.first).filter { $0.x < 900 && $0.y > 96 }
      .filter { $0.x != 86 }
    let levels = try levels(picture)
    let (none, bytes) = (levels[0], levels[4])
    let top = try #require(bytes.text.split(separator: " ").first.flatMap { Double($0) }) * 1024
    let held = none.y + (bytes.y - none.y) * Double(worst.held) / top
    let pages = levels.suffix(5)
    let first = try #require(pages.first)
    let last = try #require(pages.last)
    let most = try #require(Double(last.text))
    let pinned = first.y + (last.y - first.y) * Double(worst.pinnedPages) / most
    let x = 86 + 850 * Double(worst.operation) / 5 - 4
    return dots.count == 3 && dots.allSatisfy { abs($0.x - x) < 0.02 }
      && abs(dots[0].y - held) < 0.02 && abs(dots[2].y - pinned) < 0.02
  }

  @Test func theWorstMomentStandsAtItsValues() throws {
    let curve = Self.curve("a")
    let picture = FootprintPicture([curve], operations: 5).text(title: "app.trace")
    let worst = try #require(curve.worst)
    #expect(try marks(picture, worst, "tag1"))
    #expect(
      picture.contains(
        "a: worst behind operation 3: 391 KiB held for 1,000 B live (400.0 times as much),"
          + " 90 pages pinned"))
    // Another moment is seen, and so is another value.
    let moved = FootprintPicture([Self.curve("a", worst: 2)], operations: 5).text(title: "t")
    #expect(try !marks(moved, worst, "tag1"))
    var wrong = worst
    wrong.held += 20_000
    #expect(try !marks(picture, wrong, "tag1"))
  }

  /// Thousands of times as much at the start must not press the rest flat: each step is the same factor.
  @Test func ratiosAreOnAScaleOfDoublings() throws {
    let picture = FootprintPicture([Self.curve("a")], operations: 5).text(title: "t")
    let levels = try levels(picture)
    #expect(levels.map(\.text).contains("256") && levels.map(\.text).contains("16"))
    let steps = levels.dropFirst(5).dropLast(5).map(\.y)
    let gaps = zip(steps, steps.dropFirst()).map { $0 - $1 }
    #expect(gaps.count > 1 && gaps.allSatisfy { abs($0 - gaps[0]) < 0.05 && $0 > 0 })
    let even = FootprintCurve(
      name: "even", moments: [Moment(operation: 1, held: 8, live: 4, pinnedPages: 0)], worst: nil)
    let flat = FootprintPicture([even], operations: 1).text(title: "t")
    #expect(flat.contains(">held over live<") && flat.contains("even: nothing was measured"))
  }

  @Test func aRatioIsInterruptedWhereNothingIsLive() throws {
    let picture = FootprintPicture([Self.curve("a")], operations: 5).text(title: "t")
    let lines = try paths(picture, "line tag1-line").map(\.count)
    #expect(lines == [5, 3, 1, 5], "held, the two parts of the ratio, pinned pages")
  }

  @Test func severalAreToldApartAndNamesAreNoMarkup() throws {
    let curves = (0..<11).map { Self.curve($0 == 0 ? "<a>" : "b\($0)") }
    let picture = FootprintPicture(curves, operations: 5).text(title: "t")
    #expect(picture.contains("&lt;a&gt;: worst") && !picture.contains("<a>"))
    #expect(picture.contains("line tag1-line dashed"))
    for number in 1...9 { #expect(picture.contains("tag\(number)-line")) }
    let page = FootprintPage(title: "<t>", about: "&").text(
      FootprintPicture(curves, operations: 5),
      summary: .init(heading: "sum", rows: [["<b>", "c"], ["1", "2"]]), keepers: [],
      moments: .init(heading: "all", rows: [["x"]]))
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    #expect(page.contains("<tr><th>&lt;b&gt;</th><th>c</th></tr>\n<tr><td>1</td><td>2</td></tr>"))
    #expect(page.contains("<title>&lt;t&gt;</title>") && page.contains("<svg "))
    #expect(!page.contains("<script"))
  }
}
