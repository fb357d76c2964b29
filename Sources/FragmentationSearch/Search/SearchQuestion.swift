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
}

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

/// A way to search.
public protocol SearchAlgorithm: Sendable {
  /// A short name for tables and `--algorithm`.
  var name: String { get }
  /// The best candidate of one stream; spends at most `operations` simulated operations.
  func searchStream(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator
  ) -> StreamResult
}

/// The best of one stream.
public struct StreamResult: Sendable, Hashable {
  /// The most pages held.
  public var pages: Int
  /// How to do it.
  public var trace: [PoolOperation]
  /// Operations simulated.
  public var operationsSpent: Int

  /// Nothing found yet.
  public init(pages: Int = 0, trace: [PoolOperation] = [], operationsSpent: Int = 0) {
    self.pages = pages
    self.trace = trace
    self.operationsSpent = operationsSpent
  }

  mutating func offer(pages: Int, _ trace: @autoclosure () -> [PoolOperation]) {
    guard pages > self.pages else { return }
    self.pages = pages
    self.trace = trace()
  }
}

extension SearchAlgorithm {
  /// Runs all streams; among equals the trace of the first stream.
  public func search(_ question: SearchQuestion) async -> SearchAnswer {
    let share = question.operations / question.streams
    let results = await Parallel.map(0..<question.streams, workers: question.workers) { stream in
      searchStream(
        question, operations: share,
        generator: SeededGenerator(seed: question.seed, stream: UInt64(stream)))
    }
    var best = StreamResult()
    for result in results { best.offer(pages: result.pages, result.trace) }
    return SearchAnswer(
      algorithm: name, pages: best.pages, trace: best.trace,
      operationsSpent: results.reduce(0) { $0 + $1.operationsSpent })
  }
}
