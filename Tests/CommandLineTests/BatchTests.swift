import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz replay --batch`: the way other tools drive the model.
struct BatchTests {
  @Test func everyTraceGetsALine() throws {
    let input = [
      Traces.healthy, Traces.doubleFree, "alloc a Nowhere 8 Abcd\nfree a\n", "", Traces.overrun,
    ]
    .map { $0 + "end\n" }.joined()
    let run = try Command.run(["replay", "--batch"], input: input)
    #expect(run.code == 1)
    let lines = try JSONLine.all(run.output)
    #expect(
      lines.map { $0.text("outcome") } == ["ok", "bugcheck", "error", "not-judged", "violation"])
    #expect(lines.map { $0.text("trace") } == ["1", "2", "3", "4", "5"])
    #expect(lines[2].text("message")?.contains("standard input:12:9: expected") == true)
    #expect(lines[1].number("operation") == 4)
    #expect(lines[3].number("operations") == 0)
  }

  @Test func theCodeIsThatOfTheWorstTrace() throws {
    func code(_ traces: [String], _ options: [String] = []) throws -> Int32 {
      try Command.run(
        ["replay", "--batch"] + options, input: traces.map { $0 + "end\n" }.joined()
      ).code
    }
    #expect(try code([Traces.healthy]) == 0)
    #expect(try code([Traces.doubleFree, Traces.healthy]) == 1)
    #expect(try code([Traces.doubleFree, Traces.healthy], ["--check", "off"]) == 0)
    #expect(try code([Traces.doubleFree, "nonsense\n"]) == 1)
    #expect(try code([Traces.healthy, "nonsense\n"]) == 3)
    #expect(try code([Traces.healthy, ""]) == 3)
    #expect(try code([]) == 3)
  }

  @Test func aTraceWithoutItsEndIsAnswered() throws {
    let run = try Command.run(["replay", "--batch"], input: Traces.healthy)
    #expect(try JSONLine.all(run.output).map { $0.text("outcome") } == ["ok"])
  }

  @Test func fastChecksEndWithALookAtEverything() throws {
    // The header that is overwritten is not on a page that a later operation touches.
    let far = Traces.overrun + "alloc p Paged 8 Abcd\n"
    let run = try Command.run(
      ["replay", "--batch", "--check", "fast"], input: far + "end\n")
    #expect(run.code == 1)
  }

  /// A tool writes a trace and waits for the answer before it writes the next.
  @Test func answersComeAsSoonAsATraceIsRead() throws {
    let process = Process()
    process.executableURL = try Command.executable()
    process.arguments = ["replay", "--batch"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    for operations in 1..<4 {
      let trace = (0..<operations).map { "alloc \($0) Paged 8 Abcd\n" }.joined()
      try input.fileHandleForWriting.write(contentsOf: Data((trace + "end\n").utf8))
      var answer = Data()
      while answer.last != UInt8(ascii: "\n") {
        let piece = output.fileHandleForReading.availableData
        guard !piece.isEmpty else { break }
        answer += piece
      }
      let line = try JSONLine(String(decoding: answer, as: UTF8.self))
      #expect(line.number("operations") == Double(operations))
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
