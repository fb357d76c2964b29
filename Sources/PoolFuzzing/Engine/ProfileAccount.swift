/// What one profile has cost a campaign and what it has brought, in units of traces, operations
/// and features; never in seconds, so that the same plan gives the same numbers on any machine.
public struct ProfileAccount: Sendable, Equatable {
  /// The profile's name.
  public let name: String
  /// Traces executed.
  public internal(set) var traceCount: UInt64 = 0
  /// Operations executed.
  public internal(set) var operationCount: UInt64 = 0
  /// Traces that showed a feature first.
  public internal(set) var novelCount: UInt64 = 0
  /// Features that its traces showed first.
  public internal(set) var featureCount: UInt64 = 0
  /// Failing traces.
  public internal(set) var failureCount: UInt64 = 0
  /// `operationCount` when it last showed something new, to the end of that epoch.
  public internal(set) var noveltyMark: UInt64 = 0
  /// What it brought lately, old epochs fading.
  public internal(set) var recentReward: UInt64 = 0
  /// Operations that it took lately, old epochs fading.
  public internal(set) var recentCost: UInt64 = 0

  /// An account without a booking.
  public init(name: String) { self.name = name }

  /// The bookings in a fixed order: what a state file holds.
  public var numbers: [UInt64] {
    [
      traceCount, operationCount, novelCount, featureCount, failureCount, noveltyMark,
      recentReward, recentCost,
    ]
  }

  /// An account with its bookings as `numbers` gives them; nil where these are not as many.
  public init?(name: String, numbers: [UInt64]) {
    guard numbers.count == 8 else { return nil }
    self.name = name
    (traceCount, operationCount) = (numbers[0], numbers[1])
    (novelCount, featureCount) = (numbers[2], numbers[3])
    (failureCount, noveltyMark) = (numbers[4], numbers[5])
    (recentReward, recentCost) = (numbers[6], numbers[7])
  }

  /// True where the last half of its operations showed nothing new.
  public var isExhausted: Bool { traceCount > 0 && noveltyMark <= operationCount / 2 }
}
