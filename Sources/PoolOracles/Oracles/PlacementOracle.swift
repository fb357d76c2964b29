import KernelPool
import PoolTrace

/// What a request comes to by the published rules, worked out apart from the allocator and from
/// the invariants (Microsoft, ExAllocatePoolWithTag; ReactOS ExAllocatePoolWithQuotaTag; SSTIC 2020
/// for cache lines).
public struct RequestFacts {
  /// The pool that serves it.
  public let kind: PoolKind
  /// The bytes that the allocator works with.
  public let bytes: UInt64
  /// Whether it is served in whole pages.
  public let isLarge: Bool
  /// Whether room for a cache line was added.
  public let isGrown: Bool
  /// Units of its block; 0 where it is large.
  public let units: UInt64
  /// Pages that a large request takes; a small one needs one page at most.
  public let pages: UInt64

  /// The facts of a request for so many bytes.
  public init(_ type: PoolType, bytes requested: UInt64, _ profile: Profile) {
    let page = profile.pageBytes
    let header = UInt64(profile.header.bytes)
    let limit = profile.smallRequestLimit ?? page - header - profile.unitBytes
    let bytes = type.workedBytes(requested, profile)
    let line: UInt64 = 64
    isGrown =
      profile.cacheAlignment == .secondHeader && type.contains(.cacheAligned)
      && bytes &+ line <= limit && bytes < limit
    let worked = isGrown ? bytes &+ line : bytes
    isLarge = worked > limit
    let rounded = (max(worked, 1) &+ header &+ profile.unitBytes &- 1) / profile.unitBytes
    units = isLarge ? 0 : max(rounded, profile.smallestBlockUnits)
    pages = isLarge ? bytes / page + (bytes % page == 0 ? 0 : 1) : 1
    self.bytes = bytes
    kind = Self.kind(type, profile)
  }

  private static func kind(_ type: PoolType, _ profile: Profile) -> PoolKind {
    if type.isPaged { return profile.hasSessionPool && type.contains(.session) ? .session : .paged }
    return profile.hasNoExecutePool && type.contains(.noExecute) ? .nonPagedNoExecute : .nonPaged
  }
}

/// Which block an allocation must get, read off the pool before it is made.
///
/// The rules are the published ones (Mandt 2011; ReactOS ExAllocatePoolWithTag): the top of a
/// lookaside list; else the first block of the first list that has one, its front where it starts
/// a page and its back otherwise; else a fresh page. Invariants cannot see a wrong choice, since
/// the result is a sound pool all the same.
struct PlacementOracle {
  private let view: PoolView
  private let header: UInt64
  private let linkMask: UInt64

  /// Read where it lies: with a copy in it, each of this value's functions would take that along.
  private var profile: Profile { @inline(__always) _read { yield view.profile } }

  init(_ view: PoolView) {
    self.view = view
    header = UInt64(view.profile.header.bytes)
    linkMask = view.profile.linkEncoding == .lowBitSet ? 1 : 0
  }

  /// What an allocation is expected to get.
  enum Prediction: Equatable {
    /// A block whose address follows from the lists.
    case block(Address)
    /// An address that follows from the page level.
    case page(Address)
    /// Nothing is claimed.
    case open
  }

  /// The expected address of an allocation.
  func allocation(_ type: PoolType, bytes: UInt64) -> Prediction {
    let facts = facts(type, bytes: bytes)
    if facts.isLarge { return page(facts.kind, facts.pages).map(Prediction.page) ?? .open }
    if let body = lookasideTop(facts.kind, units: facts.units) {
      return .block(aligned(body, facts))
    }
    let owner = descriptor(facts.kind)
    guard let listHeads = owner.map({ view.descriptors[$0].listHeads }) else { return .open }
    var units = facts.units + (profile.firstList == .exactFit ? 0 : 1)
    while units <= profile.unitsPerPage {
      let head = listHeads &+ (units &- 1) &* (2 &* profile.wordBytes)
      guard let first = link(head) else { return .open }
      if first != head { return chosen(from: first &- header, facts) }
      units += 1
    }
    return page(facts.kind, 1).map { .page(aligned($0 &+ header, facts)) } ?? .open
  }

