import KernelPool

/// A mixed trace on a pool of 256 pages, for measuring what each check level costs an operation.
public struct CheckedWorkload: Sendable {
  /// Slots, about half of which are full at any moment.
  public static let slots: UInt64 = 1500

  /// The machine.
  public let configuration: TraceConfiguration

  /// The workload on a profile.
  public init(profile: Profile) {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = 256
    configuration.pool.maximumNonPagedPages = 256
    configuration.fill = .off
    self.configuration = configuration
  }

  /// Runs so many operations at a level; returns how many were run before anything was found.
  public func run(_ level: CheckLevel, operations: Int) throws(ConfigurationError) -> UInt64 {
    var session = try ReplaySession.boot(configuration, level: level)
    var generator = WorkloadGenerator()
    let tag = PoolTag("Bnch")
    for _ in 0..<operations {
      let name = SlotName(generator.below(Self.slots))
      let isFree = session.replayer.slots[name]?.state == .holds
      let operation: Operation =
        isFree
        ? .free(name, tag: tag)
        : .alloc(name, .nonPaged, bytes: 1 + generator.below(600), tag: tag)
      if session.step(operation) == nil { break }
    }
    session.finish()
    return session.operations
  }
}
