import Synchronization

/// The traces that a campaign or a reduction executes at this moment, for whoever watches that none takes too long.
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

  /// Says of a trace that it never ends: a fault on purpose. Nil in earnest.
  private let hangs: (@Sendable (PoolFuzzTrace) -> Bool)?

  /// Nothing runs. What `hangs` says yes to never ends, so that it can be seen that somebody notices.
  public init(hangs: (@Sendable (PoolFuzzTrace) -> Bool)? = nil) { self.hangs = hangs }

  /// The one that has run longest; nil where none runs.
  public var oldest: Run? { runs.withLock { $0.values.min { $0.begin < $1.begin } } }

  /// Whether that very run goes on.
  public func isExecuting(_ run: Run) -> Bool {
    runs.withLock { $0[run.number]?.begin == run.begin }
  }

  /// Executes a trace, which is among those that run meanwhile.
  public func executing<Value>(
    _ trace: PoolFuzzTrace, _ profile: String, _ number: UInt64, _ body: () -> Value
  ) -> Value {
    runs.withLock { $0[number] = Run(number: number, profile: profile, trace: trace) }
    defer { runs.withLock { $0[number] = nil } }
    if let hangs, hangs(trace) { while true {} }
    return body()
  }
}
