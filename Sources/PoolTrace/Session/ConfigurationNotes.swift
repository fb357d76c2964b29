import KernelPool

extension TraceConfiguration {
  /// What a user should know of this machine before reading its addresses: sizes at which the
  /// original goes wrong and the model with it. One sentence each; usually none.
  public var notes: [String] {
    let profile = pool.profile
    guard profile.pageOffsetWidth == .bits32, profile.pageBytes > 0 else { return [] }
    let most = (UInt64(1) << 32) / profile.pageBytes
    func note(_ name: String, _ key: String, _ pages: UInt64) -> String? {
      guard pages > most else { return nil }
      return "\(name) pool: \(key)=\(pages) is above \(most), and this kernel keeps 32 bits of an"
        + " offset into a run of pages: its own tables and later pages are misplaced"
    }
    return [
      note("nonpaged", "nonpaged_pages", pool.nonPagedPages),
      note("paged", "paged_pages", pool.pagedPages),
    ].compactMap { $0 }
  }
}
