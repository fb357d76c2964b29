import KernelPool
import PoolWalk

/// The metrics of a pool at one moment, by name.
///
/// They come from two sources: what callers own from the replayer's `LiveUsage`, what lies in pages
/// from a walk over them. `MetricName` says what each one counts.
public struct PoolMetrics: Sendable {
  /// Every metric in the order of print: of everything, of each pool, of each tag.
  public let values: [(key: MetricKey, value: MetricValue)]
  private let positions: [MetricKey: Int]

  /// Measures a pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool's memory.
  ///   - usage: what is live, and the peaks so far.
  ///   - requestBytes: the request that the indices of free space are for; nil for the one whose
  ///     block is half a page.
  public init(_ view: PoolView, _ usage: LiveUsage, requestBytes: UInt64? = nil) {
    let request =
      requestBytes.map { RequestedBlock(view.profile, bytes: $0) }
      ?? RequestedBlock(halfPageOf: view.profile)
    let walker = PoolWalker(view)
    let families = PoolFamily.allCases.filter { family in
      walker.areas.contains { $0.family == family }
    }
    var figures: [(MetricScope, MetricFigures)] = []
    var total = MetricFigures(
      view, usage.all, peakPagesHeld: usage.peakPagesHeld, usage.ratios(nil), request)
    var tags: [PoolTag: MetricFigures] = [:]
    for tag in usage.knownTags {
      tags[tag] = MetricFigures(
        view, usage[tag] ?? LiveCounts(), peakPagesHeld: 0, HeldOverLive(), request)
    }
    for family in families {
      let census = PoolCensus(walker, family)
      let held = usage.pagesHeld(family)
      var own = MetricFigures(
        view, usage[family], peakPagesHeld: held.peak, usage.ratios(family), request)
      own.add(census, pagesHeld: held.now, bigPages: usage.bigPages(family))
      total.add(census, pagesHeld: held.now, bigPages: usage.bigPages(family))
      figures.append((.pool(family), own))
      for (tag, found) in census.tags { tags[tag]?.add(found, view.profile) }
    }
    total.raisePeak()
    figures.insert((.all, total), at: 0)
    figures += usage.knownTags.compactMap { tag in tags[tag].map { (.tag(tag), $0) } }
    var values: [(key: MetricKey, value: MetricValue)] = []
    for (scope, figure) in figures {
      for name in MetricName.allCases {
        if case .tag = scope, !name.isOfTags { continue }
        values.append((MetricKey(scope, name), figure.value(name)))
      }
    }
    self.values = values
    positions = Dictionary(
      values.enumerated().map { ($0.element.key, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The value of a metric. A tag that never was live has zeros; a pool that the version does not
  /// have has none.
  public subscript(_ key: MetricKey) -> MetricValue? {
    if let position = positions[key] { return values[position].value }
    guard case .tag = key.scope, key.name.isOfTags else { return nil }
    return key.name.zero
  }

  /// The value of the metric that `text` names, or nil where there is no such metric.
  public subscript(_ text: String) -> MetricValue? { MetricKey(text).flatMap { self[$0] } }

  /// Lines of a name, a blank and a value, every line ended.
  public var text: String { text { _ in true } }

  /// The same of the metrics that are wanted.
  public func text(where isWanted: (MetricKey) -> Bool) -> String {
    values.filter { isWanted($0.key) }.map { "\($0.key.text) \($0.value.text)\n" }.joined()
  }

  /// A JSON object on one line, in the order of print. Names are ASCII; their backslashes are
  /// doubled.
  public var json: String {
    let members = values.map { "\(Self.quoted($0.key.text)):\($0.value.text)" }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func quoted(_ name: String) -> String {
    "\"" + name.map { $0 == "\\" ? "\\\\" : String($0) }.joined() + "\""
  }
}

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
  private var parkedPages: UInt64 = 0
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
    parkedPages &+= census.parkedPages
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
    case .parkedPages: return .count(parkedPages)
    case .heldOverLiveAndParked:
      return Self.ratio(bytesHeld, live.blockBytes &+ lookasideBytes &+ deferredBytes)
    }
  }

  private static func ratio(_ part: UInt64, _ whole: UInt64) -> MetricValue {
    .ratio(whole == 0 ? 0 : Double(part) / Double(whole))
  }
}