  /// Apart from its callers, for the profile is handed on by value, and they would copy it.
  @inline(never)
  private func facts(_ type: PoolType, bytes: UInt64) -> RequestFacts {
    RequestFacts(type, bytes: bytes, profile)
  }

  private func chosen(from block: Address, _ facts: RequestFacts) -> Prediction {
    guard let word = view.word32(block) else { return .open }
    let size = UInt64(profile.header.blockSize.get(word))
    let startsPage = profile.header.previousSize.get(word) == 0
    let offset = startsPage || size < facts.units ? 0 : size - facts.units
    return .block(aligned(block &+ offset &* profile.unitBytes &+ header, facts))
  }

  private func aligned(_ body: Address, _ facts: RequestFacts) -> Address {
    facts.isGrown ? (body &+ 63) & ~63 : body
  }

  private func link(_ address: Address) -> Address? {
    view.pointer(address).map { $0 & ~linkMask }
  }

  /// Position of the descriptor whose lists a request uses: paged ones take turns.
  private func descriptor(_ kind: PoolKind) -> Int? {
    let first = view.descriptors.firstIndex { $0.kind == kind }
    guard kind == .paged, profile.pagedDescriptors > 1, let first else { return first }
    let turns = UInt32(profile.pagedDescriptors - 1)
    let last = view.variables.pagedRoundRobin
    let next = last % turns + 1
    return first + Int(profile.roundRobin == .advanceThenUse ? next : (last == 0 ? turns : last))
  }

  // MARK: Lookaside lists

  /// The lists of a class in the order in which they are tried.
  func lookasides(_ kind: PoolKind, units: UInt64) -> [LookasideList] {
    let classes =
      kind == .session ? profile.sessionLookasideClasses : profile.lookasideClasses
    guard units > 0, units <= classes else { return [] }
    func list(_ owner: Int) -> LookasideList {
      view.lookaside(owner: owner, kind: kind, units: units)
    }
    // Session lists belong to the session, not to a processor (Mandt 2011).
    if kind == .session { return [list(0)] }
    switch profile.sharedLookaside {
    case .none: return [list(view.variables.processor)]
    case .sameList: return [list(0)]
    case .separate: return [list(view.variables.processor), list(view.configuration.processors)]
    }
  }

  private func lookasideTop(_ kind: PoolKind, units: UInt64) -> Address? {
    lookasides(kind, units: units).first { $0.top != 0 }?.top
  }

  // MARK: Pages

  /// The expected address of so many pages; nil where the pool must grow or nothing fits.
  func page(_ kind: PoolKind, _ pages: UInt64) -> Address? {
    let variables = view.variables
    let lists = variables.singlePageLists
    switch kind {
    case .paged:
      if pages == 1, lists.paged.count > 0 { return lists.paged.top }
      return bitmapPage(variables.pagedBitmap, pages, hint: variables.pagedBitmap.hint)
    case .session:
      if pages == 1, lists.session.count > 0 { return lists.session.top }
      return bitmapPage(variables.sessionBitmap, pages, hint: variables.sessionBitmap.hint)
    case .nonPaged, .nonPagedNoExecute:
      let kept = [lists.nonPaged.0, lists.nonPaged.1, lists.nonPaged.2]
      if pages <= profile.singleListPages, pages <= 3, kept[Int(pages) - 1].count > 0 {
        return kept[Int(pages) - 1].top
      }
      guard profile.nonPagedPages == .bitmap else { return runPage(pages) }
      return bitmapPage(variables.nonPagedBitmap, pages, hint: 0).flatMap {
        PageCensus.canMap(view, at: $0, pages) ? $0 : nil
      }
    }
  }

  /// The end of the first sufficient run, lists in ascending order.
  private func runPage(_ pages: UInt64) -> Address? {
    var visited: UInt64 = 0
    for list in min(pages, 4)...4 {
      let head = view.variables.freeRunHeads &+ (list &- 1) &* 2 &* profile.wordBytes
      var run = view.pointer(head) ?? head
      while run != head, visited < view.variables.maximumPages {
        guard let size = view.word32(run &+ 2 &* profile.wordBytes).map({ UInt64($0) })
        else { return nil }
        if size >= pages { return run &+ (size &- pages) &* profile.pageBytes }
        run = view.pointer(run) ?? head
        visited += 1
      }
    }
    return nil
  }

