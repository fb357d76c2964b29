import KernelPool
import PoolBounds
import PoolTrace

/// What is proved about any run: with so many bytes live at their peak the pool cannot have held
/// more than so many pages.
///
/// The proofs know nothing of the allocator's code but its rules, so a run above the bound is a
/// mistake of the proof, the pool, or its counters. The bound hangs on the peaks alone and only
/// grows with them; so it is asked once, when the run has ended.
struct BoundOracle: Sendable {
  private var usage: LiveUsage
  private let bound: ReplayBound

  /// The oracle of a machine that has served no request yet.
  init(_ configuration: PoolConfiguration, _ view: PoolView) {
    usage = LiveUsage(view)
    bound = ReplayBound(configuration, view)
  }

  /// Books an allocation that an operation got.
  mutating func allocated(_ block: LiveBlock, _ view: PoolView) { usage.allocated(block, in: view) }

  /// Books a free.
  mutating func freed(_ block: LiveBlock, _ view: PoolView) { usage.freed(block, in: view) }

  /// What the run's peaks show to be wrong.
  func failure() -> PoolFailure? {
    guard let most = bound.pages(usage), usage.peakPagesHeld > most else { return nil }
    return .oracle(
      .bound, "held \(usage.peakPagesHeld) pages, and at most \(most) are proved possible")
  }
}
