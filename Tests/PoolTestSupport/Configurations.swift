import KernelPool

extension PoolConfiguration {
  /// A small machine of a profile: few pages everywhere and tables that are quick to read.
  package static func small(_ profile: Profile, nonPagedPages: UInt64 = 64) -> PoolConfiguration {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = nonPagedPages
    configuration.pagedPages = 64
    configuration.sessionPages = 16
    configuration.contiguousPages = 16
    configuration.trackerEntries = 256
    configuration.bigTableEntries = 64
    // The maps of this version's nonpaged pool end where the session pool would start.
    if profile.nonPagedPages == .bitmap, profile.wordBytes == 4 {
      configuration.profile.sessionBase = 0x9C00_0000
    }
    return configuration
  }
}
