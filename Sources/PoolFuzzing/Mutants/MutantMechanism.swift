import KernelPool

extension Mutant {
  /// The mechanism that the planted bug is in.
  public var mechanism: String {
    let table: [(prefix: String, mechanism: String)] = [
      ("split", "split"), ("remainder", "split"), ("fresh", "fresh page"), ("orphan", "split"),
      ("first-list", "search"), ("merge", "coalescing"), ("no-", "coalescing"),
      ("backward-merge", "coalescing"), ("forward-merge", "coalescing"),
      ("freed", "coalescing"), ("keeps-free-page", "coalescing"),
      ("released-page", "coalescing"), ("head-insert", "list heads"),
      ("tail-insert", "list heads"), ("unlink", "list heads"), ("remove-first", "list heads"),
      ("lookaside", "lookaside"), ("deferred", "deferred frees"),
      ("single-page", "single-page lists"), ("run", "run lists"), ("expansion", "expansion"),
      ("bitmap", "bitmap"), ("paged-hint", "bitmap"), ("big", "big-page table"),
      ("tracker", "tag table"), ("fragment", "fragments"), ("quota", "quota"),
      ("contiguous", "contiguous"), ("threshold", "thresholds"), ("cache-line", "cache alignment"),
      ("must-succeed", "bug checks"),
      ("session", "paged pools"), ("round-robin", "paged pools"),
    ]
    return table.first { rawValue.hasPrefix($0.prefix) }?.mechanism ?? "accounting"
  }
}
