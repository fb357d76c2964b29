import Dispatch
import KernelPool
import PropertyTesting
import Synchronization

/// Runs a campaign epoch by epoch on any number of threads, with the same findings for any number.
///
/// Work goes out in numbered batches. Within an epoch every batch sees the state as the epoch found
/// it; at its end the batches are taken in by number. Nothing depends on the clock or on which
/// thread was first.
public final class FuzzEngine: Sendable {
  /// The plan.
  public let plan: FuzzPlan
  private let current: Mutex<FuzzState>

  /// A campaign from a state, or from its beginning.
  public init(_ plan: FuzzPlan, state: FuzzState? = nil) {
    self.plan = plan
    current = Mutex(state ?? FuzzState(plan))
  }

  /// The state as of the last epoch.
  public var state: FuzzState { current.withLock { $0 } }

  /// Runs one epoch of at most `batchLimit` batches; returns the failing traces that are worth a
  /// closer look, in the order of their numbers. Where it is interrupted the epoch counts for
  /// nothing, and nil is returned: its batches can be run again.
  public func runEpoch(
    jobs: Int, batchLimit: Int = .max, isInterrupted: @Sendable () -> Bool = { false }
  ) -> [FuzzBatch.Finding]? {
    let state = self.state
    let count = min(plan.epochLength(at: state.nextBatch), max(batchLimit, 0))
    let results = Mutex<[FuzzBatch?]>(Array(repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let plan = self.plan
    DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, count))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let number = state.nextBatch + UInt64(index)
        guard let batch = FuzzBatch(plan, number: number, state, isInterrupted: isInterrupted)
        else { return }
        results.withLock { $0[index] = batch }
      }
    }
    let batches = results.withLock { $0.compactMap { $0 } }
    guard batches.count == count else { return nil }
    return current.withLock { $0.take(batches, plan) }
  }
}
