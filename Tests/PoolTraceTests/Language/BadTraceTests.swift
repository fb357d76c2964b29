import Testing

@testable import PoolTrace

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
