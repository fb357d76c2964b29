import KernelPool

/// The out-of-memory law: a request may be refused only when a recount shows that nothing fits.
///
/// It claims only what holds for every version: a small request needs no more than one page, a
/// large one no more than its pages, and a free run of that length, on a list or in a map, serves
/// it. It also holds `ExPoolFailures` against the refusals seen.
struct RefusalOracle {
  private var failures: UInt64

  init(_ view: PoolView) { failures = view.variables.failures }

  /// Judges an operation that was refused.
  mutating func refused(
    _ view: PoolView, _ type: PoolType, bytes: UInt64
  ) -> PoolFailure? {
    failures += 1
    guard view.variables.failures == failures else {
      return .oracle(
        .refusalCount, "\(failures) refusals, \(view.variables.failures) counted")
    }
    return Self.room(view, type, bytes: bytes)
  }

  /// What shows that a request which could not be met could have been.
  static func room(_ view: PoolView, _ type: PoolType, bytes: UInt64) -> PoolFailure? {
    let facts = RequestFacts(type, bytes: bytes, view.profile)
    guard facts.pages < 1 << 30 else { return nil }
    if facts.pages <= 1, singlePages(view, facts.kind) > 0 {
      return .oracle(.refusal, "a page was refused while one is on the single-page list")
    }
    let census = PageCensus(view, facts.kind)
    guard max(census.longestRun, census.longestGrowth) < facts.pages else {
      let longest = max(census.longestRun, census.longestGrowth)
      return .oracle(
        .refusal, "\(facts.pages) pages were refused; \(longest) in a row are free")
    }
    return nil
  }

  /// Takes note of refusals that cannot be told from the calls (contiguous memory).
  mutating func resynchronise(_ view: PoolView) { failures = view.variables.failures }

  /// Judges an operation that was not refused: none may have been counted.
  mutating func served(_ view: PoolView) -> PoolFailure? {
    guard view.variables.failures != failures else { return nil }
    defer { failures = view.variables.failures }
    return .oracle(.refusalCount, "a refusal was counted where none was")
  }

  private static func singlePages(_ view: PoolView, _ kind: PoolKind) -> UInt16 {
    let lists = view.variables.singlePageLists
    switch kind {
    case .paged: return lists.paged.count
    case .session: return lists.session.count
    case .nonPaged, .nonPagedNoExecute: return lists.nonPaged.0.count
    }
  }
}
