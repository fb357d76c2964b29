import PoolTestSupport
import Testing

/// `poolfuzz synthesize` and `poolfuzz inspect --to-trace`.
struct ReconstructionTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Small enough for a test; the kernel's own tables are part of the total.
  private static let table = """
    Sorting by NonPaged Pool Consumed
    Pool Used:
    NonPaged Paged
    Tag Allocs Used Allocs Used
    MmCm 40 154560 0 0 Calls made to MmAllocateContiguousMemory , Binary: nt!mm
    File 300 48000 0 0 File objects
    TOTAL 2100 640000 500 100000

    """
  private static let usage =
    "NonPagedPool Usage: 260 ( 1040 Kb)\nNonPagedPool Max: 500 ( 2000 Kb)\n"

  @Test func aRecipeAndItsListingsGiveAReplayableTrace() throws {
    _ = try scratch.file("tags.txt", Self.table)
    _ = try scratch.file("vm.txt", "*** Virtual Memory Usage ***\n" + Self.usage)
    let recipe = try scratch.file(
      "small.recipe", "poolused tags.txt\nvm vm.txt\nspells 3\nseed 4\n")
    let run = try Command.run(["synthesize", recipe])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.hasPrefix("seed 4\n") && run.errors.contains("the tags to the byte"))
    let trace = try scratch.file("machine.trace", run.output)
    let replay = try Command.run(["replay", "--check", "off", "--vm", "--poolused", "2", trace])
    #expect(replay.code == 0, "\(replay.errors)")
    let rows = replay.lines.map { $0.split(separator: " ") }
    let total = try #require(rows.first { $0.first == "TOTAL" })
    #expect(total == ["TOTAL", "2100", "640000", "500", "100000"])
    let held = try #require(rows.first { $0.starts(with: ["NonPagedPool", "Usage:"]) })
    #expect((258...262).contains(try #require(Int(held[2]))))
    // The command line wins over the recipe, and a file appears whole.
    let path = try scratch.file("second.trace", "old")
    let second = try Command.run(["synthesize", recipe, "--seed", "5", "--output", path, "--json"])
    #expect(second.code == 0 && second.output.contains("\"seed\":5"))
    #expect(try scratch.text("second.trace") != run.output)
  }

  @Test func whatCannotBeMetLeavesNoFile() throws {
    let tags = try scratch.file("odd.txt", Self.table.replacing("48000", with: "48001"))
    let path = try scratch.file("kept.trace", "old")
    let run = try Command.run([
      "synthesize", "--poolused", tags, "--usage", "260", "--output", path,
    ])
    #expect(run.code == 3 && run.errors.contains("cannot be met"))
    #expect(try scratch.text("kept.trace") == "old")
    #expect(try Command.run(["synthesize"]).code == 2)
    #expect(try Command.run(["synthesize", "--poolused", tags]).code == 3)
    #expect(try Command.run(["synthesize", "--poolused", "/nowhere", "--usage", "1"]).code == 4)
    let recipe = try scratch.file("bad.recipe", "seed\n")
    #expect(try Command.run(["synthesize", recipe]).errors.contains("bad.recipe: line 1"))
    let printed = try Command.run(["synthesize", tags])
    #expect(printed.code == 3 && printed.errors.contains("synthesize --poolused \(tags) --vm FILE"))
  }

  @Test func aListedPageIsPrintedAgain() throws {
    let page = """
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Free) *MFE0
      fa808a20 size: 18 previous size: a20 (Allocated) ReEv
      fa808a38 size: 5c8 previous size: 18 (Free) NtFs

      """
    let made = try Command.run(["inspect", "--to-trace", "-"], input: page)
    #expect(made.code == 0)
    let trace = try scratch.file("page.trace", made.output)
    let printed = try Command.run(["replay", "--pool", "0xfa808000", trace])
    #expect(printed.code == 0)
    for line in ["a20", "18", "5c8"] {
      #expect(printed.output.contains("size:  \(line) ") || printed.output.contains(" \(line) "))
    }
    let refused = try Command.run(["inspect", "--to-trace", "-"], input: "nothing here\n")
    #expect(refused.code == 3 && refused.errors.contains("no listing"))
  }
}
