import PoolTestSupport
import KernelPool
import Testing

@testable import PoolReport

/// A history against a plain walk over every page after every operation.
@Suite struct PoolRecorderTests {
  @Test(arguments: [
    "profile=windows-2003-x86", "profile=windows-2003-x86 lookaside=0 slist=0",
    "profile=windows-7-x86 deferred=on", "profile=windows-7-x64 lookaside=2",
    "profile=reactos-x86", "profile=windows-8-x64 deferred=on",
    "profile=windows-2000-x86 page_bytes=1024",
  ])
  func everyStateIsWhatAWalkFinds(_ configuration: String) throws {
    let trace = Recording.churn(150, seed: 7, configuration: configuration)
    let recording = try Recording(trace)
    #expect(recording.history.operations == 150)
    #expect(recording.history.stepCount == 151)
    #expect(!recording.history.isSampled)
    for (step, walk) in recording.walks.enumerated() {
      let found = recording.pages(afterStep: step)
      guard found != walk else { continue }
      Issue.record("step \(step) of \(configuration) differs from the walk")
      return
    }
  }

  /// Without a step's changes its state is the one before, which the comparison above must see.
  @Test func aMissingStepIsNoticed() throws {
    let recording = try Recording(
      Recording.churn(40, seed: 3, configuration: "profile=windows-2003-x86"))
    let changing = recording.history.steps.indices.dropFirst()
      .filter { !recording.history.steps[$0].changes.isEmpty }
    #expect(changing.count > 10)
    for step in changing {
      #expect(recording.walks[step] != recording.walks[step - 1])
    }
  }

  /// A stray write that breaks a chain of headers shows like everything else.
  @Test func strayWritesShow() throws {
    let recording = try Recording(
      """
      config profile=windows-2003-x86 lookaside=0
      alloc a NonPaged 100 Abcd
      alloc b NonPaged 100 Abcd
      writeat b-8 0000000000000000
      """)
    let last = try #require(recording.history.steps.last)
    #expect(last.changes.count == 1)
    let pieces = try #require(last.changes.first).content.pieces
    #expect(pieces.contains { $0.state == .unknown })
    #expect(recording.pages(afterStep: 3) == recording.walks[3])
  }

  /// Parking a block changes no header.
  @Test func lookasideListsShow() throws {
    let recording = try Recording(
      """
      config profile=windows-2003-x86 lookaside=4
      alloc a NonPaged 24 Abcd
      free a
      alloc b NonPaged 24 Abcd
      """)
    let states = recording.history.steps.dropFirst().map { step in
      step.changes.first?.content.pieces.map(\.state).contains(.lookaside)
    }
    #expect(states == [false, true, false])
  }

  @Test(arguments: [2, 16, 62])
  func aLongTraceIsSampledBySteps(_ limit: Int) throws {
    let trace = Recording.churn(200, seed: 5, configuration: "profile=windows-2003-x86")
    let recording = try Recording(trace, limits: RecordingLimits(steps: limit))
    let history = recording.history
    #expect(history.isSampled)
    #expect(history.stepCount <= limit + 2)
    #expect(history.operations == 200)
    #expect(try #require(history.samplingNote).contains("\(history.operationsPerStep) operations"))
    for step in 0..<history.stepCount {
      let operation = history.operation(ofStep: step)
      #expect(history.step(ofOperation: operation) == step)
      #expect(recording.pages(afterStep: step) == recording.walks[Int(operation)])
    }
    #expect(history.operation(ofStep: history.stepCount - 1) == 200)
  }

  @Test func manyPagesAreSampled() throws {
    let trace = Recording.churn(300, seed: 9, configuration: "profile=windows-2003-x86")
    let recording = try Recording(trace, limits: RecordingLimits(pages: 6))
    let history = recording.history
    #expect(history.pages.count <= 6)
    #expect(history.pagesPerKeptPage > 1)
    #expect(history.pages == history.pages.sorted())
    for step in [0, 100, 200, 300] {
      let kept = recording.walks[step].filter {
        $0.key / 4096 % history.pagesPerKeptPage == 0
      }
      #expect(recording.pages(afterStep: step) == kept)
    }
  }

  @Test func piecesAreLimited() throws {
    let trace = Recording.churn(200, seed: 2, configuration: "profile=windows-2003-x86")
    let recording = try Recording(trace, limits: RecordingLimits(pieces: 200))
    #expect(recording.history.operationsPerStep > 1)
    let last = recording.history.stepCount - 1
    #expect(recording.pages(afterStep: last) == recording.walks[200])
  }

  /// A pool of many gigabytes is not looked through page by page after every operation.
  @Test func vastRegionsAreSampledFromTheStart() throws {
    let gigabytes = TestScale.count(2, all: 16)
    let recording = try Recording(
      "config profile=windows-7-x64 nonpaged_pages=\(gigabytes << 18)\nalloc a NonPaged 100 Abcd\n")
    #expect(recording.history.pagesPerKeptPage >= 4 * gigabytes)
  }

  @Test func longLinesAreCut() throws {
    let bytes = String(repeating: "ab", count: 1000)
    let recording = try Recording("alloc a NonPaged 2000 Abcd\nwrite a 0 \(bytes)\n")
    let line = try #require(recording.history.steps.last).line
    #expect(line.hasPrefix("write a 0 abab") && line.hasSuffix("…"))
    #expect(line.utf8.count < 200)
  }
}
