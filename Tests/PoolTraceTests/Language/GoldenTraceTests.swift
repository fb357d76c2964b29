import Testing

@testable import PoolTrace

/// The recorded traces are in the language.
@Suite struct GoldenTraceTests {
  @Test(arguments: ["x86", "x64"])
  func everyTraceReadsAndRewrites(_ architecture: String) throws {
    let names = try TestFiles.names(in: "Golden/\(architecture)", suffix: ".trace")
    #expect(names.count == (architecture == "x86" ? 213 : 209))
    var operationCount = 0
    for name in names {
      let bytes = try TestFiles.bytes("Golden/\(architecture)/\(name)")
      let operations = try TraceParser.operations(in: .bytes(bytes))
      let again = try TraceParser.operations(in: .bytes(TraceWriter.bytes(of: operations)))
      #expect(operations == again, "\(name)")
      operationCount += operations.count
    }
    #expect(operationCount > 100_000)
  }
}
