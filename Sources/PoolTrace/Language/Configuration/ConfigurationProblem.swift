import KernelPool

/// Why the values of a configuration do not go together.
public struct ConfigurationProblem: Error, Equatable, Sendable {
  /// The keys whose values clash, the likeliest mistake first.
  public var keys: [String]
  /// What should hold instead.
  public var expected: String
}

extension TraceConfiguration {
  /// The first reason why no machine can have this configuration, or nil.
  public var problem: ConfigurationProblem? { nil }
}
