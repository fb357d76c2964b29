import PoolFuzzing
import PoolTrace

/// Chooses the fewest traces that together show every feature that all of them show, greedily: the
/// one that adds most first, of equals the shorter, then the one whose text comes first. (The fewest
/// of all would take exponential time; greedy is within a logarithm of it.)
enum SignatureCover {
  /// The chosen ones, in the order of choice. Throws where a trace is not in the language.
  static func choose(_ traces: [CorpusTrace]) throws(CommandFailure) -> [CorpusTrace] {
    var rest: [(trace: CorpusTrace, features: Set<StateSignature.Feature>)] = []
    for trace in traces { rest.append((trace, Set(try features(of: trace)))) }
    rest.sort {
      ($0.trace.operationCount, $0.trace.text) < ($1.trace.operationCount, $1.trace.text)
    }
    var missing = rest.reduce(into: Set<StateSignature.Feature>()) { $0.formUnion($1.features) }
    var chosen: [CorpusTrace] = []
    while !missing.isEmpty {
      var best = 0
      var bestCount = 0
      for (index, candidate) in rest.enumerated() {
        let count = candidate.features.intersection(missing).count
        if count > bestCount { (best, bestCount) = (index, count) }
      }
      guard bestCount > 0 else { break }
      missing.subtract(rest[best].features)
      chosen.append(rest.remove(at: best).trace)
    }
    return chosen
  }

  /// The features that a trace shows, without checking anything.
  private static func features(of trace: CorpusTrace) throws(CommandFailure) -> [StateSignature
    .Feature]
  {
    var read: PoolFuzzTrace
    do throws(TraceError) {
      read = try PoolFuzzTrace.reading(trace.text)
    } catch {
      throw CommandFailure(message: error.description(file: trace.path), code: .badInput)
    }
    read.configuration.oracles = .none
    return FuzzRun(read).features
  }
}
