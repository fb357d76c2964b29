import Foundation
import PoolTestSupport
import PropertyTesting
import Testing

/// The tutorial's code is `CacheExample.swift`, which is compiled and run with these tests; here the
/// article is held to it, word for word, and to what the run really prints.
@Suite struct TutorialTests {
  private typealias Machine = DeclaredMachine<CacheSubject>
  private let property = Property(of: CacheSubject.self, PropertySettings(traceCount: 100))

  private func file(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private func blocks(_ language: String, of article: String) throws -> [String] {
    let text = try file("Sources/PropertyTesting/PropertyTesting.docc/\(article).md")
    let parts = text.components(separatedBy: "```\(language)\n").dropFirst()
    return parts.compactMap { $0.components(separatedBy: "```").first }
  }

  @Test func theArticleShowsTheCodeThatRunsInFortyLines() throws {
    let example = try file("Tests/PropertyChecksTests/CacheExample.swift")
    #expect(try blocks("swift", of: "Tutorial").joined(separator: "\n") == example)
    #expect(example.count { $0 == "\n" } <= 40)
  }

  @Test func theArticleShowsWhatTheRunPrints() throws {
    let (failure, statistics) = property.run()
    let certificate = try #require(failure?.certificate)
    #expect(
      try blocks("text", of: "Tutorial") == [
        try #require(failure).message + "\ntried: \(statistics)\n", "\(certificate)",
      ])
  }

  @Test func theExampleKeepsTheLaws() {
    for number in 0..<5 {
      let trace = property.trace(number).trace
      #expect(OperationLaws.breaches(of: Array(trace.operations.prefix(20))) == [])
      #expect(MachineLaws.breaches(of: Machine.self, on: trace, seed: Seed(3)) == [])
    }
  }

  @Test func everySeedComesToSixOperations() {
    for seed in 1...TestScale.count(2, all: 100) {
      let settings = PropertySettings(seed: Seed(UInt64(seed)))
      let failure = Property(of: CacheSubject.self, settings).firstFailure()
      #expect(failure?.trace.operations.count == 6, "seed \(seed)")
      guard case .shortest = failure?.shrinking.length else {
        Issue.record("seed \(seed): \(failure?.message ?? "found nothing")")
        continue
      }
    }
  }

  /// The true minimum, by enumeration: six operations, and the reduction found exactly them.
  @Test func theMinimalTraceIsTheShortestThereIs() throws {
    let failure = try #require(property.firstFailure())
    let scope = SmallScope<NoConfiguration, DeclaredOperation<CacheSubject>>(
      templates: [
        "make s0 capacity=2", "put s0 key=0 value=0", "put s0 key=1 value=0",
        "put s0 key=2 value=0", "get s0 key=0",
      ].compactMap { DeclaredOperation($0) }, operationLimit: 6)
    let report = scope.search(for: [failure.identity]) { TraceRunner<Machine>().run($0) }
    #expect(report.executionCounts.count == 6)
    #expect(report.minimum(of: failure.identity) == failure.trace)
  }
}
