/// Why the values of a configuration do not go together.
public struct ConfigurationProblem: Error, Equatable, Sendable {
  /// The keys whose values clash, the likeliest mistake first.
  public var keys: [String]
  /// What should hold instead, as what an error message expects.
  public var expected: String

  /// A problem from its keys and text.
  public init(_ keys: [String], _ expected: String) {
    self.keys = keys
    self.expected = expected
  }
}
