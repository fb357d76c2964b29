import PoolTestSupport
import Foundation
import KernelPool
import PoolBounds
import PoolOracles
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

  /// A kept trace, and the contest that it is for.
  struct Kept: Sendable, CustomTestStringConvertible {
    let name: String
    let pages: Int
    var rules = PlacementRules.windows
    var geometry = PoolGeometry.x86
    /// The most bytes live.
    var cap = 16_384
    var testDescription: String { name }
  }

  private static let kept: [Kept] = {
    let story = try? PoolGeometry.kernel(
      pageBytes: 4096, unitBytes: 8, headerBytes: 8, smallestRequestBytes: 9)
    return [
      Kept(name: "windows-tail-16k.trace", pages: 761),
      Kept(name: "head-16k.trace", pages: 769, rules: .lastInFirstOut),
      Kept(name: "reactos-4160.trace", pages: 132, rules: .reactOS, cap: 4160),
      Kept(name: "windows-x64-16k.trace", pages: 378, geometry: .x64),
      Kept(name: "windows-24-bytes-16k.trace", pages: 531, geometry: story ?? .x64),
    ]
  }()

  /// The others are replayed by `corpus verify` and counted by a program of its own in continuous
  /// integration.
  @Test(arguments: TestScale.isWhole ? kept : [kept[1]])
  func tracesHoldWhatTheyPromise(_ kept: Kept) throws {
    let text = try Self.text(kept.name)
    let (outcome, metrics, profile) = try Self.replay(text)
    #expect(outcome == .notJudged)
    #expect(metrics["nonpaged.pages_held"]?.text == String(kept.pages))
    #expect(PlacementRules(profile: profile) == kept.rules)
    // The promises stand in the trace itself, and one page more is one too many.
    #expect(text.contains("expect nonpaged.peak_live_block_bytes <= \(kept.cap)\n"))
    let promise = "expect nonpaged.pages_held >= \(kept.pages)\n"
    #expect(text.contains(promise))
    let more = text.replacingOccurrences(
      of: promise, with: "expect nonpaged.pages_held >= \(kept.pages + 1)\n")
    #expect(try Self.replay(more).outcome?.name == "expectation")
    let bound = FragmentationBounds(
      geometry: kept.geometry, peakLiveUnits: kept.cap / kept.geometry.unitBytes)
    #expect(kept.pages <= bound.strongest(for: kept.rules).pages)
  }

  @Test func everyTraceOfTheFolderIsTested() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
    #expect(Set(names) == Set(["README.md"] + Self.kept.map(\.name)))
    let readme = try Self.text("README.md")
    for trace in Self.kept { #expect(readme.contains("| `\(trace.name)` | \(trace.pages) |")) }
  }
}
