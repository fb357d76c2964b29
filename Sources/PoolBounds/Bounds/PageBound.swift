/// A proved upper limit on the pages that any trace can make the pool hold.
public struct PageBound: Sendable, Hashable {
  /// Which proof it is; the article on bounds has each in full.
  public enum Proof: String, Sendable, Hashable, CaseIterable {
    /// Every held page has a live block.
    case trivial
    /// What the request that acquires the last page says about all other pages, exact fits taken.
    case lastRequest = "last-request"
    /// The same where exact fits may be skipped.
    case lastRequestSkippingExact = "last-request-skipping-exact"
    /// The recursion over pages whose free blocks are all small.
    case closedPages = "closed-pages"
    /// What the page needed that was closed last before the last request, exact fits taken or not.
    case lastClosing = "last-closing"
  }

  /// The proof that gives the number.
  public let proof: Proof
  /// Pages; no trace within the live cap holds more.
  public let pages: Int
  /// What must be true of the pool.
  public let assumptions: BoundAssumptions

  /// Whether the bound says anything about a pool with these rules.
  public func covers(_ rules: PlacementRules) -> Bool {
    rules.assumptionsHeld.isSuperset(of: assumptions)
  }
}
