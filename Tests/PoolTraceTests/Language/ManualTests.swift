import Testing

@testable import PoolTrace

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
