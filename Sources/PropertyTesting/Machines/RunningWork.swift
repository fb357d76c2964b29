import Synchronization

/// What a campaign, a reduction or a search has at work at this moment, for whoever watches that nothing takes too
/// long or ends the process.
public final class RunningWork<Subject: Sendable>: Sendable {
  /// One piece of work.
  public struct Run: Sendable {
    /// Its number within the campaign.
    public let number: UInt64
    /// What is worked at.
    public let subject: Subject
    /// The number of the thread that does it.
    public let thread: UInt64
    fileprivate var begin = ContinuousClock.now

    /// Seconds since it began.
    public var seconds: Double { begin.duration(to: .now) / .seconds(1) }
  }

  private let runs = Mutex<[UInt64: Run]>([:])
  private let thread: @Sendable () -> UInt64
  private let disturb: (@Sendable (Run) -> Void)?

  /// Nothing runs. `thread` gives the number of the thread that calls it. `disturb` is called before anything
  /// is done, and may make of it what never ends or ends the process, so that it can be seen that somebody
  /// notices.
  public init(
    thread: @escaping @Sendable () -> UInt64 = { 0 }, disturb: (@Sendable (Run) -> Void)? = nil
  ) {
    self.thread = thread
    self.disturb = disturb
  }

  /// What runs, the oldest first.
  public var current: [Run] { runs.withLock { $0.values.sorted { $0.begin < $1.begin } } }

  /// The one that a thread does; nil where it does none.
  public func run(onThread number: UInt64) -> Run? {
    runs.withLock { $0.values.first { $0.thread == number } }
  }

  /// Whether that very run goes on.
  public func isExecuting(_ run: Run) -> Bool {
    runs.withLock { $0[run.number]?.begin == run.begin }
  }

  /// A run gets on, and its time begins anew.
  public func getsOn(_ number: UInt64) { runs.withLock { $0[number]?.begin = .now } }

  /// Does a piece of work, which is among those that run meanwhile.
  public func executing<Value>(_ subject: Subject, _ number: UInt64, _ body: () -> Value) -> Value {
    let run = Run(number: number, subject: subject, thread: thread())
    runs.withLock { $0[number] = run }
    defer { runs.withLock { $0[number] = nil } }
    disturb?(run)
    return body()
  }
}
