import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting
import Testing

/// The text of a test that stands for a minimal trace. `EmittedRegressionTest.swift` is such a text
/// as it is emitted, and is compiled and run with these tests.
@Suite struct RegressionTestTextTests {
  private func found(_ name: String) throws -> FoundTrace {
    let base = RegressionCorpusTests.folder + "/regression/" + name
    return try FoundTrace(
      text: try String(contentsOfFile: base + ".trace", encoding: .utf8),
      certificate: try String(contentsOfFile: base + ".certificate", encoding: .utf8))
  }

  @Test func theEmittedTextIsWhatIsCompiled() throws {
    let compiled = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "EmittedRegressionTest.swift")
    let text = try RegressionTestText(found("bitmap-keeps-end")).description
    #expect(try text == String(contentsOf: compiled, encoding: .utf8))
  }

  @Test func aBugThatNobodyPlantedIsExpectedToBeGone() throws {
    var trace = try found("bitmap-keeps-end").trace
    trace.configuration.mutant = .none
    let identity = FailureIdentity("9 \"odd\" lives")
    let text = RegressionTestText(FoundTrace(trace, identity, nil)).description
    #expect(text.contains("#expect(execution.failure == nil)"))
    #expect(text.contains("func failure9OddLives() throws"))
  }
}
