import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// The machine that a generated trace runs on, as generators and shrinkers see it.
///
/// The configuration is the trace language's. What a trace file does not hold stands beside it:
/// the planted bug and how much is checked. Its numbers (`parameters`) are those that generators
/// draw; each has its default as origin, so shrinking leads to the machine that needs no
/// `config` line. What a machine sets of its profile's facts can be taken back, and nothing else.
public struct PoolSetup: MachineConfiguration {
  /// The machine.
  public var configuration: TraceConfiguration
  /// A planted bug.
  public var mutant: Mutant
  /// The bug of the model that triage takes for healthy: none, but where triage itself is tested.
  public var faultOfHealthyModel: Mutant = .none
  /// Which oracles watch.
  public var oracles: OracleSet

  /// The defaults of the trace language, healthy, with every oracle watching.
  public init() { self.init(TraceConfiguration()) }

  /// A machine.
  public init(
    _ configuration: TraceConfiguration, mutant: Mutant = .none,
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

/// One number of a machine: how it is read, how it is set, and what it is by default.
///
/// An optional number is coded with 0 for "not given", so that its origin is the default.
struct SetupNumber: Sendable {
  let origin: UInt64
  let get: @Sendable (TraceConfiguration) -> UInt64
  let set: @Sendable (inout TraceConfiguration, UInt64) -> Bool
  /// Whether each of its bits stands for something that can be left out by itself.
  var isSet = false

  func parameter(of setup: PoolSetup) -> Parameter {
    let value = get(setup.configuration)
    let members = isSet ? (0..<64).map { value & (1 &<< $0) }.filter { $0 != 0 } : []
    return Parameter(
      role: ParameterRole.other.rawValue, value: value, origin: origin,
      landmarks: members.map { value ^ $0 })
  }

  typealias Path<Value> = WritableKeyPath<TraceConfiguration, Value> & Sendable

  static let all: [SetupNumber] = usual + special + [facts, factValues]

  /// Those of every machine.
  static let usual: [SetupNumber] = [
    version,
    count(\.pool.processors, 1, 1...64),
    choice(\.pool.expansion), optional(\.pool.maximumNonPagedPages, 1...1 << 32),
    optional(\.pool.availablePages, 0...UInt64.max - 1),
    count(\.pool.nonPagedPages, 512, 1...0xFFFF_FFFF),
    count(\.pool.pagedPages, 1024, 1...0xFFFF_FFFF),
    count(\.pool.sessionPages, 256, 1...0xFFFF_FFFF),
    count(\.pool.contiguousPages, 256, 1...0xFFFF_FFFF),
    lookasideDepth, count(\.pool.singlePageDepth, 4, 0...UInt16.max),
    optional(\.pool.pagedSinglePageDepth, 0...UInt16.max),
    count(\.pool.trackerEntries, 0, 0...1 << 24), count(\.pool.bigTableEntries, 0, 0...1 << 24),
    choice(\.pool.initialisation), choice(\.fill),
  ]

  /// Those of special pool, which is off by default.
  private static let special: [SetupNumber] = [
    SetupNumber(
      origin: 0,
      get: { configuration in
        switch configuration.pool.specialPool {
        case .none: 0
        case .all: 1
        case .tag(let tag): 2 + UInt64(tag.word)
        }
      },
      set: { configuration, value in
        switch value {
        case 0: configuration.pool.specialPool = .none
        case 1: configuration.pool.specialPool = .all
        default:
          guard let word = UInt32(exactly: value - 2) else { return false }
          configuration.pool.specialPool = .tag(PoolTag(word: word).unprotected)
        }
        return true
      }),
    choice(\.pool.specialPoolEdge), count(\.pool.specialPoolPages, 1024, 1...1 << 20),
  ]

  /// The facts that are not those of the profile: a bit for each key. They can be taken back, all or
  /// some of them.
  private static let facts = SetupNumber(
    origin: 0, get: { overridden($0).reduce(0) { $0 | 1 &<< UInt64($1.position) } },
    set: { configuration, value in
      let overridden = overridden(configuration)
      guard overridden.reduce(value, { $0 & ~(1 &<< UInt64($1.position)) }) == 0 else {
        return false
      }
      return overridden.filter { value & (1 &<< UInt64($0.position)) == 0 }.allSatisfy {
        ConfigurationKey.facts[$0.position].read($0.plain, &configuration)
      }
    }, isSet: true)

  /// What those facts are, so that no two machines have the same numbers: smaller where theirs are.
  private static let factValues = SetupNumber(
    origin: 0, get: { valueOfFacts($0) }, set: { $1 == valueOfFacts($0) })

  /// The sum of the facts that are numbers, and behind it a hash of all.
  private static func valueOfFacts(_ configuration: TraceConfiguration) -> UInt64 {
    let texts = overridden(configuration).map {
      ConfigurationKey.facts[$0.position].value(in: configuration)
    }
    let sum = texts.compactMap { UInt32($0) }.reduce(UInt64(0)) { min($0 + UInt64($1), 1 << 30) }
    let hash = texts.joined(separator: " ").utf8.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
    return sum << 32 | UInt64(hash)
  }

  /// The positions of the keys by which a fact is not the profile's, with what it would be.
  private static func overridden(
    _ configuration: TraceConfiguration
  ) -> [(position: Int, plain: String)] {
    guard let profile = Profile.named(configuration.pool.profile.name),
      profile != configuration.pool.profile
    else { return [] }
    var plain = configuration
    plain.pool.profile = profile
    return ConfigurationKey.facts.enumerated().compactMap { position, key in
      let value = key.value(in: plain)
      return value == key.value(in: configuration) ? nil : (position, value)
    }
  }

  /// The position in the table of profiles, that of the story's system being the origin. Another
  /// version brings its own facts and addresses; sizes stay.
  private static let version = SetupNumber(
    origin: UInt64(
      Profile.all.firstIndex { $0.name == TraceConfiguration.defaultProfile.name } ?? 0),
    get: { configuration in
      UInt64(Profile.all.firstIndex { $0.name == configuration.pool.profile.name } ?? 0)
    },
    set: { configuration, value in
      guard value < UInt64(Profile.all.count) else { return false }
      let profile = Profile.all[Int(value)]
      if profile.name != configuration.pool.profile.name { configuration.pool.profile = profile }
      return true
    })

  private static let lookasideDepth = optional(\.pool.lookasideDepth, 0...UInt16.max)

  private static func count<Value: FixedWidthInteger & Sendable>(
    _ path: Path<Value>, _ origin: Value, _ range: ClosedRange<Value>
  ) -> SetupNumber {
    SetupNumber(origin: UInt64(origin), get: { UInt64($0[keyPath: path]) }) { target, value in
      guard let number = Value(exactly: value), range.contains(number) else { return false }
      target[keyPath: path] = number
      return true
    }
  }

  private static func optional<Value: FixedWidthInteger & Sendable>(
    _ path: Path<Value?>, _ range: ClosedRange<Value>
  ) -> SetupNumber {
    SetupNumber(origin: 0, get: { $0[keyPath: path].map { UInt64($0) &+ 1 } ?? 0 }) {
      target, value in
      if value == 0 {
        target[keyPath: path] = nil
        return true
      }
      guard let number = Value(exactly: value - 1), range.contains(number) else { return false }
      target[keyPath: path] = number
      return true
    }
  }

  /// A choice by its position; the first of each is the language's default.
  private static func choice<Value: CaseIterable & Equatable & Sendable>(
    _ path: Path<Value>
  ) -> SetupNumber where Value.AllCases: Sendable {
    let all = Array(Value.allCases)
    return SetupNumber(
      origin: 0, get: { UInt64(all.firstIndex(of: $0[keyPath: path]) ?? 0) }
    ) { target, value in
      guard value < UInt64(all.count) else { return false }
      target[keyPath: path] = all[Int(value)]
      return true
    }
  }
}
