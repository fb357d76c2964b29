import KernelPool
import PoolTrace

/// A mixed trace on a pool of 256 pages, for measuring what each check level costs an operation.
public struct CheckedWorkload: ~Copyable {
  /// Slots, about half of which are full at any moment.
  public static let slots: UInt64 = 1500

  private var session: ReplaySession
  private var generator = WorkloadGenerator()

  /// Boots the machine. Throws where memory is short.
  public init(profile: Profile, level: CheckLevel) throws(ConfigurationError) {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = 256
    configuration.pool.maximumNonPagedPages = 256
    configuration.fill = .off
    session = try ReplaySession.boot(configuration, level: level)
  }

  /// Operations so far; fewer than were asked for where something was found.
  public var operations: UInt64 { session.operations }

  /// Runs so many operations.
  @inline(never)
  public mutating func run(steps: Int) { advance(steps: steps) }

  /// The same under a name that is not counted: the operations that fill the pool.
  @inline(never)
  public mutating func warmUp(steps: Int) { advance(steps: steps) }

  @inline(__always)
  private mutating func advance(steps: Int) {
    let tag = PoolTag("Bnch")
    for _ in 0..<steps {
      let name = SlotName(generator.below(Self.slots))
      let isFree = session.replayer.slots[name]?.state == .holds
      let operation: Operation =
        isFree
        ? .free(name, tag: tag)
        : .alloc(name, .nonPaged, bytes: 1 + generator.below(600), tag: tag)
      if session.step(operation) == nil { return }
    }
  }

  /// Ends the trace; nil where everything held.
  public mutating func finish() -> ReplayOutcome? {
    session.finish()
    return session.outcome.flatMap { $0.isOK ? nil : $0 }
  }
}
