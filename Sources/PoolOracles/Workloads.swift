import ContentHash
import KernelPool
import PoolTrace

/// A trace of random frees and allocations of tagged blocks, for measuring what each check level costs
/// an operation.
public struct CheckedWorkload: ~Copyable {
  /// How the next operations are drawn.
  private enum Requests {
    /// A random slot of 1,500: freed where it holds something, else filled with 1 to 600 bytes.
    case mixed
    /// A random slot is freed and filled again.
    case churn(ReferenceWorkload)
  }

  private static let mixedSlots: UInt64 = 1500
  private static let tag = PoolTag("Bnch")

  private let requests: Requests
  private let base: Address
  private var session: ReplaySession
  private var generator = WorkloadGenerator()
  private var hash = ContentHash()

  /// FNV-1a over the addresses relative to the nonpaged pool, all ones for a failed request.
  public var checksum: UInt64 { hash.value }

  /// A mixed trace on a pool of 256 pages. Throws where memory is short.
  public init(profile: Profile, level: CheckLevel) throws(ConfigurationError) {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = 256
    configuration.maximumNonPagedPages = 256
    try self.init(.mixed, configuration, level)
  }

  /// A reference workload, its slots filled. Throws where memory is short.
  public init(
    _ workload: ReferenceWorkload, profile: Profile, level: CheckLevel
  ) throws(ConfigurationError) {
    try self.init(.churn(workload), workload.configuration(profile: profile), level)
    for slot in 0..<UInt64(workload.live) {
      allocate(SlotName(slot), bytes: workload.nextBytes(&generator))
    }
  }

  private init(
    _ requests: Requests, _ pool: PoolConfiguration, _ level: CheckLevel
  ) throws(ConfigurationError) {
    var configuration = TraceConfiguration(profile: pool.profile)
    configuration.pool = pool
    configuration.fill = .off
    self.requests = requests
    base = pool.profile.nonPagedBase
    session = try ReplaySession.boot(configuration, level: level)
  }

  /// Runs so many steps: an operation of the mixed trace, or a free and an allocation.
  @inline(never)
  public mutating func run(steps: Int) { advance(steps: steps) }

  /// The same under a name that is not counted: the operations that fill the pool.
  @inline(never)
  public mutating func warmUp(steps: Int) { advance(steps: steps) }

  private mutating func advance(steps: Int) {
    switch requests {
    case .mixed:
      for _ in 0..<steps {
        let name = SlotName(generator.below(Self.mixedSlots))
        if session.replayer.slots.holds(name) {
          free(name)
        } else {
          allocate(name, bytes: 1 &+ generator.below(600))
        }
      }
    case .churn(let workload):
      for _ in 0..<steps {
        let name = SlotName(generator.below(UInt64(workload.live)))
        free(name)
        allocate(name, bytes: workload.nextBytes(&generator))
      }
    }
  }

  @inline(__always) private mutating func free(_ name: SlotName) {
    _ = session.step(.free(name, tag: Self.tag))
  }

  @inline(__always) private mutating func allocate(_ name: SlotName, bytes: UInt64) {
    let result = session.step(.alloc(name, .nonPaged, bytes: bytes, tag: Self.tag))
    if case .allocated(let address)? = result {
      hash.add(address &- base)
    } else {
      hash.add(.max)
    }
  }

  /// Ends the trace; nil where nothing was found.
  public mutating func finish() -> ReplayOutcome? {
    session.finish()
    return session.outcome.flatMap { $0.isFailure ? $0 : nil }
  }
}

/// Short traces, each on a pool of its own: what fuzzers, shrinkers and batches run by the million.
///
/// A trace boots a small machine, does 64 operations of mixed sizes and drops the machine.
public struct ShortTraces: ~Copyable {
  /// Operations of each trace.
  public static let operations = 64

  private let configuration: TraceConfiguration
  private let level: CheckLevel
  private var generator = WorkloadGenerator()
  /// FNV-1a over every address.
  public var checksum: UInt64 { hash.value }
  private var hash = ContentHash()

  /// Traces of a version.
  public init(profile: Profile, level: CheckLevel) {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = 128
    configuration.pool.pagedPages = 32
    configuration.pool.sessionPages = 32
    configuration.pool.contiguousPages = 32
    configuration.pool.trackerEntries = 64
    configuration.pool.bigTableEntries = 64
    configuration.fill = .off
    self.configuration = configuration
    self.level = level
  }

  /// Runs so many traces. Throws where memory is short.
  @inline(never)
  public mutating func run(steps: Int) throws(ConfigurationError) {
    for _ in 0..<steps { try runOne() }
  }

  private mutating func runOne() throws(ConfigurationError) {
    var session = try ReplaySession.boot(configuration, level: level)
    let tag = PoolTag("Bnch")
    for _ in 0..<Self.operations {
      let name = SlotName(generator.below(24))
      let isFree = session.replayer.slots[name]?.state == .holds
      let operation: Operation =
        isFree
        ? .free(name, tag: tag)
        : .alloc(name, .nonPaged, bytes: 1 &+ generator.below(600), tag: tag)
      if case .allocated(let address)? = session.step(operation) {
        hash.add(address)
      }
    }
  }
}