  /// The lowest clear run at or after the hint, else the lowest of all.
  private func bitmapPage(_ bitmap: PageBitmap, _ pages: UInt64, hint: UInt64) -> Address? {
    for start in [hint >= bitmap.pages ? 0 : hint, 0] {
      var run: UInt64 = 0
      var page = start
      while page < bitmap.openPages {
        run = view.bit(page, ofMapAt: bitmap.allocationMap) ? 0 : run + 1
        page += 1
        if run == pages {
          if profile.bitmapSearch == .beforeLimit, page == bitmap.pages { break }
          let first = page - pages
          if bitmap.base == 0 { return PageCensus.address(view, first) }
          return bitmap.base &+ first &* profile.pageBytes
        }
      }
    }
    return nil
  }
}

// MARK: What an allocation leaves behind

extension PlacementOracle {
  /// Where the rest of a split goes, which descriptor is next, and how the hint moves.
  struct Aftermath {
    /// The list head's far end, where the rest must be, and how far the rest lies behind the
    /// block's header, in bytes; nil where no rest is listed.
    var rest: (link: Address, distance: Int64)?
    /// The turn of the paged descriptors; nil where none is taken.
    var turn: UInt32?
    /// The hint of the paged bitmap; nil where nothing is claimed.
    var hint: UInt64?
  }

  /// What must hold after an allocation.
  func aftermath(_ type: PoolType, bytes: UInt64) -> Aftermath {
    let facts = facts(type, bytes: bytes)
    var result = Aftermath()
    if facts.isLarge {
      if facts.kind == .paged, facts.pages > 1 { result.hint = view.variables.pagedBitmap.hint }
      return result
    }
    guard lookasideTop(facts.kind, units: facts.units) == nil, !facts.isGrown,
      let owner = descriptor(facts.kind)
    else { return result }
    if facts.kind == .paged, profile.pagedDescriptors > 1 {
      result.turn =
        view.variables.pagedRoundRobin % UInt32(profile.pagedDescriptors - 1) + 1
    }
    result.rest = rest(owner, facts)
    return result
  }

  private func rest(_ owner: Int, _ facts: RequestFacts) -> (link: Address, distance: Int64)? {
    let listHeads = view.descriptors[owner].listHeads
    func head(_ units: UInt64) -> Address {
      listHeads &+ (units &- 1) &* (2 &* profile.wordBytes)
    }
    var size = profile.unitsPerPage
    var startsPage = true
    var units = facts.units + (profile.firstList == .exactFit ? 0 : 1)
    while units < profile.unitsPerPage {
      guard let first = link(head(units)) else { return nil }
      if first != head(units) {
        guard let word = view.word32(first &- header) else { return nil }
        size = UInt64(profile.header.blockSize.get(word))
        startsPage = profile.header.previousSize.get(word) == 0
        break
      }
      units += 1
    }
    guard size > facts.units, size - facts.units >= profile.smallestListedUnits else { return nil }
    let left = size - facts.units
    let end = profile.remainderEnd == .tail ? profile.wordBytes : 0
    let distance = startsPage ? Int64(facts.units) : -Int64(left)
    return (head(left) &+ end, distance * Int64(profile.unitBytes))
  }

  /// What is wrong after the allocation at `address`, if anything.
  func failure(_ aftermath: Aftermath, at address: Address) -> PoolFailure? {
    if let rest = aftermath.rest {
      let expected = address &+ UInt64(bitPattern: rest.distance)
      if link(rest.link) != expected {
        return .oracle(.placementRest, "the rest of a split is not at the end of its list")
      }
    }
    if let turn = aftermath.turn, view.variables.pagedRoundRobin != turn {
      return .oracle(.placementTurn, "paged descriptors did not take turns")
    }
    if let hint = aftermath.hint, view.variables.pagedBitmap.hint != hint {
      return .oracle(.placementHint, "a longer allocation moved the hint")
    }
    return nil
  }
}
