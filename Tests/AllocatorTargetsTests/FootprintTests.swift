import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

@testable import AllocatorTargets

/// What a trace makes allocators hold, who keeps their pages, and the table over several of them.
@Suite struct FootprintTests {
  /// A hundred pages each with one large and one small block; then the large ones go.
  private static let comb: TargetTrace = {
    var operations: [TargetOperation] = []
    for (first, bytes) in [(0, UInt64(3600)), (100, 400)] {
      for number in 0..<100 { operations.append(.allocate(Slot(first + number), bytes)) }
    }
    for number in 0..<100 { operations.append(.free(Slot(number))) }
    return TargetTrace(operations: operations)
  }()

  @Test func smallBlocksThatStayKeepTheirPages() throws {
    let figures = try FootprintFigures.measured(Self.comb, on: .windows2003x86)
    #expect(figures.peakLiveBytes == 400_000)
    #expect(figures.peakHeldBytes == 100 * 4096)
    #expect(figures.peakHeldOverPeakLive == 1.024)
    let worst = try #require(figures.worst)
    #expect(worst.liveBytes == 40_000 && worst.heldBytes == 100 * 4096)
    #expect(worst.operation == 300)
    #expect(figures.pins.pages == 100 && figures.pins.usedPages == 100)
    let row = try #require(figures.pins.rows.first)
    #expect((row.pages, row.pagesAlone, row.blocks, row.bytes) == (100, 100, 100, 40_000))
    #expect(figures.pins.rows.count == 1)
  }

  private func measured(_ trace: TargetTrace, _ name: String) throws -> FootprintFigures {
    try FootprintFigures.measured(
      trace, on: TargetSettings(library: try Command.product("lib\(name).so")), name: name,
      executable: try Command.product("poolfuzz"))
  }

  /// Pages of a buddy that are whole and free are not held, so it is worst while all is live.
  @Test(arguments: [("target-tlsf", 300), ("target-buddy", 197)])
  func aLibraryIsMeasuredByItsOwnWord(_ name: String, _ worst: Int) throws {
    let figures = try measured(Self.comb, name)
    #expect(figures.refusals == 0 && figures.peakLiveBytes == 400_000)
    #expect(figures.peakHeldBytes >= 400_000)
    #expect(figures.worst?.operation == worst)
    #expect(figures.pins.usedPages > 0)
    #expect(figures.moments.count == 300)
    #expect(figures.moments(atMost: 10).count <= 12)
  }

  @Test func refusalsAreCountedAndAreNotLive() throws {
    var operations: [TargetOperation] = [.allocate(Slot(0), 100)]
    operations.append(.allocate(Slot(1), 1 << 40))
    operations.append(.free(Slot(0)))
    let figures = try measured(TargetTrace(operations: operations), "target-tlsf")
    #expect(figures.refusals == 1 && figures.peakLiveBytes == 100)
  }

