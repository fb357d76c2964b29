import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// The machine that a generated trace runs on, as generators and shrinkers see it.
///
/// The configuration is the trace language's. What a trace file does not hold stands beside it:
/// the planted bug and how much is checked. Its numbers (`parameters`) are those that generators
/// draw; each has its default as origin, so shrinking leads to the machine that needs no
/// `config` line. Facts of a profile that were overridden by hand stay as they are.
public struct PoolSetup: PropertyTesting.TraceConfiguration {
  /// The machine.
  public var configuration: PoolTrace.TraceConfiguration
  /// A planted bug.
  public var mutant: Mutant
  /// The bug of the model that triage takes for healthy: none, but where triage itself is tested.
  public var faultOfHealthyModel: Mutant = .none
  /// Which oracles watch.
  public var oracles: OracleSet

  /// The defaults of the trace language, healthy, with every oracle watching.
  public init() { self.init(PoolTrace.TraceConfiguration()) }

  /// A machine.
  public init(
    _ configuration: PoolTrace.TraceConfiguration, mutant: Mutant = .none,
    oracles: OracleSet = .everything
  ) {
    self.configuration = configuration
    self.mutant = mutant
    self.oracles = oracles
  }

  /// Whether a machine can have it, with pages enough for its own tables.
  var canBoot: Bool {
    configuration.problem == nil
      && (try? KernelPool.boot(configuration.pool, reserve: RecycledMemory.reserve)) != nil
  }

  /// The `config` line.
  public var description: String { configuration.line(.differences) }

  /// The numbers, the version first.
  public var parameters: [Parameter] { SetupNumber.all.map { $0.parameter(of: self) } }

  /// Sizes at which this machine begins to treat a request otherwise: past the lookaside classes,
  /// past small blocks, past a page.
  public func landmarks(of parameter: Parameter) -> [UInt64] {
    if parameter.role == ParameterRole.type.rawValue {
      // Simpler types only: raising a type makes nothing need less company.
      let types: [PoolType] = [
        .nonPaged, .paged, .cacheAligned, [.paged, .cacheAligned], .quota, [.paged, .quota],
        .session, [.paged, .session],
      ]
      return types.map { UInt64($0.rawValue) }.filter { $0 < parameter.value }
    }
    guard parameter.role == ParameterRole.size.rawValue else { return parameter.landmarks }
    let profile = configuration.pool.profile
    let header = UInt64(profile.header.bytes)
    let lookaside = profile.lookasideClasses * profile.unitBytes
    let limit = profile.largestSmallRequest
    return [
      lookaside > header ? lookaside - header + 1 : 1, limit + 1, profile.pageBytes + 1,
    ]
  }

  /// Sizes count in units.
  public func granule(of parameter: Parameter) -> UInt64 {
    parameter.role == ParameterRole.size.rawValue ? configuration.pool.profile.unitBytes : 1
  }

  /// The same with one number replaced; nil where no machine can have it.
  public func replacingParameter(at index: Int, with value: UInt64) -> PoolSetup? {
    guard SetupNumber.all.indices.contains(index) else { return nil }
    var copy = self
    guard SetupNumber.all[index].set(&copy.configuration, value),
      copy == self || copy.configuration.problem == nil
    else { return nil }
    return copy
  }
}
