import PoolTestSupport
import Testing

/// What a reader looks for: a range of time, a tag, an address, the life of a block; two pools beside
/// each other; and what is a sample.
extension BrowserTests {
  // MARK: Looking for something

  @Test func keysZoomAndTheAddressKeepsTheRange() throws {
    let keys = [
      ("+", "#op=37&from=18&to=37"), ("+", "#op=37&from=27&to=37"), ("ArrowLeft", "#op=36&from=27"),
      ("Home", "#op=0&from=0&to=10"), ("-", "#op=0&from=0&to=20"), ("0", "#op=0"),
    ]
    let script = keys.map { "key(\"\($0.0)\"); note();" }.joined(separator: "\n")
    let page = try page("page-fa808000")
    let document = try browser.document(scripted(page, script))
    let found = try text("test", document).split(separator: "\n").map(String.init)
    for (found, key) in zip(found, keys) { #expect(found.hasPrefix(key.1), "\(key.0): \(found)") }
    #expect(found.count == keys.count)
    let zoomed = try browser.document(page, "#op=20&from=10&to=30")
    #expect(try attribute("min", of: "scrubber", zoomed) == "10")
    #expect(try attribute("max", of: "scrubber", zoomed) == "30")
    // A range that is none shows the whole.
    let whole = try browser.document(page, "#op=20&from=30&to=10")
    #expect(try attribute("max", of: "scrubber", whole) == "37")
  }

  @Test func tagsAndAddressesAreFound() throws {
    let script = """
      const find = document.getElementById("find");
      for (const text of ["ReEv", "", "fa808a24", "nobody"]) {
        find.value = text;
        find.dispatchEvent(new Event("change"));
        note();
      }
      test.push(document.getElementById("hover").textContent);
      """
    let document = try browser.document(scripted(try page("page-fa808000"), script))
    #expect(
      try text("test", document).split(separator: "\n") == [
        "#op=37&tag=ReEv", "#op=37", "#op=37&page=fa808000&at=a20",
        "#op=37&page=fa808000&at=a20", "No tag and no page in use is called nobody.",
      ])
  }

  @Test func aBlockShowsItsLife() throws {
    let page = try page("page-fa808000")
    let document = try browser.document(page, "#op=30&page=fa808000&at=a20")
    #expect(
      try text("life", document) == "Tag ReEv, 24 bytes: so since operation 25, and to the end.")
    let script = "document.querySelector('#life button').click(); note();"
    let there = try browser.document(scripted(page, script), "#op=30&page=fa808000&at=a20")
    #expect(try text("test", there) == "#op=25&page=fa808000&at=a20")
    let hole = try text("life", try browser.document(page, "#op=37&page=fa808000&at=0"))
    #expect(hole.hasPrefix("2,592 bytes, free: so since operation "))
  }

  // MARK: Beside each other

  /// Refusals and the failure at the end are one key away; a trace without them has no button.
  @Test func theNextProblemIsShown() throws {
    let scratch = try Scratch()
    let path = try scratch.file(
      "refused.trace",
      """
      config profile=windows-2003-x86 nonpaged_pages=64
      alloc a NonPaged 10 Abcd
      alloc b NonPaged 0x100000 Abcd
      free a
      alloc c NonPaged 0x100000 Abcd
      alloc d NonPaged 10 Abcd
      expect null d
      """)
    let run = try Command.run(["view", path])
    let script = """
      key("Home");
      for (let index = 0; index < 4; index++) { key("n"); note(); }
      key("N", true); note();
      document.getElementById("problem").click(); note();
      test.push(document.getElementById("problem").textContent);
      """
    let document = try browser.document(scripted(run.output, script))
    #expect(
      try text("test", document).split(separator: "\n") == [
        "#op=2", "#op=4", "#op=5", "#op=2", "#op=5", "#op=2", "Next of 3 problems",
      ])
    let healthy = try browser.document(
      scripted(
        try page("page-fa808000"), "test.push(document.getElementById(\"problem\").hidden);"))
    #expect(try text("test", healthy) == "true")
  }

  /// The remedy's before and after: one sentence, one time line, both maps in rows of one height.
  @Test func twoPoolsAreShownAtOneTime() throws {
    let run = try Command.run([
      "view", Self.incident("churn"), "--compare", Self.incident("remedy"),
    ])
    let script = """
      const pools = ["first", "second"].map((id) => document.getElementById(id + "-pool").shadowRoot);
      const say = () => {
        test.push(document.getElementById("difference").textContent);
        for (const pool of pools) {
          const layout = JSON.parse(pool.getElementById("map").dataset.layout);
          test.push([pool.querySelector("#headline b").textContent, layout.rows, layout.row,
            pool.getElementById("about").textContent].join("; "));
        }
      };
      say();
      key("Home");
      key("ArrowRight");
      say();
      pools[1].querySelectorAll("#operations button")[0].click();
      note();
      """
    let document = try browser.document(scripted(run.output, script))
    let about = "windows-2003-x86, 3943 operations, nothing went wrong"
    #expect(
      try text("test", document).split(separator: "\n") == [
        "After operation 3,943, churn.trace holds 50 pages and remedy.trace 13: 37 pages (74 %) fewer.",
        "50 pages are held for 5,832 B in use; 50; 15; \(about)",
        "13 pages are held for 5,832 B in use; 13; 15; \(about)",
        "After operation 1, churn.trace holds 1 page and remedy.trace 1: as many.",
        "1 page is held for 3,864 B in use; 1; 18; \(about)",
        "1 page is held for 4,096 B in use; 1; 18; \(about)", "#op=0",
      ])
    // Rows in the table of both, with what differs marked.
    let table = try text("metrics-of-both", document)
    #expect(table.contains("pages_held5013pages held at the end"))
  }

  /// What is counted of some of the pages says so.
  @Test func aSampleIsNotATotal() throws {
    let run = try Command.run(["view", Self.incident("churn"), "--pages", "32", "--quiet"])
    let document = try browser.document(run.output)
    let tiles = try text("tiles", document)
    let words = try #require(tiles.firstMatch(of: /free in pages \(of 1 page in (\d+)\)/))
    #expect(tiles.contains("nearly empty pages (of 1 page in \(words.output.1))"))
    #expect(tiles.contains("pages held50"))
    #expect(document.contains("give back (of 1 page in \(words.output.1))</h2>"))
    #expect(try text("headline", document).contains("Of 1 page in \(words.output.1): "))
    #expect(try !text("tiles", try browser.document(page("churn"))).contains("of 1 page"))
  }
}
