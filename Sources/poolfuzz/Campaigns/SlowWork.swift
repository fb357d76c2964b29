import ContentHash
import Dispatch
import FragmentationSearch
import Platform
import PoolFuzzing
import PropertyTesting
import Synchronization

/// Watches from a thread of its own for work of a campaign, a reduction or a search that takes longer than it
/// may, or ends the process.
///
/// A computation that has no end can only be ended with its process. So either work is filed as what it is, or
/// left out, and the process begins anew and goes on from there, or ends.
final class SlowWork: Sendable {
  /// What is wrong with it.
  enum Ending: Sendable {
    /// It takes longer than so many seconds.
    case time(Double)
    /// A signal of that name ends the process that executes it.
    case signal(String)

    /// What it is filed as.
    var identity: FailureIdentity {
      switch self {
      case .time: FailureIdentity("limit.time")
      case .signal(let name): FailureIdentity("crash.\(name)")
      }
    }

    /// What it does, for a sentence about it.
    var words: String {
      switch self {
      case .time(let seconds): "takes longer than \(seconds) s (--timeout)"
      case .signal(let name): "ends the process with \(name)"
      }
    }
  }

  /// Seconds that a trace may take where nobody says how many.
  static let usualSeconds = 60.0
  /// The variable of the environment that plants a hang: a trace whose hash begins so does not end, nor a
  /// stream of that number.
  private static let plantedHang = "POOLFUZZ_HANG"

  private let seconds: Double
  private let isOver = Mutex(false)

  /// A limit in seconds.
  init(seconds: Double) { self.seconds = seconds }

  /// Traces that run, with the faults that are planted; hangs are planted in reductions only.
  static func traces(inReduction: Bool = true) -> RunningTraces {
    running(hasHangs: inReduction) { run, hang, crash in
      let text = run.subject.trace.text()
      return (
        hang.map { ContentHash.of(text).hasPrefix($0) } ?? false,
        crash.map { text.contains($0) } ?? false
      )
    }
  }

  /// Streams of a search, with the faults that are planted.
  static func streams() -> RunningStreams {
    running { run, hang, crash in
      let number = "\(run.number)"
      return (number == hang, number == crash)
    }
  }

  private static func running<Subject>(
    hasHangs: Bool = true,
    _ isPlanted:
      @escaping @Sendable (RunningWork<Subject>.Run, _ hang: String?, _ crash: String?)
      -> (hangs: Bool, crashes: Bool)
  ) -> RunningWork<Subject> {
    let hang = hasHangs ? Machine.environment(plantedHang) : nil
    let crash = Machine.environment(ProcessLimits.plantedCrash)
    guard hang != nil || crash != nil else {
      return RunningWork(thread: FatalSignals.enterThread)
    }
    return RunningWork(thread: FatalSignals.enterThread) { run in
      let (hangs, crashes) = isPlanted(run, hang, crash)
      if hangs { while true {} }
      if crashes { fatalError("planted by \(ProcessLimits.plantedCrash)") }
    }
  }

  /// Watches as long as `body` runs; `file` is handed what is wrong with a run, and ends the process where
  /// that is still so. `see` is shown all that runs, ten times a second.
  func watch<Subject, Value>(
    _ running: [RunningWork<Subject>],
    see: @escaping @Sendable ([RunningWork<Subject>.Run]) -> Void = { _ in },
    file: @escaping @Sendable (RunningWork<Subject>.Run, Ending) -> Void,
    during body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    ProcessLimits.tellOfSignals(false)
    DispatchQueue(label: "time of work").async { [self] in
      while !isOver.withLock({ $0 }) {
        if let stop = FatalSignals.stop {
          guard let run = running.lazy.compactMap({ $0.run(onThread: stop.thread) }).first else {
            return ProcessLimits.tellOfSignals(true)
          }
          file(run, .signal(stop.name))
          FatalSignals.release()
        }
        let runs = running.flatMap(\.current)
        see(runs)
        for run in runs where run.seconds > seconds { file(run, .time(seconds)) }
        Machine.sleep(seconds: min(max(seconds / 10, 0.001), 0.1))
      }
    }
    defer {
      isOver.withLock { $0 = true }
      ProcessLimits.tellOfSignals(true)
    }
    return try body()
  }
}
