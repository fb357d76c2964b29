import KernelPool

extension TraceConfiguration {
  /// Which keys a printed configuration names.
  public enum Extent: Sendable {
    /// Those whose values differ from the profile's defaults: what a trace file needs.
    case differences
    /// All of them: what a user wants to see.
    case everything
  }

  /// The configuration as a `config` line, which re-reads to an equal one; no line end.
  ///
  /// The profile's name must be one of the known; its facts may be overridden.
  public func line(_ extent: Extent) -> String {
    let profile = pool.profile.name
    let defaults = TraceConfiguration(profile: Profile.named(profile) ?? pool.profile)
    var fields = ["config", "format=\(TraceConfiguration.formatVersion)", "profile=\(profile)"]
    for key in ConfigurationKey.all {
      let text = key.value(in: self)
      if extent == .everything || text != key.value(in: defaults) {
        fields.append("\(key.name)=\(text)")
      }
    }
    return fields.joined(separator: " ")
  }

  /// The same machine with every value that follows from another one spelled out: what
  /// `--show-config` prints.
  public var effective: TraceConfiguration {
    var result = self
    result.pool.maximumNonPagedPages = pool.nonPagedLimit
    result.pool.pagedSinglePageDepth = pool.pagedSinglePageDepth ?? pool.singlePageDepth
    result.pool.lookasideDepth = pool.lookasideDepth ?? pool.profile.lookasideDepth
    result.pool.profile.smallRequestLimit = pool.profile.largestSmallRequest
    if pool.trackerEntries == 0 { result.pool.trackerEntries = 2048 }
    if pool.bigTableEntries == 0 { result.pool.bigTableEntries = 4096 }
    return result
  }
}
