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

  /// The facts of a request for so many bytes on a machine that runs.
  init(_ type: PoolType, bytes: UInt64, _ view: PoolView) {
    self.init(type, bytes: bytes, at: view.profileAddress)
  }

  /// The facts of a request for so many bytes.
  public init(_ type: PoolType, bytes: UInt64, _ profile: Profile) {
    self = withUnsafePointer(to: profile) { Self(type, bytes: bytes, at: $0) }
  }

  @inline(never)
  private init(_ type: PoolType, bytes requested: UInt64, at place: UnsafePointer<Profile>) {
    let page = place.pointee.pageBytes
    let header = UInt64(place.pointee.header.bytes)
    let unit = place.pointee.unitBytes
    let limit = place.pointee.smallRequestLimit ?? page - header - unit
    let bytes = type.workedBytes(requested, at: place)
    let line: UInt64 = 64
    isGrown =
      place.pointee.cacheAlignment == .secondHeader && type.contains(.cacheAligned)
      && bytes &+ line <= limit && bytes < limit
    let worked = isGrown ? bytes &+ line : bytes
    isLarge = worked > limit
    let rounded = (max(worked, 1) &+ header &+ unit &- 1) / unit
    units = isLarge ? 0 : max(rounded, place.pointee.smallestBlockUnits)
    pages = isLarge ? bytes / page + (bytes % page == 0 ? 0 : 1) : 1
    self.bytes = bytes
    kind = Self.kind(type, at: place)
  }

  /// The pool that serves requests of a type.
  static func kind(_ type: PoolType, at place: UnsafePointer<Profile>) -> PoolKind {
    if type.isPaged {
      return place.pointee.hasSessionPool && type.contains(.session) ? .session : .paged
    }
    let isNoExecute = place.pointee.hasNoExecutePool && type.contains(.noExecute)
    return isNoExecute ? .nonPagedNoExecute : .nonPaged
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
  enum Placement: Equatable {
    /// A block whose address follows from the lists.
    case block(Address)
    /// An address that follows from the page level.
    case page(Address)
    /// Nothing is claimed.
    case open
  }

  /// What an allocation is expected to get, and what it leaves behind.
  struct Prediction {
    var placement: Placement = .open
    /// Where the rest of a split goes: the list head's far end, and how far the rest lies behind the
    /// block's header, in bytes; nil where no rest is listed.
    var rest: (link: Address, distance: Int64)?
    /// The turn of the paged descriptors; nil where none is taken.
    var turn: UInt32?
    /// The hint of the paged bitmap; nil where nothing is claimed.
    var hint: UInt64?
  }

  /// What is expected of an allocation.
  func allocation(_ facts: RequestFacts) -> Prediction {
    var result = Prediction()
    if facts.isLarge {
      if let page = page(facts.kind, facts.pages) { result.placement = .page(page) }
      if facts.kind == .paged, facts.pages > 1 { result.hint = view.variables.pagedBitmap.hint }
      return result
    }
    if let list = firstLookaside(facts.kind, units: facts.units, where: { $0.top != 0 }) {
      result.placement = .block(aligned(list.top, facts))
      return result
    }
    guard let owner = descriptor(facts.kind) else { return result }
    if facts.kind == .paged, profile.pagedDescriptors > 1, !facts.isGrown {
      result.turn =
        view.variables.pagedRoundRobin % UInt32(profile.pagedDescriptors - 1) + 1
    }
    place(facts, owner, &result)
    return result
  }

  /// What comes of a small request that no lookaside list serves.
  private func place(_ facts: RequestFacts, _ owner: Int, _ result: inout Prediction) {
    let search = firstList(of: owner, from: facts.units + (profile.firstList == .exactFit ? 0 : 1))
    var size = profile.unitsPerPage
    var startsPage = true
    switch search {
    case .unreadable: return
    case .nothing:
      if let page = page(facts.kind, 1) {
        result.placement = .page(aligned(page &+ header, facts))
      }
    case .block(let first):
      guard let word = view.word32(first) else { return }
      size = UInt64(profile.header.blockSize.get(word))
      startsPage = profile.header.previousSize.get(word) == 0
      let offset = startsPage || size < facts.units ? 0 : size - facts.units
      result.placement = .block(aligned(first &+ offset &* profile.unitBytes &+ header, facts))
    }
    guard !facts.isGrown, size > facts.units, size - facts.units >= profile.smallestListedUnits
    else { return }
    let left = size - facts.units
    let head = view.descriptors[owner].listHeads &+ (left &- 1) &* (2 &* profile.wordBytes)
    let end = profile.remainderEnd == .tail ? profile.wordBytes : 0
    let distance = startsPage ? Int64(facts.units) : -Int64(left)
    result.rest = (head &+ end, distance * Int64(profile.unitBytes))
  }

  // MARK: Lists

  /// What a search of a descriptor's lists comes to.
  private enum Search {
    /// A list cannot be read.
    case unreadable
    /// Every list is empty.
    case nothing
    /// The header of the first block of the first list that has one.
    case block(Address)
  }

  /// Searches lists of blocks of so many units and more, read where they lie: most requests come by
  /// more than a hundred empty ones.
  private func firstList(of owner: Int, from units: UInt64) -> Search {
    let headBytes = 2 &* profile.wordBytes
    guard units <= profile.unitsPerPage else { return .nothing }
    let count = profile.unitsPerPage &- units &+ 1
    let first = view.descriptors[owner].listHeads &+ (units &- 1) &* headBytes
    guard let host = view.bytes(at: first, count: count &* headBytes) else { return .unreadable }
    let link =
      profile.wordBytes == 8
      ? Self.firstUsed(isWide: true, host, first, Int(count), ~linkMask)
      : Self.firstUsed(isWide: false, host, first, Int(count), ~linkMask & 0xFFFF_FFFF)
    return link.map { .block($0 &- header) } ?? .nothing
  }

  /// The decoded link of the first of so many list heads that does not lead to itself.
  @inline(__always)
  private static func firstUsed(
    isWide: Bool, _ host: UnsafeRawPointer, _ first: Address, _ count: Int, _ mask: UInt64
  ) -> Address? {
    let stride = isWide ? 16 : 8
    @inline(__always) func link(_ index: Int) -> UInt64 {
      let head = host + index &* stride
      return isWide
        ? head.loadUnaligned(as: UInt64.self) : UInt64(head.loadUnaligned(as: UInt32.self))
    }
    /// The links of a head and the next; of 32 bits, with what lies behind them, which `mask` leaves out.
    @inline(__always) func links(_ index: Int) -> SIMD2<UInt64> {
      isWide
        ? SIMD2(link(index), link(index &+ 1))
        : (host + index &* stride).loadUnaligned(as: SIMD2<UInt64>.self)
    }
    // Sixteen at a time, two side by side: only where one of them is used is it asked which.
    let step = SIMD2<UInt64>(repeating: UInt64(2 &* stride))
    var own = SIMD2<UInt64>(first, first &+ UInt64(stride))
    var index = 0
    while index &+ 16 <= count {
      var difference = SIMD2<UInt64>()
      for pair in 0..<8 {
        difference |= links(index &+ 2 &* pair) ^ own
        own &+= step
      }
      if (difference[0] | difference[1]) & mask != 0 { break }
      index &+= 16
    }
    while index < count {
      let own = first &+ UInt64(truncatingIfNeeded: index &* stride)
      if (link(index) ^ own) & mask != 0 { return link(index) & mask }
      index &+= 1
    }
    return nil
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

  /// The first list of a class, in the order in which they are tried, of which something is true; nil
  /// where there is none.
  @inline(__always)
  func firstLookaside(
    _ kind: PoolKind, units: UInt64, where isWanted: (LookasideList) -> Bool
  ) -> LookasideList? {
    let classes =
      kind == .session ? profile.sessionLookasideClasses : profile.lookasideClasses
    guard units > 0, units <= classes else { return nil }
    // Session lists belong to the session, not to a processor (Mandt 2011).
    let isOfProcessor = kind != .session && profile.sharedLookaside != .sameList
    let list = view.lookaside(
      owner: isOfProcessor ? view.variables.processor : 0, kind: kind, units: units)
    if isWanted(list) { return list }
    guard isOfProcessor, profile.sharedLookaside == .separate else { return nil }
    let shared = view.lookaside(owner: view.configuration.processors, kind: kind, units: units)
    return isWanted(shared) ? shared : nil
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
      if let kept = lists.nonPaged(pages, profile), kept.count > 0 { return kept.top }
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
    let start = hint >= bitmap.pages ? 0 : hint
    guard
      let first = clearRun(bitmap, pages, from: start)
        ?? (start == 0 ? nil : clearRun(bitmap, pages, from: 0))
    else { return nil }
    if bitmap.base == 0 { return PageCensus.address(view, first) }
    return bitmap.base &+ first &* profile.pageBytes
  }

  /// The first page of the lowest clear run at or after a page, or nil.
  private func clearRun(_ bitmap: PageBitmap, _ pages: UInt64, from start: UInt64) -> UInt64? {
    let map = view.bytes(at: bitmap.allocationMap, count: (bitmap.openPages &+ 7) / 8)
    var run: UInt64 = 0
    var page = start
    while page < bitmap.openPages {
      let isSet: Bool
      if let map {
        let byte = map.load(fromByteOffset: Int(page / 8), as: UInt8.self)
        // Eight pages in use at once.
        if page & 7 == 0, byte == .max {
          run = 0
          page += 8
          continue
        }
        isSet = byte &>> UInt8(page & 7) & 1 != 0
      } else {
        isSet = view.bit(page, ofMapAt: bitmap.allocationMap)
      }
      run = isSet ? 0 : run + 1
      page += 1
      if run == pages {
        return profile.bitmapSearch == .beforeLimit && page == bitmap.pages ? nil : page - pages
      }
    }
    return nil
  }
}

// MARK: What an allocation leaves behind

extension PlacementOracle {
  /// What is wrong after the allocation at `address`, if anything.
  func failure(_ prediction: Prediction, at address: Address) -> PoolFailure? {
    if let rest = prediction.rest {
      let expected = address &+ UInt64(bitPattern: rest.distance)
      if link(rest.link) != expected {
        return .oracle(.placementRest, "the rest of a split is not at the end of its list")
      }
    }
    if let turn = prediction.turn, view.variables.pagedRoundRobin != turn {
      return .oracle(.placementTurn, "paged descriptors did not take turns")
    }
    if let hint = prediction.hint, view.variables.pagedBitmap.hint != hint {
      return .oracle(.placementHint, "a longer allocation moved the hint")
    }
    return nil
  }
}
