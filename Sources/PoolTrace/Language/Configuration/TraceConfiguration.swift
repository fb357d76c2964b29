import KernelPool

/// What a `config` line says: the machine, and how a replay behaves.
///
/// Two configurations that are equal replay a trace alike. `ConfigurationKey.all` is the one
/// table of keys from which lines are read, written and documented.
public struct TraceConfiguration: Equatable, Sendable {
  /// Whether blocks are filled with a recognisable pattern when they are allocated.
  public enum Fill: String, CaseIterable, Sendable {
    /// Every `alloc` is followed by a `fill`.
    case on
    /// The bytes of a new block are left as they are.
    case off
  }

  /// What a failed assertion of the original does.
  public enum Assertions: String, CaseIterable, Sendable {
    /// Nothing, as in a free build.
    case ignored = "0"
    /// The replay ends, as in a checked build.
    case stop = "1"
  }

  /// The machine.
  public var pool: PoolConfiguration
  /// Whether blocks are filled.
  public var fill: Fill = .on
  /// What assertions do.
  public var assertions: Assertions = .ignored

  /// The version of the language (`format=1`). A newer one is refused.
  public static let formatVersion: UInt64 = 1

  /// The profile of a trace that names none: the story's system.
  public static let defaultProfile = Profile.windows2003x86

  /// The defaults of `profile`.
  public init(profile: Profile = TraceConfiguration.defaultProfile) {
    pool = PoolConfiguration(profile: profile)
  }
}
