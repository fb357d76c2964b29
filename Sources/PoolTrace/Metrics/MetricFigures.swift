import KernelPool
import PoolWalk

/// The figures from which the metrics of one scope follow.
struct MetricFigures {
  private let pageBytes: UInt64
  private let unitsPerPage: UInt64
  private let live: LiveCounts
  private let ratios: HeldOverLive
  private let request: RequestedBlock
  private var peakPagesHeld: UInt64
  private var pagesHeld: UInt64 = 0
  private var bigPages: UInt64 = 0
  private var freeSpace = FreeSpace()
  private var smallPages: UInt64 = 0
  private var smallBlocks: UInt64 = 0
  private var pinnedPages: UInt64 = 0
  private var packedPages: UInt64 = 0
  private var lookasideBytes: UInt64 = 0
  private var deferredBytes: UInt64 = 0

  /// Figures with nothing found in pages yet; a tag has no ratios over time.
  init(
    _ view: PoolView, _ live: LiveCounts, peakPagesHeld: UInt64,
    _ ratios: HeldOverLive, _ request: RequestedBlock
  ) {
    pageBytes = view.profile.pageBytes
    unitsPerPage = view.profile.unitsPerPage
    self.live = live
    self.ratios = ratios
    self.request = request
    self.peakPagesHeld = peakPagesHeld
  }

  /// Adds what a walk over a pool found. Blocks of different pools do not share pages, so packed
  /// pages add up.
  mutating func add(_ census: PoolCensus, pagesHeld: UInt64, bigPages: UInt64) {
    self.pagesHeld &+= pagesHeld
    self.bigPages &+= bigPages
    freeSpace.add(census.freeSpace)
    smallPages &+= census.smallPages
    smallBlocks &+= census.smallBlocks
    pinnedPages &+= census.pinnedPages
    packedPages &+= census.packing.pages &+ bigPages
    lookasideBytes &+= census.lookasideBytes
    deferredBytes &+= census.deferredBytes
  }

  /// Adds what a walk over a pool found of one tag.
  mutating func add(_ census: PoolCensus.TagCensus, _ profile: Profile) {
    var packing = PackingBound(unitsPerPage: unitsPerPage)
    for (units, blocks) in census.sizes { packing.add(units: units, blocks: blocks) }
    pagesHeld &+= census.pages
    bigPages &+= census.bigPages
    pinnedPages &+= census.pinnedPages
    packedPages &+= packing.pages &+ census.bigPages
    lookasideBytes &+= census.lookasideBytes
    deferredBytes &+= census.deferredBytes
  }

  /// A peak is never below what is held now.
  mutating func raisePeak() { peakPagesHeld = max(peakPagesHeld, pagesHeld) }

  func value(_ name: MetricName) -> MetricValue {
    let bytesHeld = pagesHeld &* pageBytes
    switch name {
    case .pagesHeld: return .count(pagesHeld)
    case .bytesHeld: return .count(bytesHeld)
    case .liveBlocks: return .count(live.blocks)
    case .liveBlockBytes: return .count(live.blockBytes)
    case .liveRequestedBytes: return .count(live.requestedBytes)
    case .peakPagesHeld: return .count(peakPagesHeld)
    case .peakLiveBlockBytes: return .count(live.peakBlockBytes)
    case .peakLiveRequestedBytes: return .count(live.peakRequestedBytes)
    case .heldOverLive: return Self.ratio(bytesHeld, live.blockBytes)
    case .heldOverPeak: return Self.ratio(bytesHeld, live.peakBlockBytes)
    case .freeBytes: return .count(freeSpace.bytes)
    case .largestFreeBlockBytes: return .count(freeSpace.largestBlockBytes)
    case .externalFragmentation:
      return Self.ratio(freeSpace.bytes - freeSpace.largestBlockBytes, freeSpace.bytes)
    case .internalWasteBytes: return .count(live.blockBytes &- live.requestedBytes)
    case .pinnedPages: return .count(pinnedPages)
    case .packedPages: return .count(packedPages)
    case .bigPages: return .count(bigPages)
    case .lookasideBytes: return .count(lookasideBytes)
    case .deferredBytes: return .count(deferredBytes)
    case .averageHeldOverLive: return .ratio(ratios.average)
    case .heldOverLiveAtPeakLive: return .ratio(ratios.atPeakLive)
    case .heldOverLiveAtPeakHeld: return .ratio(ratios.atPeakHeld)
    case .peakHeldOverPeakLive: return .ratio(ratios.ofPeaks)
    case .gapBytes: return .count(bytesHeld - min(bytesHeld, live.blockBytes))
    case .fragmentationIndex: return .ratio(freeSpace.fragmentationIndex(request))
    case .unusableFreeSpace: return .ratio(freeSpace.unusableIndex(request))
    case .pinsPerPage: return Self.ratio(smallBlocks, smallPages)
    }
  }

  private static func ratio(_ part: UInt64, _ whole: UInt64) -> MetricValue {
    .ratio(whole == 0 ? 0 : Double(part) / Double(whole))
  }
}
