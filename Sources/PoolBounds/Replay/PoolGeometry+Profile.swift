import KernelPool

extension PoolGeometry {
  /// The sizes of a version of the kernel, or of a part of its requests.
  ///
  /// - Parameters:
  ///   - profile: the version.
  ///   - requestBytes: the requests of the contest; all small ones if nil.
  /// - Throws: ``GeometryError`` where no request of the kernel's small blocks lies in the range.
  public init(
    profile: Profile, requestBytes: ClosedRange<Int>? = nil
  ) throws(GeometryError) {
    let limit = Int(profile.largestSmallRequest)
    let range = requestBytes ?? 1...limit
    guard (1...limit).contains(range.lowerBound) else {
      throw .smallestRequestBytes(range.lowerBound)
    }
    func units(_ bytes: Int) -> Int { Int(profile.units(forRequest: UInt64(bytes))) }
    try self.init(
      pageUnits: Int(profile.unitsPerPage), smallestBlockUnits: units(range.lowerBound),
      largestBlockUnits: units(min(range.upperBound, limit)), unitBytes: Int(profile.unitBytes),
      headerBytes: Int(profile.header.bytes))
  }
}

extension PlacementRules {
  /// The rules of a version of the kernel.
  public init(profile: Profile) {
    self.init(
      remainderOrder: profile.remainderEnd == .tail ? .tail : .head,
      exactFit: profile.firstList == .exactFit ? .taken : .never,
      freedOrder: profile.freedEnd == .head ? .head : .tail)
  }
}
