import PoolBounds

/// One state of the solver and the steps that lead out of it.
///
/// A page is a key: its layout in the upper 16 bits, then for each listed run, from the left, eight
/// bits with its place in the free list of its size. Sorting the keys makes a state canonical:
/// places differ, so pages that share a layout but not their places are told apart by their keys,
/// and pages with equal keys are interchangeable. In relaxed order all places stay 0.
struct PageStates: ~Copyable {
  let layouts: PageLayouts
  let rules: PlacementRules
  let peakLiveUnits: Int
  /// The state that steps lead out of; sorted keys.
  let keys: UnsafeMutablePointer<UInt64>
  var pages = 0
  /// The state after the step that was just made; sorted keys.
  let after: UnsafeMutablePointer<UInt64>
  private(set) var afterPages = 0
  /// Listed runs of each size in the state that steps lead out of.
  private let lengths: UnsafeMutablePointer<UInt8>
  private let keepsPlaces: Bool

  /// So that every list is shorter than ``offList``.
  static let mostPages = 40
  private static let offList: UInt64 = 0xff
  private static let placeBits: UInt64 = 0xffff_ffff_ffff

  init(layouts: PageLayouts, rules: PlacementRules, peakLiveUnits: Int) {
    self.layouts = layouts
    self.rules = rules
    self.peakLiveUnits = peakLiveUnits
    keys = .allocate(capacity: Self.mostPages + 1)
    after = .allocate(capacity: Self.mostPages + 1)
    lengths = .allocate(capacity: layouts.geometry.pageUnits + 1)
    keepsPlaces = rules.remainderOrder != .relaxed
  }

  deinit {
    keys.deallocate()
    after.deallocate()
    lengths.deallocate()
  }

  /// Calls `body` with the state after every step that is possible, some of them more than once;
  /// stops, and answers false, when it answers false.
  mutating func forEachStep(_ body: (UnsafePointer<UInt64>, Int) -> Bool) -> Bool {
    let largest = min(layouts.geometry.largestBlockUnits, peakLiveUnits - countRuns())
    if largest >= layouts.geometry.smallestBlockUnits {
      for request in layouts.geometry.smallestBlockUnits...largest {
        if !allocate(request, body) { return false }
      }
    }
    for page in 0..<pages where page == 0 || keys[page] != keys[page &- 1] {
      let layout = Int(keys[page] >> 48)
      for release in Int(layouts.releaseStarts[layout])..<Int(layouts.releaseStarts[layout + 1]) {
        makeRelease(page, layouts.releases[release])
        if !body(after, afterPages) { return false }
      }
    }
    return true
  }

  /// Counts the listed runs of each size; gives the live units.
  private mutating func countRuns() -> Int {
    var live = 0
    for size in 0...layouts.geometry.pageUnits { lengths[size] = 0 }
    for page in 0..<pages {
      let layout = Int(keys[page] >> 48)
      live &+= Int(layouts.liveUnits[layout])
      for run in 0..<Int(layouts.listedCounts[layout]) { lengths[units(layout, run)] &+= 1 }
    }
    return live
  }

  private func units(_ layout: Int, _ run: Int) -> Int {
    Int(layouts.listedUnits[layout &* PageLayouts.mostListedRuns &+ run])
  }

  // MARK: - Steps

  private mutating func allocate(
    _ request: Int, _ body: (UnsafePointer<UInt64>, Int) -> Bool
  ) -> Bool {
    let pageUnits = layouts.geometry.pageUnits
    var size = rules.exactFit == .taken ? request : request + 1
    while size < pageUnits, lengths[size] == 0 { size &+= 1 }
    if size >= pageUnits {
      makeFreshPage(request)
      return body(after, afterPages)
    }
    for page in 0..<pages where page == 0 || keys[page] != keys[page &- 1] {
      let layout = Int(keys[page] >> 48)
      for run in 0..<Int(layouts.listedCounts[layout]) where units(layout, run) == size {
        // Where places are kept, only the run at the head can be cut.
        if place(keys[page], run) != 0 { continue }
        makeCarving(page, run, request, size)
        if !body(after, afterPages) { return false }
      }
    }
    return true
  }

