import KernelPool
import PoolTrace
import PropertyTesting

/// One number of a machine: how it is read, how it is set, and what it is by default.
///
/// An optional number is coded with 0 for "not given", so that its origin is the default.
struct SetupNumber: Sendable {
  let origin: UInt64
  let get: @Sendable (PoolTrace.TraceConfiguration) -> UInt64
  let set: @Sendable (inout PoolTrace.TraceConfiguration, UInt64) -> Bool

  func parameter(of setup: PoolSetup) -> Parameter {
    Parameter(
      role: ParameterRole.other.rawValue, value: get(setup.configuration), origin: origin)
  }

  typealias Path<Value> = WritableKeyPath<PoolTrace.TraceConfiguration, Value> & Sendable

  static let all: [SetupNumber] = [
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

  /// The position in the table of profiles, that of the story's system being the origin. Another
  /// version brings its own facts and addresses; sizes stay.
  private static let version = SetupNumber(
    origin: UInt64(
      Profile.all.firstIndex { $0.name == PoolTrace.TraceConfiguration.defaultProfile.name } ?? 0),
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
