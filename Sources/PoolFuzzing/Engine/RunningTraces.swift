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
    /// The number of the thread that executes it.
    public let thread: UInt64
    fileprivate let begin = ContinuousClock.now

    /// Seconds since it began.
    public var seconds: Double { begin.duration(to: .now) / .seconds(1) }
  }

  private let runs = Mutex<[UInt64: Run]>([:])

  private let thread: @Sendable () -> UInt64
  private let disturb: (@Sendable (PoolFuzzTrace) -> Void)?

  /// Nothing runs. `thread` gives the number of the thread that calls it. `disturb` is called before a trace
  /// is executed, and may make of it one that never ends or ends the process, so that it can be seen that
  /// somebody notices.
  public init(
    thread: @escaping @Sendable () -> UInt64 = { 0 },
    disturb: (@Sendable (PoolFuzzTrace) -> Void)? = nil
  ) {
    self.thread = thread
    self.disturb = disturb
  }

  /// The one that has run longest; nil where none runs.
  public var oldest: Run? { runs.withLock { $0.values.min { $0.begin < $1.begin } } }

  /// The one that a thread executes; nil where it executes none.
  public func run(onThread number: UInt64) -> Run? {
    runs.withLock { $0.values.first { $0.thread == number } }
  }

  /// Whether that very run goes on.
  public func isExecuting(_ run: Run) -> Bool {
    runs.withLock { $0[run.number]?.begin == run.begin }
  }

  /// Executes a trace, which is among those that run meanwhile.
  public func executing<Value>(
    _ trace: PoolFuzzTrace, _ profile: String, _ number: UInt64, _ body: () -> Value
  ) -> Value {
    let run = Run(number: number, profile: profile, trace: trace, thread: thread())
    runs.withLock { $0[number] = run }
    defer { runs.withLock { $0[number] = nil } }
    disturb?(trace)
    return body()
  }
}
