import FragmentationSearch
import KernelPool
import PoolBounds
import PoolOracles
import PoolReport
import PoolTrace
import PoolWalk

/// A replay that is recorded page by page.
struct RecordedReplay {
  /// The trace, as messages name it.
  let path: String
  /// The version.
  let profileName: String
  /// Operations of the trace.
  let operations: UInt64
  /// What the pages held after every step.
  let history: PoolHistory
  /// The planted bug that it ran with.
  let mutant: Mutant
  /// What was checked.
  let level: CheckLevel
  /// How the replay ended.
  let outcome: ReplayOutcome
  /// The metrics at its end.
  let metrics: PoolMetrics
  /// How much of what is proved possible it came to.
  let bound: BoundShare
  /// How it ended, for people; empty where everything held.
  let problem: String

  /// Replays a trace to its end, or to where it fails.
  init(
    path: String, settings: ViewSettings, _ streams: StandardStreams
  ) throws(CommandFailure) {
    var file = try TraceFile(path: path)
    var configuration = try file.configuration() ?? TraceConfiguration()
    if let target = file.header.target {
      throw CommandFailure(
        message: TraceVerdict.recordedAgainst(target.value, file.header, file.path).lines[0],
        code: .badInput)
    }
    if let profile = settings.profile {
      configuration = configuration.replacingProfile(by: profile)
    }
    var session: ReplaySession
    mutant = try file.plantedBug(unless: settings.mutant)
    session = try ReplaySession.boot(
      configuration, level: settings.level, mutant: mutant, for: file.path)
    // What shows one state needs no other: with two steps at most hardly any is looked at.
    let limits = settings.needsOneState ? settings.limits.with(steps: 2) : settings.limits
    var proved = BoundAtPeaks(ReplayBound(configuration.pool, session.view))
    var recorder = PoolRecorder(session.view, limits: limits)
    var last: (operation: PoolTrace.Operation, result: StepResult)?
    var finished: PoolHistory?
    var progress = ReplayProgress(file.path, settings.isQuiet ? nil : streams)
    let line = try session.run(&file) { session, operation, result in
      last = (operation, result)
      progress.add(session.operations)
      guard finished == nil else { return }
      recorder.record(
        session.view, line: Self.line(operation, result), figures: Self.figures(session, &proved))
      if settings.needsOneState, session.operations == settings.operation {
        finished = recorder.finish(
          session.view, line: Self.line(operation, result), figures: Self.figures(session, &proved))
      }
    }
    guard session.operations > 0 else {
      throw CommandFailure(message: "\(file.path): no operation to show", code: .badInput)
    }
    self.path = file.path
    profileName = configuration.pool.profile.name
    operations = session.operations
    var history =
      finished
      ?? recorder.finish(
        session.view, line: last.map { Self.line($0.operation, $0.result) } ?? "",
        figures: Self.figures(session, &proved))
    for tag in session.usage.knownTags {
      history.peakBytes[tag] = session.usage[tag]?.peakBlockBytes
    }
    self.history = history
    outcome = session.outcome ?? .notJudged
    level = session.level
    metrics = session.metrics(requestBytes: settings.requestBytes)
    bound = BoundShare(session)
    problem = TraceVerdict.failure(file.path, line, session).joined(separator: "; ")
  }

  /// A line every few seconds for whoever waits.
  private struct ReplayProgress {
    private let path: String
    private let streams: StandardStreams?
    private var next = ContinuousClock.now + .seconds(2)

    /// `streams` is nil where nothing is to be told.
    init(_ path: String, _ streams: StandardStreams?) {
      self.path = path
      self.streams = streams
    }

    /// So many operations are done.
    mutating func add(_ operations: UInt64) {
      guard let streams, operations % 256 == 0, ContinuousClock.now >= next else { return }
      next = ContinuousClock.now + .seconds(2)
      streams.remark("\(path): \(counted(operations, "operation")) replayed")
    }
  }

  /// The bound on the pages, proved anew only where a peak that it rests on has grown: most operations
  /// move none.
  private struct BoundAtPeaks {
    private let proved: ReplayBound
    private var peaks: [UInt64] = []
    private var pages: UInt64?

    init(_ proved: ReplayBound) { self.proved = proved }

    mutating func pages(_ usage: LiveUsage) -> UInt64? {
      let families = PoolFamily.allCases.map { usage[$0] }
      let peaks =
        [usage.peakPagesHeld] + families.flatMap { [$0.peakBlockBytes, $0.largestBlockBytes] }
      if peaks != self.peaks {
        self.peaks = peaks
        pages = proved.pages(usage)
      }
      return pages
    }
  }

  private static func figures(
    _ session: borrowing ReplaySession, _ proved: inout BoundAtPeaks
  ) -> PoolFigures {
    let usage = session.usage
    let pageBytes = session.view.profile.pageBytes
    // A broken pool may do what is proved impossible.
    let bound = session.firstCorruptOperation == nil ? proved.pages(usage) : nil
    return PoolFigures(
      held: usage.pagesHeld &* pageBytes, live: usage.all.blockBytes,
      bound: bound.map { $0 &* pageBytes })
  }

  /// An operation and what it came to, with the address as debuggers write it.
  private static func line(_ operation: PoolTrace.Operation, _ result: StepResult) -> String {
    let text = TraceWriter.line(operation)
    switch result {
    case .done, .dump: return text
    case .allocated(let address): return text + " -> " + String(address, radix: 16)
    case .null: return text + " -> NULL"
    case .freed: return text + " -> ok"
    case .nothingToDo: return text + " -> null"
    case .skipped: return text + " -> skipped"
    case .raised(let status): return text + " -> raise 0x" + String(status, radix: 16)
    case .halted(let reason): return text + " -> " + reason.name
    }
  }

  /// A line on what is shown.
  var about: String {
    var text = "\(profileName), \(counted(operations, "operation"))"
    if mutant != .none { text += ", with the planted bug \(mutant.rawValue)" }
    switch outcome {
    case .ok: text += ", nothing went wrong" + (level == .fast ? " (\(level.omissions))" : "")
    case .notJudged: text += ", not checked"
    default: break
    }
    return text
  }

  /// The metrics of everything and the share of the bound, as names and values.
  var figures: [(name: String, value: String)] {
    MetricName.allCases.compactMap { name in
      metrics[MetricKey(.all, name)].map { (name.rawValue, $0.text) }
    } + bound.rows
  }
}
