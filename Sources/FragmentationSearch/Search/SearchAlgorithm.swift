/// A way to search.
public protocol SearchAlgorithm: Sendable {
  /// A short name for tables and `--algorithm`.
  var name: String { get }
  /// The best candidate of one stream; spends at most `operations` simulated operations.
  func searchStream(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator
  ) -> StreamResult
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
