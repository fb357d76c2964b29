import KernelPool

/// What a `config` line says: the machine, and how a replay behaves.
///
/// Two configurations that are equal replay a trace alike. `ConfigurationKey.all` is the one
/// table of keys from which lines are read, written and documented.
public struct TraceConfiguration: Equatable, Sendable {
  /// Whether blocks are filled with a recognisable pattern when they are allocated.
  public enum Fill: String, CaseIterable, Sendable {
    /// Every `alloc` is followed by a `fill`.
    case on
    /// The bytes of a new block are left as they are.
    case off
  }

  /// What a failed assertion of the original does.
  public enum Assertions: String, CaseIterable, Sendable {
    /// Nothing, as in a free build.
    case ignored = "0"
    /// The replay ends, as in a checked build.
    case stop = "1"
  }

  /// The machine.
  public var pool: PoolConfiguration
  /// Whether blocks are filled.
  public var fill: Fill = .on
  /// What assertions do.
  public var assertions: Assertions = .ignored

  /// The version of the language (`format=1`). A newer one is refused.
  public static let formatVersion: UInt64 = 1

  /// The profile of a trace that names none: the story's system.
  public static let defaultProfile = Profile.windows2003x86

  /// The defaults of `profile`.
  public init(profile: Profile = TraceConfiguration.defaultProfile) {
    pool = PoolConfiguration(profile: profile)
  }
}

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
    guard profile.quotaPointer.isInBlock || profile.header.processBilledOffset != nil else {
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

/// Where the regions of a configuration lie, and whether they can lie there.
///
/// The kernel's static data and bitmaps are checked for their base only: how far they reach is
/// known to the model alone, which refuses overlaps when the pool is set up.
struct AddressPlan {
  private struct Region {
    var baseKey: String
    var sizeKey: String
    var base: Address
    var pages: UInt64
  }

  private let pageBytes: UInt64
  private let wordBytes: UInt64
  private let bases: [(key: String, base: Address)]
  private let regions: [Region]

  private static let mostPages: UInt64 = 0xFFFF_FFFF
  private static let alignmentBytes: UInt64 = 0x1000

  init(_ pool: PoolConfiguration) {
    let profile = pool.profile
    pageBytes = profile.pageBytes
    wordBytes = profile.wordBytes
    let nonPaged = pool.nonPagedRanges
    var regions = [
      Region(
        baseKey: "nonpaged_base", sizeKey: "nonpaged_pages", base: nonPaged[0].base,
        pages: nonPaged[0].pages),
      Region(
        baseKey: "paged_base", sizeKey: "paged_pages", base: profile.pagedBase,
        pages: pool.pagedPages),
      Region(
        baseKey: "contiguous_base", sizeKey: "contiguous_pages", base: profile.contiguousBase,
        pages: pool.contiguousPages),
    ]
    regions += nonPaged.dropFirst().map {
      Region(
        baseKey: "expansion_base", sizeKey: "max_nonpaged_pages", base: $0.base, pages: $0.pages)
    }
    if profile.hasSessionPool {
      regions.append(
        Region(
          baseKey: "session_base", sizeKey: "session_pages", base: profile.sessionBase,
          pages: pool.sessionPages))
    }
    self.regions = regions
    bases = [
      ("nonpaged_base", profile.nonPagedBase), ("expansion_base", profile.expansionBase ?? 0),
      ("paged_base", profile.pagedBase), ("session_base", profile.sessionBase),
      ("contiguous_base", profile.contiguousBase), ("descriptor_base", profile.descriptorBase),
      ("bitmap_base", profile.bitmapBase),
    ]
  }

  /// The first thing that is wrong, or nil.
  var problem: ConfigurationProblem? { baseProblem ?? sizeProblem ?? overlapProblem }

  private var baseProblem: ConfigurationProblem? {
    for (key, base) in bases {
      guard base % AddressPlan.alignmentBytes == 0 else {
        return ConfigurationProblem([key], "\(key) on a page, a multiple of 0x1000")
      }
      guard isAddress(base) else {
        let width = wordBytes == 4 ? "32-bit" : "canonical"
        return ConfigurationProblem([key], "a \(width) address for \(key)")
      }
    }
    return nil
  }

  private var sizeProblem: ConfigurationProblem? {
    for region in regions {
      guard (1...AddressPlan.mostPages).contains(region.pages) else {
        return ConfigurationProblem(
          [region.sizeKey], "1...\(AddressPlan.mostPages) for \(region.sizeKey)")
      }
      let (last, isTooLarge) = region.base.addingReportingOverflow(
        region.pages * pageBytes - 1)
      guard !isTooLarge, isAddress(last), (last ^ region.base) >> 63 == 0 else {
        return ConfigurationProblem(
          [region.sizeKey, "max_nonpaged_pages", region.baseKey],
          "\(region.sizeKey) that fit into the address space from "
            + ConfigurationKey.hexadecimal(region.base) + " on")
      }
    }
    return nil
  }

  private var overlapProblem: ConfigurationProblem? {
    let sorted = regions.sorted { $0.base < $1.base }
    for (lower, upper) in zip(sorted, sorted.dropFirst())
    where upper.base - lower.base < lower.pages * pageBytes {
      return ConfigurationProblem(
        [lower.sizeKey, "max_nonpaged_pages", upper.baseKey, lower.baseKey],
        "regions that do not overlap: the \(lower.pages) pages from "
          + ConfigurationKey.hexadecimal(lower.base) + " (\(lower.baseKey)) reach "
          + ConfigurationKey.hexadecimal(upper.base) + " (\(upper.baseKey))")
    }
    return nil
  }

  /// True for what a processor accepts: 32 bits, or 48 bits extended by their sign.
  private func isAddress(_ address: Address) -> Bool {
    if wordBytes == 4 { return address <= 0xFFFF_FFFF }
    let high = address >> 47
    return high == 0 || high == 0x1_FFFF
  }
}
