import KernelPool
import PoolTrace

/// The machine on which listed pages get their addresses.
struct ReconstructionMachine {
  /// One step of laying pages out.
  enum Step {
    /// A large allocation over the room between two listed places.
    case gap(bytes: UInt64)
    /// What is listed.
    case item(ReconstructedItem)
  }

  let nonPaged: [ReconstructedItem]
  let paged: [ReconstructedItem]
  private(set) var configuration: TraceConfiguration
  /// Blocks of one size that lookaside lists hold together.
  let lookasideRoom: UInt64

  /// Pages for what is needed beside the listed ones.
  private static let sparePages: UInt64 = 64
  private static let mostPages: UInt64 = 1 << 22

  init(
    _ profile: Profile, nonPaged: [ReconstructedItem], paged: [ReconstructedItem]
  ) throws(ReconstructionError) {
    (self.nonPaged, self.paged) = (nonPaged, paged)
    var configuration = TraceConfiguration(profile: profile)
    configuration.fill = .off
    configuration.pool.initialisation = .none
    configuration.pool.singlePageDepth = 0
    configuration.pool.profile.deferredFrees = false
    configuration.pool.profile.pagedDescriptors = 1
    let lists: UInt64 = profile.sharedLookaside == .separate ? 2 : 1
    let depth = (Self.mostParked(nonPaged + paged) + lists - 1) / lists
    configuration.pool.lookasideDepth = UInt16(clamping: depth)
    lookasideRoom = depth * lists
    self.configuration = configuration
    try place()
  }

  /// The most parked blocks of one size.
  private static func mostParked(_ pages: [ReconstructedItem]) -> UInt64 {
    let parked = pages.flatMap(\.pieces).filter { $0.use == .parked }
    return Dictionary(grouping: parked, by: \.units).values.map { UInt64($0.count) }.max() ?? 0
  }

  /// Nonpaged pool is handed out from its end by run lists, from its start by bitmaps; paged pool
  /// always from its start.
  private var descends: Bool { configuration.pool.profile.nonPagedPages == .runLists }

  private mutating func place() throws(ReconstructionError) {
    let pageBytes = configuration.pool.profile.pageBytes
    if let span = try Self.span(nonPaged, pageBytes) {
      let spare = Self.sparePages * pageBytes
      configuration.pool.profile.nonPagedBase = descends ? span.first &- spare : span.first
      configuration.pool.profile.expansionBase = nil
      configuration.pool.nonPagedPages = span.pages + Self.sparePages
    } else {
      configuration.pool.nonPagedPages = 64
    }
    if let span = try Self.span(paged, pageBytes) {
      configuration.pool.profile.pagedBase = span.first
      configuration.pool.pagedPages = span.pages + Self.sparePages
    } else {
      configuration.pool.pagedPages = 64
    }
    configuration.pool.sessionPages = 64
    configuration.pool.contiguousPages = 64
    try separate()
  }

  private static func span(
    _ pages: [ReconstructedItem], _ pageBytes: UInt64
  ) throws(ReconstructionError) -> (first: Address, pages: UInt64)? {
    guard let first = pages.first?.address, let last = pages.last else { return nil }
    for (lower, upper) in zip(pages, pages.dropFirst())
    where (upper.address - lower.address) / pageBytes < lower.pages(pageBytes) {
      throw ReconstructedPage.error(
        upper.address,
        "it lies within what is listed at \(String(lower.address, radix: 16))")
    }
    let count = (last.address - first) / pageBytes + last.pages(pageBytes)
    guard count <= mostPages else {
      throw ReconstructionError(
        "from page \(String(first, radix: 16)) to the end of \(String(last.address, radix: 16)) it is"
          + " \(count) pages; one trace holds at most \(mostPages)")
    }
    return (first, count)
  }

  /// Moves whatever is in the way of the listed pages.
  private mutating func separate() throws(ReconstructionError) {
    let isWide = configuration.pool.profile.wordBytes == 8
    let high: UInt64 = isWide ? 0xFFFF_F000_0000_0000 : 0
    let bases: [UInt64] = isWide ? (0..<8).map { high | ($0 << 40) } : []
    let narrow: [UInt64] = [
      0xE100_0000, 0xA000_0000, 0xB000_0000, 0xC000_0000, 0xD000_0000, 0x9000_0000, 0x8000_0000,
      0xF000_0000, 0xE000_0000,
    ]
    var candidates = (isWide ? bases : narrow)[...]
    while let problem = configuration.problem {
      guard let base = candidates.popFirst() else {
        throw ReconstructionError("the pages cannot lie there: \(problem.expected)")
      }
      if paged.isEmpty { configuration.pool.profile.pagedBase = base }
      if nonPaged.isEmpty { configuration.pool.profile.nonPagedBase = base + 0x80_0000 }
      configuration.pool.profile.sessionBase = base + 0x100_0000
      configuration.pool.profile.contiguousBase = base + 0x180_0000
    }
  }

  /// What is listed of a pool in the order in which it hands pages out, with what lies between.
  func steps(_ items: [ReconstructedItem], _ type: PoolType) -> [Step] {
    let pageBytes = configuration.pool.profile.pageBytes
    var steps: [Step] = []
    for (index, item) in items.enumerated() {
      if index > 0 {
        let end = items[index - 1].address + items[index - 1].pages(pageBytes) * pageBytes
        if item.address > end { steps.append(.gap(bytes: item.address - end)) }
      }
      steps.append(.item(item))
    }
    return descends && !type.isPaged ? steps.reversed() : steps
  }
}
