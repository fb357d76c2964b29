import KernelPool

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
