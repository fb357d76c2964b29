import Dispatch
import KernelPool
import PropertyTesting
import Synchronization

/// Runs a campaign epoch by epoch on any number of threads, with the same findings for any number.
///
/// Work goes out in numbered batches. Within an epoch every batch sees the corpus as the epoch
/// found it; at its end the batches are taken in by number. Nothing depends on the clock or on
/// which thread was first.
public final class FuzzEngine: Sendable {
  /// The plan.
  public let plan: FuzzPlan
  private let state: Mutex<State>

  private struct State: Sendable {
    var corpus: FuzzCorpus
    var nextBatch: UInt64
    var operationCount: UInt64 = 0
    var traceCount: UInt64 = 0
    var canaryCount: UInt64 = 0
    var caughtCanaries: UInt64 = 0
  }

  /// A campaign that begins at a batch, with what was learned before it.
  public init(_ plan: FuzzPlan, corpus: FuzzCorpus = FuzzCorpus(), nextBatch: UInt64 = 0) {
    self.plan = plan
    state = Mutex(State(corpus: corpus, nextBatch: nextBatch))
  }

  /// The corpus as of the last epoch.
  public var corpus: FuzzCorpus { state.withLock { $0.corpus } }
  /// The number of the next batch.
  public var nextBatch: UInt64 { state.withLock { $0.nextBatch } }
  /// Operations executed.
  public var operationCount: UInt64 { state.withLock { $0.operationCount } }
  /// Traces executed.
  public var traceCount: UInt64 { state.withLock { $0.traceCount } }
  /// Tests of the alarm, and those that set it off.
  public var canaries: (run: UInt64, caught: UInt64) {
    state.withLock { ($0.canaryCount, $0.caughtCanaries) }
  }

  /// Runs one epoch of at most `batchLimit` batches; returns its findings in the order of their
  /// numbers, the alarm's own tests left out.
  public func runEpoch(
    jobs: Int, batchLimit: Int = .max
  ) -> [FuzzBatch.Finding] {
    let corpus = self.corpus
    let first = nextBatch
    let count = min(plan.batchesPerEpoch, max(batchLimit, 0))
    let results = Mutex<[FuzzBatch?]>(Array(repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let plan = self.plan
    DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, count))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let batch = FuzzBatch(plan, number: first + UInt64(index), corpus: corpus)
        results.withLock { $0[index] = batch }
      }
    }
    return takeIn(results.withLock { $0.compactMap { $0 } })
  }

  private func takeIn(_ batches: [FuzzBatch]) -> [FuzzBatch.Finding] {
    state.withLock { state in
      for batch in batches {
        for novelty in batch.novelties {
          state.corpus.offer(novelty.trace, novelty.features, limit: plan.corpusLimit)
        }
        state.operationCount += batch.operationCount
        state.traceCount += batch.traceCount
        state.canaryCount += batch.canaryCount
        state.caughtCanaries += UInt64(batch.findings.count { $0.isCanary })
      }
      state.nextBatch += UInt64(batches.count)
    }
    return batches.flatMap(\.findings).filter { !$0.isCanary }
  }
}
