/// What a search found.
public struct SearchAnswer: Sendable, Hashable {
  /// The name of the algorithm.
  public let algorithm: String
  /// The most pages held at any moment of the best trace.
  public let pages: Int
  /// Operations of the best trace.
  public let trace: [PoolOperation]
  /// Operations simulated in all.
  public let operationsSpent: Int
}
