import PoolTestSupport
import Testing

/// `poolfuzz whatif --advise`.
struct AdviceTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The story in small: each buffer leaves a tail that a small block takes, which keeps the page.
  private static let story =
    "config profile=windows-2003-x86 lookaside=0\n"
    + (0..<8).map { "contiguous m\($0) 0xf10\nalloc s\($0) NonPaged 0xd0 Smal\n" }.joined()
    + (0..<8).map { "free m\($0)\n" }.joined()

  /// Two blocks of a little more than half a page, of which one more would fit if they were a
  /// little less.
  private static let halves =
    "config profile=windows-2003-x86 lookaside=0\n"
    + (0..<6).map { "alloc h\($0) NonPaged 0x808 Half\n" }.joined()
    + "free h5\n"

  private func advice(_ trace: String, _ options: [String] = []) throws -> Command.Result {
    try Command.run(["whatif", try scratch.file("t.trace", trace), "--advise"] + options)
  }

  @Test func wholePagesComeFirstInTheStory() throws {
    let run = try advice(Self.story, ["--json"])
    #expect(run.code == 0)
    let lines = try JSONLine.all(run.output)
    let best = try #require(lines.first)
    #expect(best.text("remedy") == "whole-page" && best.text("tag") == "MmCm")
    #expect(best.number("from") == 0xF10 && best.number("to") == 0x1000)
    #expect(best.number("pages_saved") == 7 && best.number("bytes_wasted") == 0)
    #expect(best.text("guidance")?.contains("whole page") ?? false)
    let net = lines.compactMap { $0.number("net_bytes") }
    #expect(net == net.sorted(by: >) && net.count == lines.count)
    let names = Set(lines.compactMap { $0.text("remedy") })
    #expect(names.isSuperset(of: ["whole-page", "lookaside", "one-allocation"]))
  }

  /// Each figure is that of the same change asked for by hand.
  @Test func aRemedyIsWorthWhatTheSameChangeIs() throws {
    let trace = try scratch.file("same.trace", Self.story)
    let byHand = try JSONLine(
      Command.run(["whatif", trace, "--json", "--resize", "MmCm:0xf10=0x1000"]).output)
    let lookaside = try JSONLine(
      Command.run(["whatif", trace, "--json", "--lookaside", "MmCm"]).output)
    for line in try JSONLine.all(advice(Self.story, ["--json"]).output)
    where line.text("tag") == "MmCm" {
      switch line.text("remedy") {
      case "whole-page": #expect(line.number("pages_saved") == byHand.number("pages_saved"))
      case "lookaside":
        #expect(line.number("pages_saved") == lookaside.number("pages_saved"))
        #expect(line.number("bytes_wasted") == lookaside.number("bytes_wasted"))
        // The driver's freed buffers stay its own.
        #expect(line.number("bytes_wasted") == Double(8 * 0xF10))
      default: break
      }
    }
  }

  @Test func aLittleLessThanHalfAPageIsTried() throws {
    let lines = try JSONLine.all(advice(Self.halves, ["--json"]).output)
    let smaller = try #require(lines.first { $0.text("remedy") == "next-size-class" })
    // Half a page is a block of 0x800, a request of 0x7F8.
    #expect(smaller.number("from") == 0x808 && smaller.number("to") == 0x7F8)
    #expect(smaller.number("pages_saved") == 2)
  }

  @Test func peopleGetAnAnswerAndATableWhereTheyAsk() throws {
    let run = try advice(Self.story)
    #expect(run.code == 0 && run.errors.isEmpty)
    #expect(
      run.lines.first?.hasSuffix("MmCm asks for a whole page, 4096 bytes instead of 3856.") == true)
    #expect(run.lines[1].hasPrefix("It saves 7 of 8 pages at the end (28 KiB of 32 KiB)"))
    #expect(run.lines[3].contains("Ask for a whole page instead of a little less"))
    // The command that it names tries that remedy alone.
    let command = try #require(run.lines.first { $0.hasPrefix("poolfuzz whatif ") })
    let again = try Command.run(command.split(separator: " ").dropFirst().map(String.init))
    #expect(again.lines.first == run.lines[1])
    #expect(!run.output.contains("bytes wasted"))
    let table = try advice(Self.story, ["--metrics"])
    let once = "allocate the buffers once, at start (30,848 bytes), and keep them"
    #expect(table.output.contains(once), "\(table.output)")
    #expect(table.lines.starts(with: run.lines))
    #expect(table.output.contains("pages saved  at the peak  bytes wasted  tag"))
    let nothing = try advice("alloc a NonPaged 0xff0 Full\n", ["--tags", "0"])
    #expect(nothing.output.contains("No tag of this trace"))
  }

  /// A listing tells no traffic, so what would have prevented its pages cannot be told either.
  @Test func ofAListingTheLimitIsSaid() throws {
    let page = """
      Pool page fa808000 region is Nonpaged pool
      *fa808000 size: a20 previous size: 0 (Free) *MFE0
      fa808a20 size: 18 previous size: a20 (Allocated) ReEv
      fa808a38 size: 5c8 previous size: 18 (Free) NtFs

      """
    let made = try Command.run(["inspect", "--to-trace", "-"], input: page)
    let listed = try advice(made.output)
    #expect(listed.code == 0 && listed.output.contains("not the traffic that led to them"))
    #expect(listed.lines.last?.hasPrefix("poolfuzz synthesize --poolused FILE --vm FILE") == true)
    #expect(!(try advice(Self.story).output.contains("traffic")))
  }

  @Test func wrongUsesAreRefused() throws {
    #expect(try advice(Self.story, ["--lookaside", "MmCm"]).code == 2)
    #expect(try Command.run(["whatif", "-", "--advise"]).code == 2)
    let unchanged = try Command.run(["whatif", try scratch.file("u.trace", Self.story)])
    #expect(unchanged.code == 2 && unchanged.errors.contains("--advise"))
    #expect(try advice("nonsense\n").code == 3)
  }
}
