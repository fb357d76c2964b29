import KernelPool

extension TraceConfiguration {
  /// The same machine sizes on another version: every fact and address is the profile's own.
  public func replacingProfile(by profile: Profile) -> TraceConfiguration {
    var result = self
    result.pool.profile = profile
    return result
  }
}