  private mutating func makeFreshPage(_ request: Int) {
    precondition(pages < Self.mostPages, "the caller limits pages")
    copyKeys()
    var key = UInt64(layouts.fresh[request]) << 48
    let remainder = layouts.geometry.pageUnits - request
    if remainder >= layouts.geometry.smallestListedUnits {
      key |= enter(remainder, toTail: rules.remainderOrder == .tail) << 40
    }
    after[afterPages] = key
    afterPages &+= 1
    sort()
  }

  private mutating func makeCarving(_ page: Int, _ run: Int, _ request: Int, _ size: Int) {
    copyKeys()
    leave(page, run, size)
    let width = layouts.geometry.pageUnits + 1
    let row = Int(keys[page] >> 48) &* PageLayouts.mostListedRuns &+ run
    let layout = layouts.carvings[row &* width &+ request]
    var places: UInt64
    if size - request >= layouts.geometry.smallestListedUnits {
      // The remainder keeps the number of the run that was cut.
      let entered = enter(size - request, toTail: rules.remainderOrder == .tail)
      places = after[page] & ~(Self.offList << Self.shift(run)) | entered << Self.shift(run)
    } else {
      places = Self.removing(1, at: run, from: after[page])
    }
    places &= Self.placeBits
    after[page] = UInt64(layout) << 48 | places
    sort()
  }

  private mutating func makeRelease(_ page: Int, _ release: PageLayouts.Release) {
    copyKeys()
    let layout = Int(keys[page] >> 48)
    let first = Int(release.firstRemoved)
    for run in first..<first + Int(release.removedCount) { leave(page, run, units(layout, run)) }
    guard release.layout != PageLayouts.noLayout else {
      afterPages &-= 1
      after[page] = after[afterPages]
      return sort()
    }
    let entered = enter(Int(release.addedUnits), toTail: rules.freedOrder == .tail)
    let kept = Self.removing(Int(release.removedCount), at: first, from: after[page])
    let places = Self.inserting(entered, at: Int(release.added), into: kept)
    after[page] = UInt64(release.layout) << 48 | places
    sort()
  }

  private mutating func copyKeys() {
    for page in 0..<pages { after[page] = keys[page] }
    afterPages = pages
  }

  // MARK: - Lists

  /// Takes a run off its list; those behind it move up.
  private mutating func leave(_ page: Int, _ run: Int, _ size: Int) {
    guard keepsPlaces else { return }
    let left = place(after[page], run)
    after[page] |= Self.offList << Self.shift(run)
    for other in 0..<afterPages {
      let layout = Int(after[other] >> 48)
      for index in 0..<Int(layouts.listedCounts[layout]) where units(layout, index) == size {
        let behind = place(after[other], index)
        if behind > left && behind != Self.offList { after[other] &-= 1 << Self.shift(index) }
      }
    }
  }

  /// The place of a run that comes onto a list; if that is the head, all others move back.
  private mutating func enter(_ size: Int, toTail: Bool) -> UInt64 {
    guard keepsPlaces else { return 0 }
    var length: UInt64 = 0
    for page in 0..<afterPages {
      let layout = Int(after[page] >> 48)
      for run in 0..<Int(layouts.listedCounts[layout]) where units(layout, run) == size {
        if place(after[page], run) == Self.offList { continue }
        length &+= 1
        if !toTail { after[page] &+= 1 << Self.shift(run) }
      }
    }
    return toTail ? length : 0
  }

  // MARK: - Keys

  private static func shift(_ run: Int) -> UInt64 { UInt64(truncatingIfNeeded: 40 &- 8 &* run) }

  private func place(_ key: UInt64, _ run: Int) -> UInt64 { key >> Self.shift(run) & 0xff }

  /// The places of a key without `count` of them from `run` on; those to the right move left.
  private static func removing(_ count: Int, at run: Int, from key: UInt64) -> UInt64 {
    let right = placeBits >> UInt64(8 * run)
    return key & placeBits & ~right | key << UInt64(8 * count) & right
  }

  private static func inserting(_ place: UInt64, at run: Int, into places: UInt64) -> UInt64 {
    let right = placeBits >> UInt64(8 * run)
    return places & ~right | (places & right) >> 8 | place << shift(run)
  }

  private mutating func sort() {
    var index = 1
    while index < afterPages {
      let key = after[index]
      var place = index
      while place > 0, after[place &- 1] > key {
        after[place] = after[place &- 1]
        place &-= 1
      }
      after[place] = key
      index &+= 1
    }
  }
}
