import KernelPool
import PoolTrace

/// The machine on which listed pages get their addresses.
struct ReconstructionMachine {
  /// One step of laying pages out.
  enum Step {
    /// A large allocation over the room between two pages.
    case gap(bytes: UInt64)
    /// A page of small blocks.
    case page(ReconstructedPage)
  }

  let nonPaged: [ReconstructedPage]
  let paged: [ReconstructedPage]
  private(set) var configuration: TraceConfiguration
  /// Blocks of one size that lookaside lists hold together.
  let lookasideRoom: UInt64

  /// Pages for what is needed beside the listed ones.
  private static let sparePages: UInt64 = 64
  private static let mostPages: UInt64 = 1 << 22

  init(
    _ profile: Profile, nonPaged: [ReconstructedPage], paged: [ReconstructedPage]
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
  private static func mostParked(_ pages: [ReconstructedPage]) -> UInt64 {
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
    _ pages: [ReconstructedPage], _ pageBytes: UInt64
  ) throws(ReconstructionError) -> (first: Address, pages: UInt64)? {
    guard let first = pages.first?.address, let last = pages.last?.address else { return nil }
    let count = (last - first) / pageBytes + 1
    guard count <= mostPages else {
      throw ReconstructionError(
        "pages \(String(first, radix: 16)) and \(String(last, radix: 16)) are \(count) pages apart;"
          + " one trace holds pages that are at most \(mostPages) apart")
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

  /// The pages of a pool in the order in which it hands them out, with what lies between.
  func steps(_ pages: [ReconstructedPage], _ type: PoolType) -> [Step] {
    let pageBytes = configuration.pool.profile.pageBytes
    let ordered = descends && !type.isPaged ? pages.reversed() : pages
    var steps: [Step] = []
    // A pool that hands out its last pages first ends with the spare ones' room below the first.
    for (index, page) in ordered.enumerated() {
      if index > 0 {
        let before = ordered[index - 1].address
        let distance = max(before, page.address) - min(before, page.address) - pageBytes
        if distance > 0 { steps.append(.gap(bytes: distance)) }
      }
      steps.append(.page(page))
    }
    return steps
  }
}
