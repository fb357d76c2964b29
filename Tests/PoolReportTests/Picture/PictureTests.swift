import Foundation
import KernelPool
import Testing

@testable import PoolReport

/// Pictures, read back from their paths.
@Suite struct PictureTests {
  private static let pinned = """
    config profile=windows-2003-x86 lookaside=0 init=none
    contiguous buffer 0xf10
    alloc pin NonPaged 16 ReEv
    free buffer
    """

  private func state(_ trace: String) throws -> HistoryState {
    let history = try Recording(trace).history
    return HistoryState(history, step: history.stepCount - 1)
  }

  /// The rectangles of a class: x, y, width, height.
  private func rectangles(_ picture: String, _ name: String) throws -> [[Double]] {
    let pattern =
      try Regex("<path class=\"\(name)\" d=\"(M[^\"]*)\"")
      as Regex<(Substring, Substring)>
    return picture.matches(of: pattern).flatMap { match in
      match.output.1.split(separator: "M").compactMap { command in
        let numbers = command.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
        return numbers.count == 5 ? Array(numbers.prefix(4)) : nil
      }
    }
  }

  @Test func thePinIsWhereItLies() throws {
    let picture = PagePicture(try state(Self.pinned)).text(title: "pin")
    let strip = try #require(try rectangles(picture, "free").first)
    // The buffer had more bytes. The first of a class is the legend's or the pin; the pin lies on
    // the strip.
    let pins = try rectangles(picture, "tag1").filter { $0[1] == strip[1] }
    #expect(pins.count == 1)
    let pin = try #require(pins.first)
    // Small blocks settle at the end of their page.
    let expected = strip[0] + strip[2] * Double(0x1000 - 0x18) / 4096
    #expect(abs(pin[0] - expected) < 1)
    #expect(abs(pin[2] - strip[2] * 24 / 4096) < 1)
    #expect(pin[3] == strip[3])
  }

  /// A tag has the colour by which the page knows it, however little of it is left.
  @Test func tagsHaveTheColoursOfThePage() throws {
    let trace = (0..<12).map { tag in
      """
      alloc t\(tag) NonPaged \(8 * (tag + 1)) T\(String(format: "%02d", tag))_
      alloc p\(tag) NonPaged 300 T\(String(format: "%02d", tag))_
      free p\(tag)
      """
    }
    let last = try state("config profile=windows-2003-x86\n" + trace.joined(separator: "\n"))
    let data = HistoryEncoder(last.history).text(
      about: "", failure: "", metrics: [], boundNote: "")
    let page = try #require(
      try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    let names = try #require(page["colouredTags"] as? [Int]).map {
      PoolTag(word: UInt32($0)).characters
    }
    #expect(names == (2..<12).reversed().map { String(format: "T%02d_", $0) })
    let picture = PagePicture(last).text(title: "tags")
    let legend = TagClasses([last]).legend(of: last.pages)
    #expect(legend.filter(\.isTag).map(\.text) == names)
    #expect(legend.contains { $0.name == "other" } && picture.contains("class=\"tag9\""))
    // Not by colour alone: whoever points at a block reads its tag.
    let titles = picture.matches(of: /<path class="tag\d" [^>]*><title>(T\d\d_)<\/title>/)
    #expect(titles.map { String($0.output.1) } == names)
  }

  /// Before on the left, after on the right, in rows of one height, and the difference in words.
  @Test func twoStatesBesideEachOther() throws {
    let churn = Recording.churn(200, seed: 4, configuration: "profile=windows-2003-x86 lookaside=0")
    let (before, after) = (try state(churn), try state(Self.pinned))
    let count = before.pages.count(where: \.isSmallBlocks)
    let picture = PagePicture(before, beside: after).text(title: "before", beside: "after")
    let strips = try rectangles(picture, "free")
    let left = strips.filter { $0[0] < 480 && $0[2] > 100 }
    let right = strips.filter { $0[0] > 480 && $0[2] > 100 }
    #expect(count > 2 && left.count == count && right.count == 1)
    #expect(Set(strips.filter { $0[2] > 100 }.map { $0[3] }).count == 1)
    let pages = before.pagesHeld - after.pagesHeld
    let share = (pages * 100 + before.pagesHeld / 2) / before.pagesHeld
    #expect(picture.contains("\(pages) pages (\(share) %) fewer on the right."))
    for title in ["before and after, after operation", ">before</text>", ">after</text>"] {
      #expect(picture.contains(title))
    }
  }

  @Test func holesMakeADiagonal() throws {
    let trace = Recording.churn(200, seed: 4, configuration: "profile=windows-2003-x86 lookaside=0")
    let state = try state(trace)
    let holes = PageOrder.hole.sorted(state.pages.filter(\.isSmallBlocks)).map(\.largestHoleBytes)
    #expect(holes.count > 3 && Set(holes).count > 2)
    #expect(holes == holes.sorted())
    let use = PageOrder.use.sorted(state.pages.filter(\.isSmallBlocks)).map(\.liveBytes)
    #expect(use == use.sorted())
    #expect(PageOrder.address.sorted(state.pages).map(\.address) == state.pages.map(\.address))
  }

  @Test func everyPictureIsSoundMarkup() throws {
    let trace = Recording.churn(120, seed: 8, configuration: "profile=windows-7-x86 deferred=on")
    let history = try Recording(trace).history
    let state = HistoryState(history, step: 60)
    let title = "<a&b\"'>\u{1}"
    var pictures = [
      PagePicture(state).text(title: title),
      PagePicture(state, beside: state).text(title: title, beside: title),
    ]
    for subject in CurvePicture.Subject.allCases {
      pictures.append(CurvePicture(history, at: state).text(subject, title: title))
    }
    for picture in pictures {
      #expect(picture.contains("&lt;a&amp;b&quot;&#39;&gt;\u{FFFD}"))
      #expect(!picture.contains("<a&b"))
      #expect(picture.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
      #expect(picture.hasSuffix("</svg>\n"))
      let tags = picture.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/)
      var open: [Substring] = []
      for tag in tags {
        if tag.output.1 == "/" {
          #expect(open.popLast() == tag.output.2)
        } else if tag.output.3 != "/" {
          open.append(tag.output.2)
        }
      }
      #expect(open.isEmpty)
    }
    #expect(Set(pictures).count == 5)
  }

  @Test(arguments: [
    (0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.05, "0.05"), (12.345, "12.35"), (99.999, "100"),
    (3.1, "3.1"), (-0.001, "0"), (1234567.25, "1234567.25"),
  ])
  func numbersAreShort(_ value: Double, _ text: String) {
    #expect(VectorPicture.number(value) == text)
  }

  @Test func wordsOfNumbers() {
    #expect(NumberText.grouped(0) == "0" && NumberText.grouped(1_234_567) == "1,234,567")
    #expect(NumberText.grouped(999) == "999" && NumberText.grouped(1000) == "1,000")
    #expect(NumberText.plural(1, "page") == "1 page" && NumberText.plural(2, "page") == "2 pages")
    #expect(NumberText.ratio(35.117) == "35.1" && NumberText.ratio(1.078) == "1.08")
    #expect(NumberText.bytes(5832) == "5,832 B" && NumberText.bytes(361_472) == "353 KiB")
    #expect(NumberText.bytes(104_296_448) == "99.5 MiB" && NumberText.percent(0.126) == "13 %")
    #expect(NumberText.decimal(.infinity, decimals: 2) == "?")
  }
}
