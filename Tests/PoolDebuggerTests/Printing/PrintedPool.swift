import KernelPool
import PoolTestSupport
import Testing

extension TestPool {
  /// A pool of a profile on a small machine without tables of its own in it, as printers show it.
  init(
    printed profile: Profile, nonPagedPages: UInt64 = 16, lookasideDepth: UInt16? = 0,
    initialisation: Initialisation = .none, _ change: (inout PoolConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = PoolConfiguration.small(profile, nonPagedPages: nonPagedPages)
    configuration.pagedPages = nonPagedPages
    configuration.lookasideDepth = lookasideDepth
    configuration.initialisation = initialisation
    change(&configuration)
    try self.init(configuration)
  }

  /// A page with a free front of `front` bytes, one small live block, and a free rest, as the three
  /// pages of the story have it; sizes are block sizes.
  mutating func makePinnedPage(
    front: UInt64, _ frontTag: PoolTag, pin: UInt64, _ pinTag: PoolTag, _ restTag: PoolTag
  ) throws {
    let header = UInt64(view.profile.header.bytes)
    let rest = view.profile.pageBytes - front - pin
    let first = try allocate(front - header, tag: frontTag)
    let last = try allocate(rest - header, tag: restTag)
    _ = try allocate(pin - header, tag: pinTag)
    try free(first)
    try free(last)
  }
}

/// Windows 2003 x86 with its nonpaged pool at `base`, so that the first fresh page is the one that a
/// listing shows: pages come from the end of the initial run.
func windows2003(lastPage: Address, pages: UInt64 = 16) -> Profile {
  var profile = Profile.windows2003x86
  profile.nonPagedBase = lastPage &- (pages - 1) * profile.pageBytes
  profile.expansionBase = nil
  return profile
}
