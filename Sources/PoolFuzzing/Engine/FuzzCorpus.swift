import PropertyTesting

/// What a campaign has learned: features seen and the traces that showed them first.
///
/// It changes between epochs only, in the order of batches, so it depends on the plan alone.
public struct FuzzCorpus: Sendable {
  /// The features seen.
  public internal(set) var signature = StateSignature()
  /// Traces that were novel, oldest first; the oldest give way to new ones.
  public internal(set) var traces: [PoolFuzzTrace] = []
  /// The number of traces ever kept.
  public internal(set) var keptCount: UInt64 = 0

  /// Nothing learned.
  public init() {}

  /// What an earlier run had learned.
  public init(signature: StateSignature, traces: [PoolFuzzTrace], keptCount: UInt64) {
    self.signature = signature
    self.traces = traces
    self.keptCount = keptCount
  }

  /// Takes a trace in if it shows something new; returns how many features were new.
  @discardableResult
  mutating func offer(_ trace: PoolFuzzTrace, _ features: [StateSignature.Feature], limit: Int)
    -> Int
  {
    let count = signature.insert(features)
    guard count > 0, limit > 0 else { return count }
    if traces.count < limit {
      traces.append(trace)
    } else {
      traces[Int(keptCount % UInt64(limit))] = trace
    }
    keptCount += 1
    return count
  }
}
