import Dispatch
import Platform
import PoolFuzzing
import PropertyTesting
import Synchronization

/// Watches that no trace of a campaign takes longer than it may, from a thread of its own.
///
/// A computation that has no end can only be ended with its process. So the trace is filed as what it is, a
/// state is saved that leaves it out, and the process begins anew and goes on from there.
final class SlowTraces: Sendable {
  /// What traces that take too long are filed as.
  static let identity = FailureIdentity("limit.time")
  /// Seconds that a trace may take where nobody says how many.
  static let usualSeconds = 60.0

  private let seconds: Double
  private let isOver = Mutex(false)

  /// A limit in seconds.
  init(seconds: Double) { self.seconds = seconds }

  /// Watches as long as `body` runs; `file` is handed what has taken too long, and does not return.
  func watch<Value>(
    _ running: RunningTraces, file: @escaping @Sendable (RunningTraces.Run) -> Never,
    during body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    DispatchQueue(label: "time of traces").async { [self] in
      while !isOver.withLock({ $0 }) {
        if let run = running.oldest, run.seconds > seconds { file(run) }
        Machine.sleep(seconds: min(max(seconds / 10, 0.001), 0.1))
      }
    }
    defer { isOver.withLock { $0 = true } }
    return try body()
  }
}
