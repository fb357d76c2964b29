import KernelPool
import PoolTrace
import Testing

/// The pages at the traces' ends are the printed ones.
@Suite struct IncidentListingTests {
  @Test(arguments: IncidentFiles.pages)
  func thePageIsAsPrinted(_ name: String) throws {
    let replay = try IncidentReplay.run(try IncidentFiles.operations(name))
    let lines = try listing(named: name, in: replay.view)
    #expect(lines == (try printed(name)))
  }

  /// The printed lines are one for each page; behind every buffer lies a free block.
  @Test func theBuffersAreAsPrinted() throws {
    let replay = try IncidentReplay.run(try IncidentFiles.operations("mmcm"))
    let pages = try #require(IncidentPage.all(replay.view, isPaged: false))
    let lines = pages.flatMap(\.blocks)
      .filter { !$0.isFree && $0.tagText == "MmCm" }
      .map { IncidentPage.line($0) }
    #expect(lines.map(words) == (try printed("mmcm")))
    #expect(pages.allSatisfy { $0.blocks.count == 2 && $0.blocks[1].isFree })
    #expect(pages.allSatisfy { $0.blocks[1].byteCount == 0xE8 })
  }

  /// The order in which the expansion area is used decides on an address only.
  @Test func anotherOrderOfExpansionMakesTheSamePage() throws {
    let text = try IncidentFiles.text("page-fa808000.trace")
      .replacing(
        "expansion=orig expansion_base=0xfa5a8000",
        with: "expansion=first expansion_base=0xfa269000")
    let replay = try IncidentReplay.run(try TraceParser.operations(in: text), fill: .off)
    let problems = replay.problems
    let first = try #require(replay.replayer.slots["work"])
    let lines = try listing(named: "page-fa808000", in: replay.view)
    #expect(first.address < 0xFA80_8000)
    #expect(problems == [])
    #expect(lines == (try printed("page-fa808000")))
  }

  /// No page of the story is left untouched by a change of the rules that made it.
  @Test(arguments: IncidentFiles.pages, [Mutant.splitAlwaysFront, .noForwardMerge])
  func anotherRuleMakesAnotherPage(_ name: String, _ mutant: Mutant) throws {
    let replay = try IncidentReplay.run(
      try IncidentFiles.operations(name), mutant: mutant, fill: .off)
    let lines = try listing(named: name, in: replay.view)
    #expect(lines != (try printed(name)))
  }

  /// A single byte of a header is enough to make a page differ, or to end the walk over it.
  @Test(arguments: [0, 2, 4, 7]) func oneByteMakesAnotherPage(_ offset: Int) throws {
    let operations = try TraceParser.operations(
      in: try IncidentFiles.text("page-fa808000.trace")
        + "writeat 0xfa808a2\(offset) 7f\n")
    let replay = try IncidentReplay.run(operations, fill: .off)
    let lines = try listing(named: "page-fa808000", in: replay.view)
    #expect(lines != (try printed("page-fa808000")))
  }

  private func printed(_ name: String) throws -> [[Substring]] {
    try IncidentFiles.lines(name + ".listing.txt").map(words)
  }

  /// The page that a printed listing is of, as it is now.
  private func listing(named name: String, in view: PoolView) throws -> [[Substring]] {
    let first = try #require(try IncidentFiles.lines(name + ".listing.txt").first)
    let address = try #require(Address(words(first)[2], radix: 16))
    guard let page = IncidentPage(view, at: address) else { return [] }
    return page.listing(marking: address).map(words)
  }

  private func words(_ line: String) -> [Substring] { line.split(separator: " ") }
}
