import PoolBounds

/// A replayed trace did what a proof says it cannot, or spent more than it was given: the proof, the
/// pool or the search is wrong, whichever it is.
public enum BoundBreach: Error, Hashable, Sendable, CustomStringConvertible {
  /// More pages than a bound allows that claims to cover the rules.
  case pages(held: Int, bound: PageBound)
  /// The kernel model did not do what the abstract pool did.
  case kernel(KernelOutcome, pages: Int)
  /// More live units than the cap.
  case liveUnits(reached: Int, cap: Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .pages(let held, let bound):
      "the trace holds \(held) pages, and the bound '\(bound.proof.rawValue)' allows no more than"
        + " \(bound.pages)"
    case .kernel(let outcome, let pages):
      "the kernel model holds \(outcome.pages) pages, the abstract pool \(pages)"
        + (outcome.failure.map { "; \($0)" } ?? "")
    case .liveUnits(let reached, let cap):
      "the trace has \(reached) units live, and the cap is \(cap)"
    }
  }
}