  @Test func theTableIsOverLibrariesAndVersions() throws {
    let scratch = try Scratch()
    let trace = try scratch.file(
      "app.trace",
      "# tag Sml1 is main.c:12 keep\n" + Self.comb.text().replacing("400 Test", with: "400 Sml1"))
    let libraries = try ["tlsf", "buddy"].map { try Command.product("libtarget-\($0).so") }
    let run = try Command.run(
      ["replay", "--quiet", "--target", libraries.joined(separator: ","), "--target"]
        + ["windows-2003-x86", trace])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.lines[0].hasSuffix("app.trace: at most 400000 bytes live"))
    for (line, name) in zip(run.lines[2...], ["target-tlsf", "target-buddy", "windows-2003-x86"]) {
      #expect(line.contains(name), "\(run.output)")
    }
    #expect(
      run.output.contains(
        "windows-2003-x86: 100 pages are kept by less than a tenth:\n"
          + "  Sml1: 100 pages, 100 alone, by 100 blocks of 40000 bytes  main.c:12 keep\n"),
      "\(run.output)")
    let json = try Command.run(
      ["replay", "--json", "--target", libraries[0], "--target", "windows-2003-x86", trace])
    let objects = try json.lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.count == 2)
    #expect(objects[0]["outcome"] as? String == "ok")
    for object in objects {
      let metrics = try #require(object["metrics"] as? [String: Any])
      #expect(metrics["peak_live_requested_bytes"] as? Int == 400_000)
      #expect(object["over_time"] as? [[Int]] != nil)
    }
    let worst = try #require(objects[1]["worst"] as? [String: Any])
    let first = try #require((worst["pinned_by"] as? [[String: Any]])?.first)
    #expect(first["site"] as? String == "main.c:12 keep")
    #expect(first["pages_alone"] as? Int == 100)
  }

  @Test func aTargetThatDoesNotGetThroughLacksItsRow() throws {
    let scratch = try Scratch()
    let trace = try scratch.file(
      "app.trace", Self.comb.text() + "alloc last NonPaged 1500 Test\n")
    let run = try Command.run([
      "replay", "--target", try Command.product("libtarget-faulty.so"), "--target-option", "crash",
      "--target", "windows-2003-x86", trace,
    ])
    #expect(run.code == 1)
    #expect(run.errors.contains("not measured: target-faulty: it did not get through"))
    #expect(run.output.contains("\n  windows-2003-x86 "))
    let junit = try Command.run([
      "replay", "--target", "malloc,malloc", "--junit", scratch.path + "/x.xml", trace,
    ])
    #expect(junit.code == 2)
  }

  // MARK: view --target

  private func view(_ options: [String]) throws -> (run: Command.Result, trace: String) {
    let scratch = try Scratch()
    let trace = try scratch.file("app.trace", Self.comb.text())
    return (try Command.run(["view", trace] + options), trace)
  }

  /// What is drawn is what was measured, at every moment.
  @Test func theCurvesAreWhatWasMeasured() throws {
    let run = try view(["--json", "--target", "windows-2003-x86", "--target", "malloc"]).run
    #expect(run.code == 0 && run.lines.count == 2, "\(run.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(run.lines[0].utf8)) as? [String: Any])
    let figures = try FootprintFigures.measured(Self.comb, on: .windows2003x86)
    let expected = figures.moments.map {
      [$0.operation, Int($0.heldBytes), Int($0.liveBytes), $0.pinnedPages]
    }
    #expect(object["over_time"] as? [[Int]] == expected)
    #expect((object["worst"] as? [String: Any])?["operation"] as? Int == 300)
    let picture = try view(["--svg", "--target", "windows-2003-x86"]).run
    #expect(picture.code == 0 && picture.output.hasPrefix("<svg "))
    #expect(
      picture.output.contains(
        "windows-2003-x86: worst behind operation 300: 400 KiB held for 40,000 B live (10.2 times"
          + " as much), 100 pages pinned"))
  }

  @Test func linesAndAPageOfSeveralTargets() throws {
    let library = try Command.product("libtarget-tlsf.so")
    let targets = ["--target", library, "--target", "windows-2003-x86"]
    let text = try view(["--text"] + targets).run
    #expect(text.code == 0, "\(text.errors)")
    let row = try #require(text.lines.last { $0.contains("*409600") })
    #expect(row.split(separator: " ").suffix(4) == ["*409600", "40000", "10.24", "100"])
    #expect(
      text.lines.filter { $0.contains("*") }.count == 2, "one moment of both, and the heading")
    let page = try view(targets).run.output
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<title>app.trace</title>"))
    #expect(page.contains("<td>target-tlsf</td>") && page.contains("<td>windows-2003-x86</td>"))
    #expect(page.contains("100 pages are kept by less than a tenth at its worst moment"))
    #expect(page.contains("<td>*409600</td><td>40000</td><td>10.24</td><td>100</td>"))
  }

  @Test func aTargetThatCannotBeShownIsNamed() throws {
    let run = try view(["--text", "--target", "/none/libnone.so", "--target", "windows-2003-x86"])
      .run
    #expect(run.code == 3 && run.errors.contains("not measured: /none/libnone.so"))
    #expect(run.output.contains("\n  windows-2003-x86 "))
    let nothing = try view(["--target", "/none/libnone.so"]).run
    #expect(nothing.code == 3 && nothing.output.isEmpty)
    for options in [["--at", "3"], ["--svg", "pins"], ["--compare", "x"]] {
      let run = try view(["--target", "windows-2003-x86"] + options).run
      #expect(run.code == 2 && run.errors.contains(options[0]), "\(options)")
    }
  }
}
