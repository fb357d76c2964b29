import Foundation
import PoolTestSupport
import Testing

/// The page of `poolfuzz view` in a real browser: its pictures by content, its keys, its address.
///
/// `.ci/browser` runs these; without a browser they are skipped and say so.
@Suite(.enabled(if: Browser.path != nil, Browser.skipped), .serialized)
struct BrowserTests {
  let browser: Browser
  private static let free: [Browser.Scheme: UInt32] = [.light: 0xE6EAEE, .dark: 0x2B323A]
  private static let allocated: [Browser.Scheme: UInt32] = [.light: 0x3B6FB6, .dark: 0x6EA3EA]
  private static let parked: UInt32 = 0x98A2AE
  private static let idle: UInt32 = 0xF3E3CF

  init() throws { browser = try Browser() }

  // MARK: Size

  /// Thousands of operations over more than a thousand pages are drawn, not built of elements.
  @Test func aLongTraceIsNotBuiltOfElements() throws {
    var trace = "config profile=windows-2003-x86 nonpaged_pages=2048 lookaside=0 init=none\n"
    for index in 0..<1100 { trace += "alloc s\(index) NonPaged 3000 Tag\(index % 7)\n" }
    for index in 0..<400 { trace += "free s\(index)\nalloc s\(index) NonPaged 24 Tiny\n" }
    let scratch = try Scratch()
    let page = try Command.run(["view", try scratch.file("long.trace", trace)]).output
    let document = try browser.document(page, "#op=1500", width: 1440)
    #expect(try text("position", document) == "operation 1,500 of 1,900")
    let order = try attribute("data-order", of: "map", document).split(separator: " ")
    #expect(order.count >= 900)
    let elements = document.matches(of: /<[a-z][a-z0-9]*[ >]/).count
    #expect(elements > 100 && elements < 2000, "\(elements) elements")
  }

  // MARK: Pictures

  @Test(arguments: [Browser.Scheme.light, .dark])
  func thePageOfTheStoryToScale(_ scheme: Browser.Scheme) throws {
    let page = try page("page-fa808000")
    let fragment = "#page=fa808000&colour=state"
    let picture = try browser.picture(page, fragment, width: 800, height: 2600, scheme)
    let shot = try #require(Self.strip(in: picture, scheme))
    let scale = Double(shot.width) / 4096
    func colour(_ offset: Double) -> UInt32 {
      picture[shot.x + Int(offset * scale), shot.y + shot.height / 2]
    }
    let free = try #require(Self.free[scheme])
    let allocated = try #require(Self.allocated[scheme])
    // MFE0 0xA20 free, ReEv 0x18 allocated, NtFs 0x5C8 free.
    #expect(colour(0xA20 + 12) == allocated)
    for offset in [8, 0x400, 0xA20 - 12, 0xA38 + 12, 0xC00, 0xFF0] as [Double] {
      #expect(colour(offset) == free, "offset \(offset)")
    }
  }

  /// The widest and tallest band of free colour: the strip of the chosen page.
  private static func strip(
    in picture: PortablePicture, _ scheme: Browser.Scheme
  ) -> (x: Int, y: Int, width: Int, height: Int)? {
    guard let free = free[scheme], let allocated = allocated[scheme] else { return nil }
    func isStrip(_ x: Int, _ y: Int) -> Bool {
      [free, allocated].contains(picture[x, y])
    }
    for y in 0..<picture.height {
      guard let x = (0..<picture.width).first(where: { isStrip($0, y) }) else { continue }
      let end = (x..<picture.width).last { isStrip($0, y) } ?? x
      var bottom = y
      while bottom < picture.height, isStrip(x, bottom) { bottom += 1 }
      if end - x > 200, bottom - y > 30 { return (x, y, end + 1 - x, bottom - y) }
    }
    return nil
  }

