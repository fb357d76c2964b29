import PropertyTesting

/// Divides a campaign's traces among its profiles: half evenly, which is each profile's floor, and
/// half in proportion to what a profile lately brought for an operation.
///
/// The floor is there because measured profiles change rank from bug to bug: one that shows
/// nothing new may be the only one that can find the next. Shares change between epochs only, after
/// the batches of an epoch are booked in the order of their numbers, and are made of integers.
public struct ProfileScheduler: Sendable, Equatable {
  /// The statistics, in the order of the plan's profiles.
  public private(set) var statistics: [ProfileStatistics]
  /// The share of each profile, of `shareTotal` in all or a little less.
  public private(set) var shares: [UInt64] = []

  /// What all shares come to at most.
  public static let shareTotal: UInt64 = 1 << 16
  /// What a failure of a kind not seen before counts, in features.
  static let failureReward: UInt64 = 64
  /// Operations that every profile is taken to have used already: the first novelties of a
  /// profile must not outweigh everything.
  private static let costOffset: UInt64 = 4096

  /// Even shares for profiles of these names.
  public init(_ names: [String]) { self.init(names.map { ProfileStatistics(name: $0) }) }

  /// Shares as these statistics came to.
  public init(_ statistics: [ProfileStatistics]) {
    self.statistics = statistics
    share()
  }

  /// The position of a profile, drawn by the shares.
  func draw(_ choices: inout some ChoiceSource) -> Int {
    var rest = choices.draw(below: max(shares.reduce(0, +), 1))
    for (index, share) in shares.enumerated() {
      if rest < share { return index }
      rest -= share
    }
    return 0
  }

  // MARK: Booking

  /// Books traces that were executed.
  mutating func charge(_ index: Int, traces: UInt64, operations: UInt64, failures: UInt64) {
    statistics[index].traceCount &+= traces
    statistics[index].operationCount &+= operations
    statistics[index].failureCount &+= failures
    statistics[index].recentCost &+= operations
  }

  /// Books a trace that showed so many features first.
  mutating func credit(_ index: Int, features: Int) {
    guard features > 0 else { return }
    statistics[index].novelCount &+= 1
    statistics[index].featureCount &+= UInt64(features)
    statistics[index].recentReward &+= UInt64(features)
    statistics[index].noveltyMark = statistics[index].operationCount
  }

  /// Books a failure of a kind not seen before.
  mutating func creditFailure(_ index: Int) {
    statistics[index].recentReward &+= Self.failureReward
  }

  /// Ends an epoch: what lies behind begins to fade, and shares follow the statistics. In this order,
  /// so that a campaign that is gone on with, of which the statistics are saved, has the same shares.
  mutating func endEpoch() {
    for index in statistics.indices {
      statistics[index].recentReward -= (statistics[index].recentReward + 7) / 8
      statistics[index].recentCost -= (statistics[index].recentCost + 7) / 8
    }
    share()
  }

  private mutating func share() {
    let count = UInt64(max(statistics.count, 1))
    let rates = statistics.map { profile in
      (min(profile.recentReward, 1 << 32) << 24) / (profile.recentCost &+ Self.costOffset)
    }
    let total = rates.reduce(0, +)
    let half = Self.shareTotal / 2
    shares = rates.map { rate in
      let earned = total == 0 ? half / count : (half * (rate >> 8)) / max(total >> 8, 1)
      return half / count + earned
    }
  }

  /// New features that the next million operations would show if it went on as lately.
  public var noveltyPerMillion: UInt64 {
    let reward = statistics.reduce(0) { $0 &+ $1.recentReward }
    let cost = statistics.reduce(0) { $0 &+ $1.recentCost }
    // A state may say any numbers: the product may need two words, and the quotient as well.
    let product = reward.multipliedFullWidth(by: 1_000_000)
    return product.high < cost ? cost.dividingFullWidth(product).quotient : cost == 0 ? 0 : .max
  }
}

/// What one profile has cost a campaign and what it has brought, in units of traces, operations
/// and features; never in seconds, so that the same plan gives the same numbers on any machine.
public struct ProfileStatistics: Sendable, Equatable {
  /// The profile's name.
  public let name: String
  /// Traces executed.
  public internal(set) var traceCount: UInt64 = 0
  /// Operations executed.
  public internal(set) var operationCount: UInt64 = 0
  /// Traces that showed a feature first.
  var novelCount: UInt64 = 0
  /// Features that its traces showed first.
  public internal(set) var featureCount: UInt64 = 0
  /// Failing traces.
  public internal(set) var failureCount: UInt64 = 0
  /// `operationCount` when it last showed something new, to the end of that epoch.
  var noveltyMark: UInt64 = 0
  /// What it brought lately, old epochs fading.
  public internal(set) var recentReward: UInt64 = 0
  /// Operations that it took lately, old epochs fading.
  var recentCost: UInt64 = 0

  /// Statistics without a booking.
  public init(name: String) { self.name = name }

  /// The bookings in a fixed order: what a state file holds.
  public var numbers: [UInt64] {
    [
      traceCount, operationCount, novelCount, featureCount, failureCount, noveltyMark,
      recentReward, recentCost,
    ]
  }

  /// Statistics with its bookings as `numbers` gives them; nil where these are not as many.
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
