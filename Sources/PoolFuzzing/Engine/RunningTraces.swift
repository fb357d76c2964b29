import Synchronization

/// The traces that a campaign executes at this moment, for whoever watches that none takes too long.
public final class RunningTraces: Sendable {
  /// A trace that is being executed.
  public struct Run: Sendable {
    /// Its number within the campaign.
    public let number: UInt64
    /// The profile that made it.
    public let profile: String
    /// The trace.
    public let trace: PoolFuzzTrace
    fileprivate let begin = ContinuousClock.now

    /// Seconds since it began.
    public var seconds: Double { begin.duration(to: .now) / .seconds(1) }
  }

  private let runs = Mutex<[UInt64: Run]>([:])

  /// Nothing runs.
  init() {}

  /// The one that has run longest; nil where none runs.
  public var oldest: Run? { runs.withLock { $0.values.min { $0.begin < $1.begin } } }

  /// Executes a trace, which is among those that run meanwhile.
  func executing<Value>(
    _ trace: PoolFuzzTrace, _ profile: String, _ number: UInt64, _ body: () -> Value
  ) -> Value {
    runs.withLock { $0[number] = Run(number: number, profile: profile, trace: trace) }
    defer { runs.withLock { $0[number] = nil } }
    return body()
  }
}