  /// Every block and every largest hole of the incident at its place on the map.
  @Test func theMapOfTheIncident() throws {
    let name = "churn"
    let page = try page(name)
    let fragment = "#colour=state"
    let size = (width: 1440, height: 1800)
    let document = try browser.document(page, fragment, width: size.width)
    let layout = try layout("map", document)
    let order = try attribute("data-order", of: "map", document).split(separator: " ")
    let picture = try browser.picture(
      page, fragment, width: size.width, height: size.height)
    let json = try Command.run(["view", Self.incident(name), "--json", "--pins", "1000"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let pins = try #require(object["pins"] as? [[String: Any]])
    #expect(pins.count == 50)
    func value(_ key: String) throws -> Double { try #require(layout[key]) }
    let rows = Int(try value("rows"))
    var counts: [UInt32: Int] = [:]
    for pin in pins {
      let address = try #require(pin["page"] as? String).dropFirst(2)
      let index = try #require(order.firstIndex(of: address))
      let column = Double(index / rows)
      let left =
        try value("left") + column * (try value("columnWidth") + value("gap"))
        + value("label")
      let y = try value("top") + Double(index % rows) * value("row") + 1 + value("bar") / 2
      let blocks = try #require(pin["blocks"] as? [[String: Any]])
      let isIdle = blocks.allSatisfy { $0["parked"] as? Bool ?? false }
      // Small blocks settle at the end of a page.
      let ground = picture[Int(left) + 3, Int(y)]
      #expect(ground == (isIdle ? Self.idle : Self.free[.light]), "\(address)")
      for block in blocks {
        let start = try #require(
          UInt64((block["address"] as? String ?? "").dropFirst(2), radix: 16))
        let bytes = Double(try #require(block["bytes"] as? Int))
        let offset = Double(start % 4096) + bytes / 2
        let isParked = block["parked"] as? Bool ?? false
        let wanted = isParked ? Self.parked : try #require(Self.allocated[.light])
        // A block of 24 bytes is two pixels wide; one beside the middle is looked at as well.
        let x = left + offset / 4096 * (try value("strip"))
        let found = [0, -1, 1].map { picture[Int(x) + $0, Int(y)] }
        #expect(found.contains(wanted), "\(address) \(block) \(found)")
        counts[wanted, default: 0] += 1
      }
    }
    #expect(counts.values.reduce(0, +) == 107 && counts.count == 2)
  }

  // MARK: The reader

  @Test func keysMoveThroughTheTrace() throws {
    let keys = [
      ("ArrowLeft", false, "#op=36"), ("ArrowLeft", false, "#op=35"), ("ArrowLeft", true, "#op=25"),
      ("ArrowRight", false, "#op=26"), ("ArrowRight", true, "#op=36"), ("Home", false, "#op=0"),
      ("ArrowLeft", false, "#op=0"), ("PageDown", false, "#op=1"), ("End", false, "#op=37"),
      ("ArrowRight", false, "#op=37"), ("PageUp", false, "#op=36"), ("x", false, "#op=36"),
    ]
    let script = keys.map { "key(\"\($0.0)\", \($0.1)); note();" }.joined(separator: "\n")
    let document = try browser.document(scripted(try page("page-fa808000"), script))
    let found = try text("test", document).split(separator: "\n").map(String.init)
    #expect(found == keys.map(\.2))
  }

  @Test func keysChooseAPage() throws {
    let script = """
      key("ArrowDown"); note(); key("ArrowDown"); note(); key("ArrowUp"); note();
      key("Escape"); note();
      """
    let document = try browser.document(
      scripted(try page("page-fa808000"), script), "#page=fa807000")
    let found = try text("test", document).split(separator: "\n").map(String.init)
    #expect(
      found == [
        "#op=37&page=fa808000", "#op=37&page=fa809000", "#op=37&page=fa808000", "#op=37",
      ])
  }

  @Test func theAddressIsThePosition() throws {
    let page = try page("page-fa808000")
    let document = try browser.document(
      page, "#op=25&page=fa808000&at=a20&order=hole&colour=state")
    #expect(try text("position", document) == "operation 25 of 37")
    #expect(try text("page-title", document) == "Page fa808000")
    #expect(try attribute("aria-valuetext", of: "scrubber", document).hasPrefix("operation 25 of"))
    let script =
      "note(); test.push(document.getElementById('order').value, "
      + "document.getElementById('colour').value)"
    let noted = try text(
      "test", try browser.document(scripted(page, script), "#op=25&page=fa808000&at=a20&order=hole")
    )
    #expect(
      noted.split(separator: "\n") == ["#op=25&page=fa808000&at=a20&order=hole", "hole", "tag"])
    // Nonsense is passed over.
    for fragment in ["#op=-5", "#op=x&page=zz&at=q&order=y&colour=z", "#%%%", "#op=99999999"] {
      let document = try browser.document(page, fragment)
      let wanted = fragment == "#op=-5" ? "operation 0 of 37" : "operation 37 of 37"
      #expect(try text("position", document) == wanted)
    }
  }

  /// The listing beside the map is the debugger's, line for line, and the block is marked.
  @Test func theListingIsTheDebuggers() throws {
    let trace = Self.incident("page-fa808000")
    let document = try browser.document(
      try page("page-fa808000"), "#page=fa808000&at=0")
    let found = try text("listing", document).split(separator: "\n").map {
      String($0.replacing(/[ ]{2}[^ ]+ @\d+$/, with: ""))
    }
    let printed = try Command.run(["replay", "--quiet", "--pool", "fa808000", trace]).lines
      .filter { $0.contains("previous size") }
    #expect(printed.count == 3)
    #expect(found == printed)
  }

  @Test func anOperationShowsWhatItChanged() throws {
    let page = try page("page-fa808000")
    let changes = try text("changes", try browser.document(page, "#op=25"))
    #expect(changes.contains("+ fa808a20 size:   18"))
    #expect(changes.contains("(Allocated)  ReEv"))
    // Clicking an operation of the list goes to it.
    let script = "document.querySelectorAll('#operations button')[0].click(); note();"
    let document = try browser.document(scripted(page, script), "#op=25")
    #expect(try text("test", document) == "#op=22")
    let start = try text("changes", try browser.document(page, "#op=0"))
    #expect(start.contains("Nothing has happened yet"))
  }

  @Test func playingGoesToTheEnd() throws {
    let script = """
      document.getElementById("speed").value = "6";
      document.getElementById("play").click();
      test.push(document.getElementById("play").textContent);
      setTimeout(() => { document.title = "now " + location.hash; }, 2900);
      """
    let document = try browser.document(
      scripted(try page("page-fa808000"), script).replacingOccurrences(
        of: "Math.max(lastStep / seconds, 2)", with: "100"))
    #expect(try text("test", document) == "Pause")
    #expect(document.contains("<title>now #op=37</title>"))
  }

  @Test func lightAndDark() throws {
    let page = try page("page-fa808000")
    let light = try browser.picture(page, "", width: 900, height: 600, .light)
    let dark = try browser.picture(page, "", width: 900, height: 600, .dark)
    #expect(light[2, 2] == 0xF7F7F4)
    #expect(dark[2, 2] == 0x15181C)
  }

  @Test func itPrints() throws {
    let bytes = try browser.print(try page("page-fa808000"))
    #expect(bytes.starts(with: "%PDF".utf8) && bytes.count > 10_000)
    // No page is begun for a card that has room on the one before, nor for the last rows of a table.
    let churn = try browser.print(try page("churn"))
    let both = try browser.print(
      try Command.run(["view", Self.incident("churn"), "--compare", Self.incident("remedy")]).output
    )
    for (bytes, most) in [(churn, 4), (both, 5)] {
      let count = String(decoding: bytes, as: UTF8.self).firstMatch(of: /\/Count (\d+)/)?.output.1
      #expect(count.flatMap { Int($0) }.map { $0 > 1 && $0 <= most } == true, "\(count ?? "none")")
    }
  }

  /// A trace whose names and tags are markup changes nothing of the page's own.
  /// The proved bound is a tile, a choice of the curve and a row of the metrics.
  @Test func theBoundIsShown() throws {
    let document = try browser.document(try page("churn"), "#log=1")
    #expect(try text("tiles", document).contains("of the proved worst"))
    #expect(try text("curve-legend", document).contains("most that any trace can hold"))
    #expect(try text("metrics", document).contains("proved_bound_pages"))
    #expect(try text("bound-text", document).hasPrefix("proved bound of nonpaged: "))
  }

  @Test func nothingOfATraceRuns() throws {
    let scratch = try Scratch()
    let path = try scratch.file(
      "<img src=x onerror=alert(1)>.trace",
      "alloc a NonPaged 10 '<b>&'\nalloc b NonPaged 10 '\\x00\\x22\\x27\\x3c'\n")
    let page = try Command.run(["view", path]).output
    let document = try browser.document(page)
    #expect(try text("changes", document).contains("<") || document.contains("&lt;"))
    #expect(!document.contains("<img"))
    #expect(!document.contains("<b>&"))
  }
}
