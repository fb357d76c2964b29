import Foundation
@testable import PoolTrace
import PoolTestSupport
import Testing

/// The recorded traces are in the language.
@Suite struct GoldenTraceTests {
  @Test(arguments: ["x86", "x64"])
  func everyTraceReadsAndRewrites(_ architecture: String) throws {
    let names = try TestFiles.names(in: "Golden/\(architecture)", suffix: ".trace")
    #expect(names.count == (architecture == "x86" ? 213 : 209))
    var operationCount = 0
    for name in TestScale.sample(names, names.count / 4) {
      let bytes = try TestFiles.bytes("Golden/\(architecture)/\(name)")
      let operations = try TraceParser.operations(in: .bytes(bytes))
      let again = try TraceParser.operations(in: .bytes(TraceWriter.bytes(of: operations)))
      #expect(operations == again, "\(name)")
      operationCount += operations.count
    }
    #expect(operationCount > TestScale.count(20_000, all: 100_000))
  }
}

/// The corpus of bad traces: every bad line is reported, at its place and in these words.
@Suite struct BadTraceTests {
  @Test func everyBadLineIsReported() throws {
    let traces = try TestFiles.names(in: "BadTraces", suffix: ".trace")
    #expect(traces.count >= 14)
    for trace in traces { try check(trace, stream: .oneTrace) }
  }

  @Test func everyBadConfigurationIsReported() throws {
    let batches = try TestFiles.names(in: "BadTraces", suffix: ".batch")
    #expect(batches.count == 1)
    for batch in batches { try check(batch, stream: .manyTraces) }
  }

  private func check(_ file: String, stream: TraceParser.Stream) throws {
    let stem = file.prefix { $0 != "." }
    let expected = try TestFiles.bytes("BadTraces/\(stem).expected")
    let bytes = try TestFiles.bytes("BadTraces/\(file)")
    let failures = ItemList(.bytes(bytes), stream: stream).failures
    let found = failures.map { "\($0.line):\($0.column): \($0.message)" }
    let lines = String(decoding: expected, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(!lines.isEmpty)
    #expect(found == lines, "\(file)")
  }

  @Test func aMessageNamesItsFile() {
    let error = TraceError(line: 3, column: 9, message: "expected a slot, found 'x'")
    #expect(error.description(file: "a.trace") == "a.trace:3:9: expected a slot, found 'x'")
  }
}

/// The data files beside the tests.
enum TestFiles {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: path)))
  }

  static func names(in path: String, suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path())
      .filter { $0.hasSuffix(suffix) }
      .sorted()
  }
}

/// The manual and the language are one.
@Suite struct ManualTests {
  private func manual() throws -> [Substring] {
    let path = "../../Sources/PoolTrace/PoolTrace.docc/TraceLanguage.md"
    return String(decoding: try TestFiles.bytes(path), as: UTF8.self).split(separator: "\n")
  }

  @Test func everyKeyIsDescribedAsItIs() throws {
    let lines = try manual()
    let defaults = TraceConfiguration()
    for key in ConfigurationKey.all {
      let values = key.values.replacing("one of ", with: "")
      let row = "| `\(key.name)` | \(key.purpose) | \(values) | `\(key.value(in: defaults))` |"
      #expect(lines.contains { $0 == row }, "\(row)")
    }
  }

  @Test func everyOperationIsDescribed() throws {
    let lines = try manual()
    for verb in LineCursor.verbs.entries where verb.value != .endOfTrace {
      let rows = ["| `\(verb.word) ", "| `\(verb.word)` "]
      #expect(lines.contains { line in rows.contains { line.hasPrefix($0) } }, "\(verb.word)")
    }
  }

  @Test func theExampleIsATrace() throws {
    let lines = try manual()
    let start = try #require(lines.firstIndex { $0 == "```" })
    let end = try #require(lines[(start + 1)...].firstIndex { $0 == "```" })
    let example = lines[(start + 1)..<end].joined(separator: "\n")
    #expect(try TraceParser.operations(in: example).count == 6)
  }
}
