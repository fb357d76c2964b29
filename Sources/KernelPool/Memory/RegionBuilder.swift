/// Lays out a pool's memory: which address ranges there are and what backs them.
///
/// One reservation backs all of it: the marks of every page first, so that they can be looked
/// through and cleared at once, then the regions. Ranges are planned with offsets into it, and get
/// host addresses when its size is known.
struct RegionBuilder {
  let configuration: PoolConfiguration
  private(set) var variables = KernelVariables()
  private var plans: [RegionPlan] = []
  private var markBytes: UInt64 = 0
  private var regionBytes: UInt64 = 0

  /// A range of simulated addresses before there is memory for it.
  private struct RegionPlan {
    var base: Address
    var byteCount: UInt64
    var kind: PoolKind?
    var hasFrames: Bool
    var alwaysMapped: UInt64
    var hasStamps: Bool
    var marksOffset: UInt64
    var hostOffset: UInt64
  }

  init(configuration: PoolConfiguration) {
    self.configuration = configuration
  }

  private var profile: Profile { configuration.profile }
  private var pageShift: UInt64 { UInt64(profile.pageBytes.trailingZeroBitCount) }

  /// Bytes that the tag table takes beside the pool.
  static func trackerBytes(_ configuration: PoolConfiguration) -> UInt64 {
    let rows = max(configuration.trackerEntries, 2048) * 2
    return (rows * configuration.profile.trackerRowBytes + 0xFFF) & ~0xFFF
  }

  /// Bytes that both tables take beside the pool.
  static func tableBytes(_ configuration: PoolConfiguration) -> UInt64 {
    let entries = max(configuration.bigTableEntries, 4096) * 2
    let bytes = entries * configuration.profile.bigEntryBytes
    return trackerBytes(configuration) + ((bytes + 0xFFF) & ~0xFFF)
  }

  /// Plans everything, then reserves it; throws where there is not enough memory.
  mutating func build(
    reserve: ReservedBytes.Reserver
  ) throws(ConfigurationError) -> (regions: [MemoryRegion], reserved: ReservedBytes) {
    addNonPaged()
    addStaticData()
    variables.pagedBitmap = addBitmapPool(
      .paged, profile.pagedBase, configuration.pagedPages, maps: 0)
    if profile.hasSessionPool {
      variables.sessionBitmap = addBitmapPool(
        .session, profile.sessionBase, configuration.sessionPages, maps: 2)
    }
    if profile.nonPagedPages == .bitmap { addNonPagedBitmap() }
    if configuration.specialPool != .none {
      let pages = 2 * configuration.specialPoolPages
      add(nil, configuration.specialPoolBase, pages << pageShift, hasFrames: true)
    }
    add(nil, profile.contiguousBase, configuration.contiguousPages << pageShift, hasFrames: true)
    setLimits()
    try checkOverlaps()
    return try makeRegions(reserve)
  }

  private func makeRegions(
    _ reserve: ReservedBytes.Reserver
  ) throws(ConfigurationError) -> (regions: [MemoryRegion], reserved: ReservedBytes) {
    let firstRegion = hostRounded(markBytes)
    let total = firstRegion + regionBytes
    guard total <= UInt64(Int.max / 2), let reserved = reserve(Int(total)) else {
      throw ConfigurationError(
        message: "this machine cannot reserve \(total) bytes of simulated memory")
    }
    let marks = reserved.base.assumingMemoryBound(to: UInt8.self)
    var regions: [MemoryRegion] = []
    regions.reserveCapacity(plans.count)
    for plan in plans {
      regions.append(
        MemoryRegion(
          base: plan.base, byteCount: plan.byteCount, kind: plan.kind, hasFrames: plan.hasFrames,
          alwaysMappedPages: plan.alwaysMapped,
          host: reserved.base + Int(firstRegion + plan.hostOffset),
          marksPointer: marks + Int(plan.marksOffset), pageShift: pageShift,
          stamps: plan.hasStamps ? makeStamps() : nil))
    }
    return (regions, reserved)
  }

  private func makeStamps() -> UnsafeMutablePointer<FreePageStamps> {
    let stamps = UnsafeMutablePointer<FreePageStamps>.allocate(capacity: 1)
    stamps.initialize(
      to: FreePageStamps(
        wordBytes: profile.wordBytes, pageBytes: profile.pageBytes, owner: profile.nonPagedBase,
        pages: configuration.nonPagedPages))
    return stamps
  }

  /// `bytes` rounded up to whole pages of the host, so that regions share none.
  private func hostRounded(_ bytes: UInt64) -> UInt64 { (bytes + 0xFFF) & ~0xFFF }

  /// Plans a region. Its pages get marks of their own unless `marksOffset` says where they are.
  /// Regions without page frames are always mapped.
  private mutating func add(
    _ kind: PoolKind?, _ base: Address, _ byteCount: UInt64, hasFrames: Bool,
    alwaysMapped: UInt64 = 0, hasStamps: Bool = false, marksOffset: UInt64? = nil
  ) {
    let pages = (byteCount + (1 << pageShift) - 1) >> pageShift
    plans.append(
      RegionPlan(
        base: base, byteCount: byteCount, kind: kind, hasFrames: hasFrames,
        alwaysMapped: hasFrames ? alwaysMapped : pages, hasStamps: hasStamps,
        marksOffset: marksOffset ?? markBytes, hostOffset: regionBytes))
    if marksOffset == nil { markBytes += pages }
    regionBytes += hostRounded(byteCount)
  }

