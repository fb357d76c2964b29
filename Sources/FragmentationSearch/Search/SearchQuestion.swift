import PoolBounds

/// What a search is asked: make this pool hold as many pages as possible within the cap, with at
/// most so many simulated operations.
///
/// The work is divided into numbered streams, each with its own part of the budget and its own
/// random numbers, so an answer depends on the seed and the number of streams, never on how many
/// run at once.
public struct SearchQuestion: Sendable, Hashable {
  /// The pool.
  public var geometry: PoolGeometry
  /// Its policy.
  public var rules: PlacementRules
  /// A rule imposed on all requests.
  public var remedy: Remedy
  /// The cap on live units.
  public var peakLiveUnits: Int
  /// Simulated operations to spend, all streams together.
  public var operations: Int
  /// The seed of everything random.
  public var seed: UInt64
  /// Independent streams, at least 1.
  public var streams: Int
  /// Streams that run at once, at least 1.
  public var workers: Int
  /// Operations of a raw candidate.
  public var traceOperations = 4096

  /// A question; streams and workers below 1 are taken as 1.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, operations: Int,
    seed: UInt64, streams: Int = 4, workers: Int = 1, remedy: Remedy = .none
  ) {
    self.geometry = geometry
    self.rules = rules
    self.remedy = remedy
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.operations = max(0, operations)
    self.seed = seed
    self.streams = max(1, streams)
    self.workers = max(1, workers)
  }

  /// What each stream may spend.
  public var operationsPerStream: Int { operations / streams }

  /// An empty pool under the remedy.
  func makePool() -> AbstractPool {
    AbstractPool(geometry: remedy.geometry(for: geometry), rules: rules)
  }
}
