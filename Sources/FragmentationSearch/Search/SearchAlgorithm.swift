/// A way to search.
public protocol SearchAlgorithm: Sendable {
  /// A short name for tables and `--algorithm`.
  var name: String { get }
  /// The best candidate of one stream; spends at most `operations` simulated operations.
  ///
  /// `makeTarget`: an empty allocator; called anew for each candidate.
  func searchStream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator,
    on makeTarget: () -> Target
  ) -> StreamResult
}

extension SearchAlgorithm {
  /// Runs all streams on the abstract pool of the question.
  public func search(_ question: SearchQuestion) async -> SearchAnswer {
    let geometry = question.remedy.geometry(for: question.geometry)
    let rules = question.rules
    return await search(question) { AbstractPool(geometry: geometry, rules: rules) }
  }

  /// Runs all streams on an allocator of any kind; among equals the trace of the first stream.
  ///
  /// - Parameters:
  ///   - question: its geometry must be the allocator's; its rules are the abstract pool's only.
  ///   - makeTarget: an empty allocator; called anew for each candidate, from several threads if
  ///     the question has several workers.
  public func search<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, on makeTarget: @escaping @Sendable () -> Target
  ) async -> SearchAnswer {
    let share = question.operations / question.streams
    let results = await Parallel.map(0..<question.streams, workers: question.workers) { stream in
      searchStream(
        question, operations: share,
        generator: SeededGenerator(seed: question.seed, stream: UInt64(stream)), on: makeTarget)
    }
    var best = StreamResult()
    for result in results { best.offer(pages: result.pages, result.trace) }
    return SearchAnswer(
      algorithm: name, pages: best.pages, trace: best.trace,
      operationsSpent: results.reduce(0) { $0 + $1.operationsSpent })
  }
}
