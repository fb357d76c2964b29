import PropertyTesting

/// Divides a campaign's traces among its profiles: half evenly, which is each profile's floor, and
/// half in proportion to what a profile lately brought for an operation.
///
/// The floor is there because measured profiles change rank from bug to bug: one that shows
/// nothing new may be the only one that can find the next. Shares change between epochs only, after
/// the batches of an epoch are booked in the order of their numbers, and are made of integers.
public struct ProfileBandit: Sendable, Equatable {
  /// The accounts, in the order of the plan's profiles.
  public private(set) var accounts: [ProfileAccount]
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
  public init(_ names: [String]) { self.init(names.map { ProfileAccount(name: $0) }) }

  /// Shares as these accounts came to.
  public init(_ accounts: [ProfileAccount]) {
    self.accounts = accounts
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
    accounts[index].traceCount &+= traces
    accounts[index].operationCount &+= operations
    accounts[index].failureCount &+= failures
    accounts[index].recentCost &+= operations
  }

  /// Books a trace that showed so many features first.
  mutating func credit(_ index: Int, features: Int) {
    guard features > 0 else { return }
    accounts[index].novelCount &+= 1
    accounts[index].featureCount &+= UInt64(features)
    accounts[index].recentReward &+= UInt64(features)
    accounts[index].noveltyMark = accounts[index].operationCount
  }

  /// Books a failure of a kind not seen before.
  mutating func creditFailure(_ index: Int) {
    accounts[index].recentReward &+= Self.failureReward
  }

  /// Ends an epoch: what lies behind begins to fade, and shares follow the accounts. In this order,
  /// so that a campaign that is gone on with, of which the accounts are saved, has the same shares.
  mutating func endEpoch() {
    for index in accounts.indices {
      accounts[index].recentReward -= (accounts[index].recentReward + 7) / 8
      accounts[index].recentCost -= (accounts[index].recentCost + 7) / 8
    }
    share()
  }

  private mutating func share() {
    let count = UInt64(max(accounts.count, 1))
    let rates = accounts.map { account in
      (min(account.recentReward, 1 << 32) << 24) / (account.recentCost &+ Self.costOffset)
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
    let reward = accounts.reduce(0) { $0 + $1.recentReward }
    let cost = accounts.reduce(0) { $0 + $1.recentCost }
    return cost == 0 ? 0 : reward * 1_000_000 / cost
  }
}
