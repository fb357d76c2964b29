import Foundation
import PoolTestSupport
import Testing

/// Crash dumps on the command line: `replay --crash-dump`, `inspect` and `view` of what it writes.
@Suite struct DumpTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let incident = Manual.package.appendingPathComponent("Corpus/incident").path

  private func dump(_ trace: String, _ options: [String] = []) throws -> String {
    let path = scratch.path + "/machine.dmp"
    let run = try Command.run(
      ["replay", "--quiet", Self.incident + "/\(trace).trace", "--crash-dump", path] + options)
    #expect(run.code == 0 && run.output.isEmpty && run.errors.isEmpty)
    return path
  }

  /// A page of the story: the same from the dump as from the trace.
  @Test(arguments: [
    ("page-fa808000", "fa808a20"), ("page-fa550000", "fa550860"), ("page-f8feb000", "f8feb648"),
  ])
  func thePagesOfTheStoryAreInTheDump(_ trace: String, _ address: String) throws {
    let views = ["--quiet", "--vm", "--frag", "--map", "--poolused", "2"]
    let path = try dump(trace)
    let own = try Command.run(
      ["replay", Self.incident + "/\(trace).trace", "--pool", "0x" + address] + views)
    let dumped = try Command.run(["inspect", path, "--pool", address] + views)
    #expect(dumped.code == 0 && own.code == 0)
    #expect(dumped.output == own.output && own.output.contains(address))
  }

  @Test func theReportNamesItsSources() throws {
    let path = try dump("page-fa808000", ["--dump-kind", "full-pae"])
    let run = try Command.run(["inspect", path])
    for words in [
      "crash dump of a 32-bit Windows kernel, full; build 3790, x86",
      "build text 3790.poolfuzz model of windows-2003-x86 [debugger data block]",
      "system: windows-2003-x86 [roots of the model]", "[scan of headers]",
    ] { #expect(run.output.contains(words), "\(words)\n\(run.output)") }
    let json = try Command.run(["inspect", "--json", path])
    #expect(json.output.contains("\"small_block_pages\":"))
  }

  @Test func aDumpBecomesATraceAndAPicture() throws {
    let path = try dump("page-fa808000")
    let trace = try Command.run(["inspect", "--to-trace", path])
    #expect(trace.code == 0, "\(trace.errors)")
    let again = try scratch.file("again.trace", trace.output)
    let page = try Command.run(["replay", "--quiet", again, "--pool", "0xfa808a20"])
    let listing = try String(
      contentsOfFile: Self.incident + "/page-fa808000.listing.txt", encoding: .utf8)
    func blocks(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { $0.contains(" size:") }
        .map { $0.drop { $0 == " " || $0 == "*" } }
    }
    #expect(blocks(page.output).count == blocks(listing).count)
    let text = try Command.run(["view", path, "--text"])
    #expect(text.code == 0 && text.output.contains("pins: what freeing few blocks"))
    let html = try Command.run(["view", path])
    #expect(html.code == 0 && html.output.contains("<html"))
    let json = try Command.run(["view", path, "--json"])
    #expect(json.output.contains("\"dump\":") && json.output.contains("\"pins\":"))
  }

  @Test func whatCannotBeIsSaid() throws {
    let trace = Self.incident + "/page-fa808000.trace"
    let cases: [([String], Int32, String)] = [
      (["replay", trace, "--dump-kind", "full"], 2, "--crash-dump"),
      (["replay", trace, trace, "--crash-dump", scratch.path + "/a"], 2, "one trace"),
      (["replay", trace, "--crash-dump", scratch.path + "/a", "--dump-kind", "tiny"], 2, "one of"),
      (["replay", trace, "--crash-dump", scratch.path + "/no/a"], 4, "No such file"),
      (["inspect", trace, "--pool", "fa808000"], 3, "show a crash dump"),
      (["inspect", trace, "--pool", "here"], 2, "hexadecimal"),
      (["inspect", trace, "--directory-base", "0x1000"], 2, "--profile"),
    ]
    for (words, code, message) in cases {
      let run = try Command.run(words)
      #expect(run.code == code && run.errors.contains(message), "\(words): \(run.errors)")
    }
    let path = try dump("page-fa808000")
    let stream = try Command.run(["inspect", "-"], inputPath: path)
    #expect(stream.code == 3 && stream.errors.contains("by its file's name"), "\(stream.errors)")
    let absent = try Command.run(["inspect", path, "--quiet", "--pool", "ffff0000"])
    #expect(absent.code == 3)
    let small = try Command.run(["inspect", path, "--map", "--memory-limit", "4096"])
    #expect(small.code == 4 && small.errors.contains("limit"))
  }

  /// Raw memory is a full dump without its header.
  @Test func rawMemoryIsReadByItsDirectoryBase() throws {
    let path = try dump("page-fa808000", ["--dump-kind", "full"])
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    func word(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    var runs: [(first: Int, count: Int)] = []
    for index in 0..<word(0x64) { runs.append((word(0x6C + 8 * index), word(0x70 + 8 * index))) }
    let end = runs.map { $0.first + $0.count }.max() ?? 0
    var memory = [UInt8](repeating: 0, count: end << 12)
    var place = 0x1000
    for run in runs {
      let count = run.count << 12
      memory.replaceSubrange(
        run.first << 12..<run.first << 12 + count, with: bytes[place..<place + count])
      place += count
    }
    let raw = scratch.path + "/memory.raw"
    try Data(memory).write(to: URL(filePath: raw))
    let base = "0x" + String(word(0x10), radix: 16)
    let dumped = try Command.run(["inspect", path, "--quiet", "--pool", "fa808a20"])
    let read = try Command.run([
      "inspect", raw, "--directory-base", base, "--profile", "windows-2003-x86", "--quiet",
      "--pool",
      "fa808a20",
    ])
    #expect(read.code == 0 && read.output == dumped.output, "\(read.errors)")
  }
}
