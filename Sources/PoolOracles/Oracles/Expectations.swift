import KernelPool
import PoolTrace

/// Everything that the published rules say an operation must come to, worked out before it. It is never
/// copied: copies showed in a profile of `fuzz`.
struct OperationExpectation: ~Copyable {
  private var prediction: PlacementOracle.Prediction?
  private var release: ReleaseExpectation?
  private var pages: PageLevelExpectation?
  /// Whether the body of a recycled block can still be read as the pool left it.
  private var showsBody = false

  /// Claims nothing.
  init() {}

  /// What an allocation must come to; blocks that are filled at once hide what was in them.
  init(allocating type: PoolType, bytes: UInt64, isFilled: Bool, _ view: PoolView) {
    let facts = RequestFacts(type, bytes: bytes, view)
    let prediction = PlacementOracle(view).allocation(facts)
    self.prediction = prediction
    pages = PageLevelExpectation(allocating: facts, prediction.placement, view)
    // A quota's pointer lies in the last word, which may be the second; a cache line's header
    // lies where the links were.
    showsBody = !isFilled && !type.contains(.quota) && !type.contains(.cacheAligned)
  }

  /// What the free of a live allocation must come to.
  init(freeing address: Address, _ type: PoolType, bytes: UInt64, _ view: PoolView) {
    let facts = RequestFacts(type, bytes: bytes, view)
    release = ReleaseExpectation(view, at: address, facts)
    pages = PageLevelExpectation(freeing: address, facts, release, view)
  }

  /// Holds what came of the operation against it.
  func judge(_ result: StepResult, _ view: PoolView, _ failures: inout [PoolFailure]) {
    switch result {
    case .allocated(let address):
      judgeLinks(at: address, view, &failures)
      if let prediction, let failure = PlacementOracle(view).failure(prediction, at: address) {
        failures.append(failure)
      }
      if let failure = pages?.failure(view, allocated: address) { failures.append(failure) }
    case .freed:
      if let failure = release?.failure(in: view) { failures.append(failure) }
      if let failure = pages?.failure(view) { failures.append(failure) }
    default: return
    }
  }

  /// The links of a recycled block must be gone from its body.
  private func judgeLinks(at address: Address, _ view: PoolView, _ failures: inout [PoolFailure]) {
    guard showsBody, prediction?.placement == .block(address),
      view.pointer(address) != 0 || view.pointer(address &+ view.profile.wordBytes) != 0
    else { return }
    failures.append(.oracle(.placementCleared, "the links of a recycled block were not cleared"))
  }
}

/// Where a freed block or page must be, read off the pool before the free and held against it
/// afterwards (Mandt 2011; ReactOS ExFreePoolWithTag).
struct ReleaseExpectation {
  private enum Place {
    /// On top of a lookaside list.
    case lookaside(PoolKind, units: UInt64)
    /// First of the deferred frees of a descriptor.
    case deferred(Int)
    /// At an end of the list of a size, as the block that starts at the header.
    case list(Int, units: UInt64, header: Address)
    /// The page is no page of small blocks any more.
    case releasedPage(Address)
    /// On top of a single-page list.
    case singlePage(PoolKind, pages: UInt64)
  }

  private let place: Place
  private let address: Address

  /// What the free of a live allocation is expected to do; nil where nothing is claimed.
  init?(_ view: PoolView, at address: Address, _ facts: RequestFacts) {
    self.address = address
    guard !facts.isLarge else {
      guard let place = Self.large(view, facts) else { return nil }
      self.place = place
      return
    }
    guard let place = Self.small(view, at: address, facts) else { return nil }
    self.place = place
  }

  /// Whether the page of the freed block is given back with it.
  var releasesPage: Bool {
    if case .releasedPage = place { true } else { false }
  }

  private static func large(_ view: PoolView, _ facts: RequestFacts) -> Place? {
    // A table that is halved at the same time moves pages too; a used tail keeps its page.
    guard view.profile.largeTail == .wasted else { return nil }
    let variables = view.variables
    if view.profile.bigTableResizing == .dynamic, variables.bigTableInUse > 0,
      variables.bigTableInUse - 1 < variables.bigTableEntries / 8
    {
      return nil
    }
    guard singlePageList(view, facts.kind, facts.pages).map({ $0.count < $0.maximumCount }) ?? false
    else { return nil }
    return .singlePage(facts.kind, pages: facts.pages)
  }

