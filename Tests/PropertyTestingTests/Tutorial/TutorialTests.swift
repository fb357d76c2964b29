import Foundation
import PropertyTesting
import Testing

/// The tutorial's code is `QueueTutorial.swift`, which is compiled and run with these tests; here
/// the article is held to it, word for word, and to what the run really prints.
@Suite struct TutorialTests {
  private func file(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private func blocks(_ language: String, of article: String) -> [String] {
    let parts = article.components(separatedBy: "```\(language)\n").dropFirst()
    return parts.compactMap { $0.components(separatedBy: "```").first }
  }

  private func article() throws -> String {
    try file("Sources/PropertyTesting/PropertyTesting.docc/Tutorial.md")
  }

  @Test func theArticleShowsTheCodeThatRuns() throws {
    let shown = blocks("swift", of: try article()).joined(separator: "\n")
    #expect(try shown == file("Tests/PropertyTestingTests/Tutorial/QueueTutorial.swift"))
  }

  @Test func theArticleShowsWhatTheRunPrints() throws {
    let failure = try #require(QueueTests().property.firstFailure())
    #expect(try blocks("text", of: article()) == [failure.message + "\n"])
  }

  @Test func theTutorialKeepsTheLaws() {
    for number in 0..<5 {
      let trace = QueueTests().property.trace(number).trace
      #expect(OperationLaws.breaches(of: Array(trace.operations.prefix(20))).isEmpty)
      #expect(MachineLaws.breaches(of: QueueMachine.self, on: trace, seed: Seed(3)).isEmpty)
    }
  }

  /// The true minimum, by enumeration: seven operations, and the shrinker found exactly them.
  @Test func theMinimalTraceIsTheShortestThereIs() throws {
    let failure = try #require(QueueTests().property.firstFailure())
    let templates: [QueueOperation] = [
      .make(Slot(0), capacity: 2), .push(Slot(0), value: 0), .push(Slot(0), value: 1),
      .pop(Slot(0)),
    ]
    let scope = SmallScope<NoConfiguration, QueueOperation>(
      templates: templates, operationLimit: 7)
    let report = scope.search(for: [failure.identity]) { TraceRunner<QueueMachine>().run($0) }
    #expect(report.executionCounts.count == 7)
    #expect(report.minimum(of: failure.identity) == failure.trace)
  }
}
