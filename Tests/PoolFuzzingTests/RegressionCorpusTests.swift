import ContentHash
import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting
import Testing

/// What stands in the corpus of failures still fails as its certificate says with its planted bug, and not
/// without.
@Suite struct RegressionCorpusTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Corpus").path

  /// Every failing trace, as a path below the corpus without its extension.
  static let names: [String] = {
    let all = FileManager.default.enumerator(atPath: folder + "/regression")
    let names = all?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".trace") }.map { "regression/\($0.dropLast(6))" }.sorted()
  }()

  private func read(_ name: String) throws -> FoundTrace {
    let base = Self.folder + "/" + name
    return try FoundTrace(
      text: try String(contentsOfFile: base + ".trace", encoding: .utf8),
      certificate: try String(contentsOfFile: base + ".certificate", encoding: .utf8))
  }

  @Test func thereIsACorpus() {
    #expect(Self.names.count >= 3)
  }

  @Test(arguments: names)
  func aCertificateHolds(_ name: String) throws {
    let found = try read(name)
    let certificate = try #require(found.certificate)
    let discrepancies = certificate.discrepancies(
      for: found.trace, execute: PoolShrinker.execute)
    #expect(discrepancies.isEmpty, "\(discrepancies)")
    #expect(found.identity == certificate.identity)
    #expect(found.trace.configuration.mutant != .none, "a planted bug belongs to it")
    var healthy = found.trace
    healthy.configuration.mutant = .none
    #expect(PoolShrinker.identity(of: healthy) == nil)
  }

  /// A certificate with one wrong line is refused, and the operation is named.
  /// What is written of a trace that was read is read as the same, however the first was spaced.
  @Test(arguments: ["", " ", "   \t"])
  func aFailureIsReadWithoutTheBlanksBeforeIt(blanks: String) throws {
    let text = "# failure: \(blanks)counters.outstanding after free\nalloc a NonPaged 24 Test\n"
    let found = try FoundTrace(text: text, certificate: nil)
    #expect(found.identity == FailureIdentity("counters.outstanding after free"))
    #expect(try FoundTrace(text: found.text, certificate: nil).text == found.text)
  }

  @Test func aWrongLineOfACertificateIsRefused() throws {
    let base = Self.folder + "/regression/lookaside-too-deep"
    let text = try String(contentsOfFile: base + ".certificate", encoding: .utf8)
    let lie = text.replacing(
      "operation: free s0\nwithout it: passes",
      with: "operation: free s0\nwithout it: fails the same")
    #expect(lie != text)
    let forged = ContentHash.sealed(String(lie.dropLast(22)))
    let found = try FoundTrace(
      text: try String(contentsOfFile: base + ".trace", encoding: .utf8), certificate: forged)
    let discrepancies = try #require(found.certificate).discrepancies(
      for: found.trace, execute: PoolShrinker.execute)
    #expect(
      discrepancies.map(\.description)
        == ["without operation 3 (free s0) it passes, and not: fails the same"])
  }
}

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
