import KernelPool

extension TraceConfiguration {
  /// The first reason why no machine can have this configuration, or nil.
  ///
  /// Later checks rely on what earlier ones found. Whether the pool is large enough for its own
  /// tables, and the host for the pool, only shows when it is set up.
  public var problem: ConfigurationProblem? {
    geometryProblem ?? blockProblem ?? machineProblem ?? AddressPlan(pool).problem
  }

  private var geometryProblem: ConfigurationProblem? {
    let profile = pool.profile
    guard (64...4096).contains(profile.pageBytes), profile.pageBytes.nonzeroBitCount == 1 else {
      return ConfigurationProblem(["page_bytes"], "a power of two in 64...4096 for page_bytes")
    }
    guard (8...64).contains(profile.unitBytes), profile.unitBytes.nonzeroBitCount == 1 else {
      return ConfigurationProblem(["unit_bytes"], "a power of two in 8...64 for unit_bytes")
    }
    guard profile.unitsPerPage >= 2 else {
      return ConfigurationProblem(
        ["page_bytes", "unit_bytes"], "a page of two units or more")
    }
    let most = UInt64(profile.header.blockSize.mask) + 1
    guard profile.unitsPerPage <= most else {
      return ConfigurationProblem(
        ["page_bytes", "unit_bytes", "header"],
        "a page of at most \(most) units, which is what the header can count")
    }
    return nil
  }

  private var blockProblem: ConfigurationProblem? { blockSizeProblem ?? recordProblem }

  private var blockSizeProblem: ConfigurationProblem? {
    let profile = pool.profile
    let listed = UInt64(profile.header.bytes) + 2 * profile.wordBytes
    guard profile.unitBytes * profile.smallestListedUnits >= listed else {
      return ConfigurationProblem(
        ["smallest_listed_units", "unit_bytes", "pointer_bytes", "header"],
        "a smallest listed block of at least \(listed) bytes, for a header and two links")
    }
    let overhead = UInt64(profile.header.bytes) + profile.unitBytes
    let limit = profile.smallRequestLimit ?? profile.pageBytes &- overhead
    guard overhead < profile.pageBytes, limit < profile.pageBytes,
      profile.units(forRequest: limit) < profile.unitsPerPage
    else {
      return ConfigurationProblem(
        ["small_request_limit", "smallest_block_units", "page_bytes", "unit_bytes"],
        "a largest small block that leaves a unit of its page free")
    }
    return nil
  }

  private var recordProblem: ConfigurationProblem? {
    let profile = pool.profile
    let heads = profile.descriptor.listHeads + profile.unitsPerPage * 2 * profile.wordBytes
    let pointerBytes = profile.descriptor.pendingFreeDepth - profile.descriptor.pendingFrees
    guard pointerBytes >= profile.wordBytes else {
      return ConfigurationProblem(
        ["descriptor", "pointer_bytes"], "a descriptor for \(profile.wordBytes)-byte pointers")
    }
    guard heads <= profile.descriptor.bytesWithLock else {
      return ConfigurationProblem(
        ["descriptor", "pointer_bytes", "unit_bytes", "header"],
        "a descriptor with room for \(profile.unitsPerPage) list heads")
    }
    guard profile.quotaPointer == .lastSlot || profile.header.processBilledOffset != nil else {
      return ConfigurationProblem(
        ["quota_pointer", "header"], "quota_pointer=last-slot, since the header has no place")
    }
    return nil
  }

  private var machineProblem: ConfigurationProblem? {
    guard (1...64).contains(pool.processors) else {
      return ConfigurationProblem(["processors"], "1...64 for processors")
    }
    guard pool.maximumNonPagedPages ?? pool.nonPagedPages >= pool.nonPagedPages else {
      return ConfigurationProblem(
        ["max_nonpaged_pages", "nonpaged_pages"],
        "max_nonpaged_pages of at least nonpaged_pages (\(pool.nonPagedPages))")
    }
    guard pool.nonPagedRanges.count == 1 || pool.profile.nonPagedPages == .runLists else {
      return ConfigurationProblem(
        ["expansion_base", "nonpaged_allocator", "max_nonpaged_pages"],
        "expansion_base=adjacent, since one bitmap hands out neighbouring pages")
    }
    guard pool.profile.sessionLookasideClasses <= pool.profile.lookasideClasses else {
      return ConfigurationProblem(
        ["session_lookaside_classes", "lookaside_classes"],
        "session_lookaside_classes of at most lookaside_classes")
    }
    return nil
  }
}
