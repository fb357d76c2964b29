/// What an adversary did to an abstract pool.
public struct AdversaryOutcome: Sendable, Hashable {
  /// Pages and live units at the end and at their peaks.
  public let footprint: Footprint
  /// Requests and releases.
  public let operations: Int
  /// What was predicted.
  public let predictedPages: Int?
}
