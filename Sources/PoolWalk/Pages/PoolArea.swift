import KernelPool

/// A range of pages that belongs to one pool.
public struct PoolArea: Sendable, Equatable {
  /// The pool.
  public let family: PoolFamily
  /// Address of the first page.
  public let base: Address
  /// Pages of the range, used or not.
  public let pages: UInt64

  /// Every range of a view: nonpaged pool and its expansion, paged pool, session pool.
  public static func all(in view: PoolView) -> [PoolArea] {
    let profile = view.profile
    var areas = nonPaged(in: view)
    let variables = view.variables
    for (bitmap, family) in [
      (variables.pagedBitmap, PoolFamily.paged), (variables.sessionBitmap, .session),
    ] where bitmap.pages != 0 && view.region(of: bitmap.base) != nil {
      let region = view.region(of: bitmap.base)
      let limit = (region?.byteCount ?? 0) / profile.pageBytes
      areas.append(PoolArea(family: family, base: bitmap.base, pages: min(bitmap.pages, limit)))
    }
    return areas
  }

  private static func nonPaged(in view: PoolView) -> [PoolArea] {
    let profile = view.profile
    guard let initial = view.region(of: profile.nonPagedBase) else { return [] }
    let pageBytes = profile.pageBytes
    var areas = [
      PoolArea(family: .nonPaged, base: initial.base, pages: initial.byteCount / pageBytes)
    ]
    let behind = profile.expansionBase ?? (initial.base &+ initial.byteCount)
    if let expansion = view.region(of: behind), expansion.base != initial.base,
      expansion.kind == .nonPaged
    {
      areas.append(
        PoolArea(family: .nonPaged, base: expansion.base, pages: expansion.byteCount / pageBytes))
    }
    return areas
  }
}
