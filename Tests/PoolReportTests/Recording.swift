import KernelPool
import PoolOracles
import PoolTestSupport
import PoolTrace
import PoolWalk
import PropertyTesting
import Testing

@testable import PoolReport

/// A replay recorded by the recorder and, beside it, page by page by a plain walk.
struct Recording {
  /// What one page holds: units, state and tag of each piece.
  typealias Page = [[UInt64]]

  /// What the recorder made of it.
  let history: PoolHistory
  /// What a walk found as the machine started and after each operation.
  let walks: [[Address: Page]]
  /// How the replay ended.
  let outcome: ReplayOutcome

  /// Replays a trace without checks.
  init(_ trace: String, limits: RecordingLimits = RecordingLimits()) throws {
    var parser = TraceParser(trace)
    var operations: [PoolTrace.Operation] = []
    while case .operation(let operation) = parser.next() { operations.append(operation) }
    var configuration = TraceConfiguration()
    if case .config(let own)? = operations.first { configuration = own }
    var session = try ReplaySession.boot(configuration, level: .off)
    var recorder = PoolRecorder(session.view, limits: limits)
    var walks = [Self.walk(session.view)]
    for operation in operations {
      if case .config = operation { continue }
      guard session.step(operation) != nil else { break }
      let figures = PoolFigures(
        held: session.usage.pagesHeld * session.view.profile.pageBytes,
        live: session.usage.all.blockBytes)
      recorder.record(session.view, line: TraceWriter.line(operation), figures: figures)
      walks.append(Self.walk(session.view))
    }
    session.finish()
    var history = recorder.finish(session.view, line: "last", figures: PoolFigures())
    for tag in session.usage.knownTags {
      history.peakBytes[tag] = session.usage[tag]?.peakBlockBytes
    }
    self.history = history
    outcome = session.outcome ?? .ok
    self.walks = walks
  }

  private static func walk(_ view: PoolView) -> [Address: Page] {
    let walker = PoolWalker(view)
    let reader = StripReader(walker)
    var pages: [Address: Page] = [:]
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        var isOwn = false
        if case .large(let allocation) = use { isOwn = allocation.isKernelsOwn }
        for strip in reader.strips(use) {
          pages[strip.address] = strip.pieces.map { piece in
            let state: CellState = isOwn && piece.state == .large ? .table : piece.state
            return [UInt64(piece.units) * strip.pages, UInt64(state.rawValue), UInt64(piece.tag)]
          }
        }
      }
    }
    return pages
  }

  /// What the history says of the pages in use after a step.
  func pages(afterStep step: Int) -> [Address: Page] {
    var pages: [Address: Page] = [:]
    for (address, content) in zip(history.pages, history.contents(afterStep: step))
    where !content.isEmpty {
      pages[address] = content.pieces.map {
        [$0.units, UInt64($0.state.rawValue), UInt64(history.tags[$0.tagIndex])]
      }
    }
    return pages
  }

  /// Operations of many kinds on many slots, the same for the same seed.
  static func churn(_ count: Int, seed: UInt64, configuration: String) -> String {
    var random = SplitMix64(seed: seed)
    // Small regions and tables: every one is walked after every operation.
    var text = "config \(configuration) nonpaged_pages=96 paged_pages=96 session_pages=8"
    text += " bigtable=64 tracker=64\n"
    for _ in 0..<count {
      let slot = "s\(random.next(below: 40))"
      switch random.next(below: 20) {
      case 0...7:
        let bytes =
          random.next(below: 10) == 0 ? random.next(below: 12_000) : random.next(below: 900)
        let pool = random.next(below: 4) == 0 ? "Paged" : "NonPaged"
        text += "alloc \(slot) \(pool) \(bytes) T\(random.next(below: 9))st\n"
      case 8: text += "contiguous \(slot) 0xf10\n"
      case 9: text += "tick 1\n"
      case 10: text += "fill \(slot)\n"
      default: text += "free \(slot)\n"
      }
    }
    return text
  }
}
