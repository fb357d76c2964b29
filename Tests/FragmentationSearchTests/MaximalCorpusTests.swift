import Foundation
import KernelPool
import PoolTrace
import Testing

@testable import FragmentationSearch

/// The most fragmenting traces that searches found, kept as ordinary traces.
struct MaximalCorpusTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Corpus/maximal")

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// Replays without checks; the trace's expectations are judged all the same.
  private static func replay(
    _ text: String
  ) throws -> (outcome: ReplayOutcome?, metrics: PoolMetrics, profile: Profile) {
    let operations = try TraceParser.operations(in: text)
    guard case .config(let machine)? = operations.first else { throw NoMachine() }
    var session = try ReplaySession.boot(machine, level: .off)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    return (session.outcome, session.metrics, machine.pool.profile)
  }

  private struct NoMachine: Error {}

  @Test(arguments: [("windows-tail-16k.trace", 715, 16_384)])
  func tracesHoldWhatTheyPromise(_ name: String, _ pages: Int, _ cap: Int) throws {
    let text = try Self.text(name)
    let (outcome, metrics, profile) = try Self.replay(text)
    #expect(outcome == .ok)
    #expect(metrics["nonpaged.pages_held"]?.text == String(pages))
    #expect(PlacementRules(profile: profile) == .windows)
    // The promises stand in the trace itself, and one page more is one too many.
    #expect(text.contains("expect nonpaged.peak_live_block_bytes <= \(cap)\n"))
    let promise = "expect nonpaged.pages_held >= \(pages)\n"
    #expect(text.contains(promise))
    let more = text.replacingOccurrences(
      of: promise, with: "expect nonpaged.pages_held >= \(pages + 1)\n")
    #expect(try Self.replay(more).outcome?.name == "expectation")
    let bound = FragmentationBounds(geometry: .x86, peakLiveUnits: cap / 8)
    #expect(pages <= bound.strongest(for: .windows).pages)
  }

  @Test func everyTraceOfTheFolderIsTested() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
    #expect(names.sorted() == ["README.md", "windows-tail-16k.trace"])
    #expect(try Self.text("README.md").contains("`windows-tail-16k.trace`"))
  }
}