  /// The marks of all nonpaged pages come first, those of the expansion included, which may lie in
  /// a region of its own.
  private mutating func addNonPaged() {
    let initial = configuration.nonPagedPages
    let first = configuration.nonPagedRanges[0]
    add(
      .nonPaged, first.base, first.pages << pageShift, hasFrames: true, alwaysMapped: initial,
      hasStamps: profile.nonPagedPages == .runLists)
    markBytes = configuration.nonPagedLimit
    variables.initialPages = initial
    variables.maximumPages = configuration.nonPagedLimit
    variables.expansionFirstPage = initial + 1
    variables.expansionPages = configuration.nonPagedGrowth
  }

  private mutating func addStaticData() {
    var size = StaticData.tables
    if configuration.initialisation == .none {
      size += Self.tableBytes(configuration)
      size += profile.pagedDescriptors * StaticData.pagedDescriptorStep
    }
    add(nil, profile.descriptorBase, size, hasFrames: false)
    variables.freeRunHeads = profile.descriptorBase + StaticData.freeRunHeads
    variables.process = profile.descriptorBase + StaticData.process
    variables.quotaCookie = 0x5A3C_9E71_D04B_6F28
    for range in configuration.nonPagedRanges.dropFirst() {
      add(
        .nonPaged, range.base, range.pages << pageShift, hasFrames: true,
        marksOffset: configuration.nonPagedPages)
    }
  }

  /// A map of one bit a page, zeroed to the end of its page.
  private mutating func addMap(_ index: UInt64, pages: UInt64) -> Address {
    let base = profile.bitmapBase + index * StaticData.bitmapStep
    add(nil, base, ((pages + 7) / 8 + 0xFFF) & ~0xFFF, hasFrames: false)
    return base
  }

  private mutating func addBitmapPool(
    _ kind: PoolKind, _ base: Address, _ pages: UInt64, maps: UInt64
  ) -> PageBitmap {
    var bitmap = PageBitmap()
    bitmap.region = plans.count
    add(kind, base, pages << pageShift, hasFrames: true)
    bitmap.base = base
    bitmap.pages = pages
    bitmap.growthPages = profile.pageTableEntries
    bitmap.openPages = min(profile.pageTableEntries, pages)
    bitmap.allocationMap = addMap(maps, pages: pages)
    bitmap.endMap = addMap(maps + 1, pages: pages)
    return bitmap
  }

  /// The bits of pages that growth never opens stay set.
  private mutating func addNonPagedBitmap() {
    let pages = configuration.nonPagedLimit
    variables.nonPagedBitmap.base = profile.nonPagedBase
    variables.nonPagedBitmap.pages = pages
    variables.nonPagedBitmap.openPages = configuration.nonPagedPages
    variables.nonPagedBitmap.growthPages =
      configuration.nonPagedGrowth == 0 ? 0 : profile.pageTableEntries
    variables.nonPagedBitmap.allocationMap = addMap(4, pages: pages)
  }

  /// The memory outside of the pool, the last region.
  static func contiguousArena(_ regions: [MemoryRegion]) -> PageArena {
    arena(regions[regions.count - 1])
  }

  /// Special pool, the region before it; nil where it is off.
  static func specialArena(
    _ regions: [MemoryRegion], _ configuration: PoolConfiguration
  ) -> PageArena? {
    configuration.specialPool == .none ? nil : arena(regions[regions.count - 2])
  }

  private static func arena(_ region: MemoryRegion) -> PageArena {
    PageArena(
      base: region.base, pages: region.byteCount >> region.pageShift, marks: region.marksPointer)
  }

  private mutating func setLimits() {
    variables.availablePages = configuration.availablePages ?? .max
    let depth = configuration.singlePageDepth
    variables.singlePageLists.nonPaged.0.maximumCount = depth
    variables.singlePageLists.nonPaged.1.maximumCount = profile.singleListPages > 1 ? depth : 0
    variables.singlePageLists.nonPaged.2.maximumCount = profile.singleListPages > 2 ? depth : 0
    variables.singlePageLists.paged.maximumCount = configuration.pagedSinglePageDepth ?? depth
    variables.singlePageLists.session.maximumCount = configuration.pagedSinglePageDepth ?? depth
  }

  private func checkOverlaps() throws(ConfigurationError) {
    let sorted = plans.sorted { $0.base < $1.base }
    for (lower, upper) in zip(sorted, sorted.dropFirst())
    where upper.base - lower.base < lower.byteCount {
      throw ConfigurationError(
        message: "the memory at 0x\(String(lower.base, radix: 16)) (\(lower.byteCount) bytes)"
          + " overlaps the memory at 0x\(String(upper.base, radix: 16))")
    }
    for region in plans {
      let (end, overflow) = region.base.addingReportingOverflow(region.byteCount)
      if overflow || (profile.wordBytes == 4 && end > 0x1_0000_0000) {
        throw ConfigurationError(
          message: "the memory at 0x\(String(region.base, radix: 16)) (\(region.byteCount) bytes)"
            + " does not fit into the address space")
      }
    }
  }
}
