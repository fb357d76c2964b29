import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz shrink`: what it writes, and what it says to a trace that it cannot reduce.
struct ShrinkTests {
  /// Forty allocations of which one is freed, with a planted bug that the free shows.
  private static let failing =
    "config lookaside=0\n" + (0..<40).map { "alloc a\($0) NonPaged \(200 + $0) Abcd\n" }.joined()
    + "free a7\n"

  private func shrink(_ text: String, _ options: [String], _ folder: Scratch) throws
    -> Command.Result
  {
    let path = try folder.file("big.trace", text)
    return try Command.run(["shrink", path] + options)
  }

  @Test func aFailingTraceIsReducedDrawnAndWritten() throws {
    let folder = try Scratch()
    let run = try shrink(Self.failing, ["--mutant", "free-not-counted", "--statistics"], folder)
    #expect(run.code == 1)
    #expect(run.lines[0].contains("41 operations, now 2; nothing can be left out"))
    #expect(run.output.contains("shows at operation 2, wrong since operation 2"))
    #expect(run.output.contains("in the given trace: wrong since operation 41"))
    #expect(run.output.contains("1. alloc s0 NonPaged 249 Test   [without it: passes]"))
    #expect(run.output.contains("@Test func"))
    #expect(run.errors.contains("remove lifetimes"))
    let trace = try folder.text("big.min.trace")
    #expect(trace.hasSuffix("alloc s0 NonPaged 249 Test\nfree s0\n"))
    #expect(try folder.text("big.min.certificate").contains("operation: free s0\nwithout it: "))
  }

  @Test func theObjectHasItsMembers() throws {
    let folder = try Scratch()
    let run = try shrink(
      Self.failing, ["--mutant", "free-not-counted", "--json", "--others", "0"], folder)
    let line = try JSONLine(try #require(run.lines.first))
    #expect(line.number("operations_before") == 41)
    #expect(line.number("operations_after") == 2)
    #expect(line.text("ending") == "oneMinimal")
    #expect((line.number("executions") ?? 0) > 5)
    #expect(line.number("certificate_executions") == 4)
    #expect(line.text("certificate")?.hasSuffix("big.min.certificate") == true)
    #expect(line.number("shows_at") == 2)
  }

  @Test func otherFailuresAreReducedInTurn() throws {
    let folder = try Scratch()
    // Without the free the page stays, which the end of the run sees.
    let run = try shrink(Self.failing, ["--mutant", "keeps-free-page", "--json"], folder)
    #expect(run.code == 1)
    let lines = try JSONLine.all(run.output)
    #expect(Set(lines.map { $0.text("identity") }).count == lines.count)
    for (index, line) in lines.enumerated().dropFirst() {
      #expect(line.text("trace")?.hasSuffix("big.min.other-\(index).trace") == true)
    }
  }

  @Test func aTraceWithoutAFailureIsLeftAlone() throws {
    let folder = try Scratch()
    let run = try shrink(Self.failing, [], folder)
    #expect(run.code == 0)
    #expect(run.errors.contains("nothing is wrong with this trace"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/big.min.trace"))
    let expecting = "alloc a NonPaged 24 Test\nexpect nonpaged.pages_held == 77\n"
    let unmet = try shrink(expecting, [], folder)
    #expect(unmet.code == 1 && unmet.errors.contains("unmet expectation: "))
    #expect(!unmet.errors.contains("nothing is wrong"))
  }

  @Test func badInputIsNamed() throws {
    let folder = try Scratch()
    let broken = try shrink("alloc a NonPaged\n", [], folder)
    #expect(broken.code == 3)
    #expect(broken.errors.contains("big.trace:1:"))
    let other = try shrink(
      Self.failing, ["--mutant", "free-not-counted", "--failure", "hang after free"], folder)
    #expect(other.code == 3)
    #expect(other.errors.contains("does not show 'hang after free'"))
    let missing = try Command.run(["shrink", folder.path + "/none.trace"])
    #expect(missing.code == 4)
    #expect(try Command.run(["shrink"]).code == 2)
    #expect(try shrink(Self.failing, ["--mutant", "nothing"], folder).code == 2)
    #expect(try shrink(Self.failing, ["--seeds", "4"], folder).code == 2)
  }

  @Test func aResultThatCannotBeWrittenIsTheEnvironmentsFault() throws {
    let folder = try Scratch()
    let file = try folder.file("file", "")
    let run = try shrink(
      Self.failing, ["--mutant", "free-not-counted", "--output", file + "/small.trace"], folder)
    #expect(run.code == 4)
  }

  @Test func withoutExecutionsTheTraceIsCertifiedAsItIs() throws {
    let folder = try Scratch()
    let run = try shrink(
      "alloc a NonPaged 8 Abcd\nfill a\nfree a\n",
      ["--mutant", "free-not-counted", "--executions", "0"], folder)
    #expect(run.code == 1)
    #expect(run.lines[0].contains("3 operations, now 3; may not be minimal"))
    let certificate = try folder.text("big.min.certificate")
    #expect(certificate.contains("operation: fill s0\nwithout it: fails the same"))
  }

  /// The interrupt comes while the trace is still being read, so no clock decides what the test
  /// sees: what is written is the trace as far as its failure.
  @Test func anInterruptedReductionWritesWhatItHas() throws {
    let folder = try Scratch()
    let process = Process()
    process.executableURL = try Command.executable()
    process.arguments = [
      "shrink", "-", "--mutant", "free-not-counted", "--output", folder.path + "/small.trace",
    ]
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    // More than a pipe holds: when this is written, somebody is reading.
    let comment = String(repeating: "# waiting\n", count: 30_000)
    try input.fileHandleForWriting.write(contentsOf: Data(comment.utf8))
    process.interrupt()
    try input.fileHandleForWriting.write(
      contentsOf: Data((Self.failing + "alloc z NonPaged 8 Abcd\n").utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    let lines = try folder.text("small.trace").split(separator: "\n")
    #expect(lines.last == "free s7")
    #expect(lines.count { $0.hasPrefix("alloc") } == 40)
  }

  @Test func theChallengeTakesItsOwnOptions() throws {
    #expect(try Command.run(["shrink", "--challenge", "a.trace"]).code == 2)
    #expect(try Command.run(["shrink", "--challenge", "--mutant", "nothing"]).code == 2)
  }
}
