/// Lays out a pool's memory: which address ranges there are and what backs them.
struct RegionBuilder {
  let configuration: PoolConfiguration
  let reserve: ReservedBytes.Reserver
  private(set) var regions: [MemoryRegion] = []
  private(set) var reserved: [ReservedBytes] = []
  private(set) var variables = KernelVariables()
  private var marks: UnsafeMutablePointer<UInt8>?
  private var arena: ContiguousArena?
  private var stamps: UnsafeMutablePointer<FreePageStamps>?

  init(configuration: PoolConfiguration, reserve: @escaping ReservedBytes.Reserver) {
    self.configuration = configuration
    self.reserve = reserve
  }

  /// Marks of the nonpaged pages.
  var nonPagedMarks: UnsafeMutablePointer<UInt8> {
    guard let marks else { preconditionFailure("the regions are built first") }
    return marks
  }

  /// The memory outside of the pool.
  var contiguousArena: ContiguousArena {
    guard let arena else { preconditionFailure("the regions are built first") }
    return arena
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

  /// Reserves everything; throws where there is not enough memory.
  mutating func build() throws(ConfigurationError) {
    try addNonPaged()
    try addStaticData()
    variables.pagedBitmap = try addBitmapPool(
      .paged, profile.pagedBase, configuration.pagedPages, maps: 0)
    if profile.hasSessionPool {
      variables.sessionBitmap = try addBitmapPool(
        .session, profile.sessionBase, configuration.sessionPages, maps: 2)
    }
    if profile.nonPagedPages == .bitmap { try addNonPagedBitmap() }
    try addContiguousArena()
    setLimits()
    try checkOverlaps()
  }

  /// Gives back what was reserved before something failed.
  mutating func releaseAll() {
    for bytes in reserved { bytes.giveBack() }
    reserved = []
    stamps?.deinitialize(count: 1)
    stamps?.deallocate()
  }

  private mutating func bytes(_ count: UInt64) throws(ConfigurationError) -> ReservedBytes {
    guard count <= UInt64(Int.max / 2), let bytes = reserve(Int(count)) else {
      throw ConfigurationError(
        message: "this machine cannot reserve \(count) bytes of simulated memory")
    }
    reserved.append(bytes)
    return bytes
  }

  private mutating func add(
    _ kind: PoolKind?, _ base: Address, _ byteCount: UInt64, marks: UnsafeMutablePointer<UInt8>?,
    alwaysMapped: UInt64 = 0, stamps: UnsafeMutablePointer<FreePageStamps>? = nil
  ) throws(ConfigurationError) {
    let host = try bytes(byteCount).base
    regions.append(
      MemoryRegion(
        base: base, byteCount: byteCount, kind: kind, alwaysMappedPages: alwaysMapped,
        host: host, marksPointer: marks, pageShift: pageShift, stamps: stamps))
  }

  private mutating func addNonPaged() throws(ConfigurationError) {
    let initial = configuration.nonPagedPages
    let most = configuration.nonPagedLimit
    let marks = try bytes(most).base.assumingMemoryBound(to: UInt8.self)
    self.marks = marks
    if profile.nonPagedPages == .runLists {
      let stamps = UnsafeMutablePointer<FreePageStamps>.allocate(capacity: 1)
      stamps.initialize(
        to: FreePageStamps(
          wordBytes: profile.wordBytes, pageBytes: profile.pageBytes, owner: profile.nonPagedBase,
          pages: initial))
      self.stamps = stamps
    }
    let isContiguous = profile.expansionBase == nil
    try add(
      .nonPaged, profile.nonPagedBase, (isContiguous ? most : initial) << pageShift, marks: marks,
      alwaysMapped: initial, stamps: stamps)
    variables.initialPages = initial
    variables.maximumPages = most
    let isExpandable = configuration.expansion != .none && most > initial + 2
    variables.expansionFirstPage = initial + 1
    variables.expansionPages = isExpandable ? most - initial - 2 : 0
  }

  private mutating func addStaticData() throws(ConfigurationError) {
    var size = StaticData.tables
    if configuration.initialisation == .none {
      size += Self.tableBytes(configuration)
      size += profile.pagedDescriptors * StaticData.pagedDescriptorStep
    }
    try add(nil, profile.descriptorBase, size, marks: nil)
    variables.freeRunHeads = profile.descriptorBase + StaticData.freeRunHeads
    variables.process = profile.descriptorBase + StaticData.process
    variables.quotaCookie = 0x5A3C_9E71_D04B_6F28
    let most = configuration.nonPagedLimit
    if let base = profile.expansionBase, most > configuration.nonPagedPages {
      try add(
        .nonPaged, base, (most - configuration.nonPagedPages) << pageShift,
        marks: nonPagedMarks + Int(configuration.nonPagedPages))
    }
  }

  /// A map of one bit a page, zeroed to the end of its page.
  private mutating func addMap(_ index: UInt64, pages: UInt64) throws(ConfigurationError) -> Address
  {
    let base = profile.bitmapBase + index * StaticData.bitmapStep
    try add(nil, base, ((pages + 7) / 8 + 0xFFF) & ~0xFFF, marks: nil)
    return base
  }

  private mutating func addBitmapPool(
    _ kind: PoolKind, _ base: Address, _ pages: UInt64, maps: UInt64
  ) throws(ConfigurationError) -> PageBitmap {
    let marks = try bytes(pages).base.assumingMemoryBound(to: UInt8.self)
    var bitmap = PageBitmap()
    bitmap.region = regions.count
    try add(kind, base, pages << pageShift, marks: marks)
    bitmap.base = base
    bitmap.pages = pages
    bitmap.growthPages = profile.pageTableEntries
    bitmap.openPages = min(profile.pageTableEntries, pages)
    bitmap.allocationMap = try addMap(maps, pages: pages)
    bitmap.endMap = try addMap(maps + 1, pages: pages)
    return bitmap
  }

  private mutating func addNonPagedBitmap() throws(ConfigurationError) {
    let initial = configuration.nonPagedPages
    let most = configuration.expansion == .none ? initial : configuration.nonPagedLimit
    variables.nonPagedBitmap.base = profile.nonPagedBase
    variables.nonPagedBitmap.pages = most
    variables.nonPagedBitmap.openPages = initial
    variables.nonPagedBitmap.growthPages = profile.pageTableEntries
    variables.nonPagedBitmap.allocationMap = try addMap(4, pages: most)
    variables.expansionPages = most - initial
  }

  private mutating func addContiguousArena() throws(ConfigurationError) {
    let pages = configuration.contiguousPages
    let marks = try bytes(pages).base.assumingMemoryBound(to: UInt8.self)
    try add(nil, profile.contiguousBase, pages << pageShift, marks: marks)
    arena = ContiguousArena(base: profile.contiguousBase, pages: pages, marks: marks)
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
    let sorted = regions.sorted { $0.base < $1.base }
    for (lower, upper) in zip(sorted, sorted.dropFirst())
    where upper.base - lower.base < lower.byteCount {
      throw ConfigurationError(
        message: "the memory at 0x\(String(lower.base, radix: 16)) (\(lower.byteCount) bytes)"
          + " overlaps the memory at 0x\(String(upper.base, radix: 16))")
    }
    for region in regions {
      let (end, overflow) = region.base.addingReportingOverflow(region.byteCount)
      if overflow || (profile.wordBytes == 4 && end > 0x1_0000_0000) {
        throw ConfigurationError(
          message: "the memory at 0x\(String(region.base, radix: 16)) (\(region.byteCount) bytes)"
            + " does not fit into the address space")
      }
    }
  }
}