  private static func small(_ view: PoolView, at address: Address, _ facts: RequestFacts) -> Place?
  {
    let profile = view.profile
    guard !facts.isGrown else { return nil }
    let lookaside = PlacementOracle(view).firstLookaside(facts.kind, units: facts.units) {
      $0.depth != 0 && $0.count < $0.depth
    }
    if lookaside != nil { return .lookaside(facts.kind, units: facts.units) }
    let header = address &- UInt64(profile.header.bytes)
    guard let word = view.word32(header), let owner = owner(view, word, facts.kind) else {
      return nil
    }
    if profile.deferredFrees { return .deferred(owner) }
    return merged(view, header, word, owner)
  }

  private static func owner(_ view: PoolView, _ word: UInt32, _ kind: PoolKind) -> Int? {
    guard let first = view.descriptors.firstIndex(where: { $0.kind == kind }) else { return nil }
    guard kind == .paged, view.profile.poolIndexRule != .stale else { return first }
    return first + Int(view.profile.header.poolIndex.get(word))
  }

  /// The block that the freed one becomes with its free neighbours.
  private static func merged(
    _ view: PoolView, _ header: Address, _ word: UInt32, _ owner: Int
  ) -> Place? {
    let profile = view.profile
    let layout = profile.header
    var start = header
    var units = UInt64(layout.blockSize.get(word))
    let next = header &+ units &* profile.unitBytes
    if next & (profile.pageBytes &- 1) != 0 {
      guard let after = view.word32(next) else { return nil }
      if layout.poolType.get(after) == 0 { units += UInt64(layout.blockSize.get(after)) }
    }
    let previousUnits = UInt64(layout.previousSize.get(word))
    if previousUnits != 0 {
      let previous = header &- previousUnits &* profile.unitBytes
      guard let before = view.word32(previous) else { return nil }
      if layout.poolType.get(before) == 0 {
        start = previous
        units += previousUnits
      }
    }
    if units >= profile.unitsPerPage { return .releasedPage(start) }
    guard units >= profile.smallestListedUnits else { return nil }
    return .list(owner, units: units, header: start)
  }

  private static func singlePageList(
    _ view: PoolView, _ kind: PoolKind, _ pages: UInt64
  ) -> SinglePageList? {
    let lists = view.variables.singlePageLists
    switch kind {
    case .paged: return pages == 1 ? lists.paged : nil
    case .session: return pages == 1 ? lists.session : nil
    case .nonPaged, .nonPagedNoExecute: return lists.nonPaged(pages, view.profile)
    }
  }

  /// What is wrong after the free, if anything.
  func failure(in view: PoolView) -> PoolFailure? {
    let profile = view.profile
    let body = UInt64(profile.header.bytes)
    let mask: UInt64 = profile.linkEncoding == .lowBitSet ? 1 : 0
    switch place {
    case .lookaside(let kind, let units):
      let list = PlacementOracle(view).firstLookaside(kind, units: units) { $0.top == address }
      return list == nil ? wrong("on top of its lookaside list") : nil
    case .deferred(let owner):
      let first = view.pointer(view.descriptors[owner].address &+ profile.descriptor.pendingFrees)
      return first == address ? nil : wrong("first of the deferred frees")
    case .list(let owner, let units, let header):
      let head =
        view.descriptors[owner].listHeads &+ (units &- 1) &* (2 &* profile.wordBytes)
      let end = profile.freedEnd == .head ? head : head &+ profile.wordBytes
      let found = view.pointer(end).map { $0 & ~mask }
      return found == header &+ body ? nil : wrong("at the \(profile.freedEnd) of its list")
    case .releasedPage(let page):
      let isKept = view.marks(ofPageAt: page)?.contains(.smallBlocks) ?? false
      return isKept ? wrong("given back with its page") : nil
    case .singlePage(let kind, let pages):
      let top = Self.singlePageList(view, kind, pages)?.top
      return top == address ? nil : wrong("on top of the single-page list")
    }
  }

  private func wrong(_ place: String) -> PoolFailure {
    .oracle(.placementFreed, "what was freed is not \(place)")
  }
}
