import PoolBounds

/// One state of the solver and the steps that lead out of it.
///
/// A page is a key, see `PageKeys`. Sorting the keys makes a state canonical: places differ, so pages
/// that share a layout but not their places are told apart by their keys, and pages with equal keys
/// are interchangeable. In relaxed order all places stay 0.
struct PageStates: ~Copyable {
  let layouts: PageLayouts
  let format: PageKeys
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

  /// Far above what memory allows states for.
  static let mostPages = 40

  init(layouts: PageLayouts, format: PageKeys, rules: PlacementRules, peakLiveUnits: Int) {
    self.layouts = layouts
    self.format = format
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
      let layout = self.layout(keys[page])
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
      let layout = self.layout(keys[page])
      live &+= Int(layouts.liveUnits[layout])
      for run in 0..<Int(layouts.listedCounts[layout]) { lengths[units(layout, run)] &+= 1 }
    }
    return live
  }

  private func units(_ layout: Int, _ run: Int) -> Int {
    Int(layouts.listedUnits[layout &* layouts.mostListedRuns &+ run])
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
      let layout = self.layout(keys[page])
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
    var key = UInt64(layouts.fresh[request]) << format.layoutShift
    let remainder = layouts.geometry.pageUnits - request
    if remainder >= layouts.geometry.smallestListedUnits {
      key |= enter(remainder, toTail: rules.remainderOrder == .tail) << format.shift(0)
    }
    after[afterPages] = key
    afterPages &+= 1
    sort()
  }

  private mutating func makeCarving(_ page: Int, _ run: Int, _ request: Int, _ size: Int) {
    copyKeys()
    leave(page, run, size)
    let layout = layouts.carving(self.layout(keys[page]), run: run, units: request)
    var places: UInt64
    if size - request >= layouts.geometry.smallestListedUnits {
      // The remainder keeps the number of the run that was cut.
      let entered = enter(size - request, toTail: rules.remainderOrder == .tail)
      places = after[page] & ~(format.offList << format.shift(run)) | entered << format.shift(run)
    } else {
      places = format.removing(1, at: run, from: after[page])
    }
    places &= format.placeMask
    after[page] = UInt64(layout) << format.layoutShift | places
    sort()
  }

  private mutating func makeRelease(_ page: Int, _ release: PageLayouts.Release) {
    copyKeys()
    let layout = self.layout(keys[page])
    let first = Int(release.firstRemoved)
    for run in first..<first + Int(release.removedCount) { leave(page, run, units(layout, run)) }
    guard release.layout != PageLayouts.noLayout else {
      afterPages &-= 1
      after[page] = after[afterPages]
      return sort()
    }
    let entered = enter(Int(release.addedUnits), toTail: rules.freedOrder == .tail)
    let kept = format.removing(Int(release.removedCount), at: first, from: after[page])
    let places = format.inserting(entered, at: first, into: kept)
    after[page] = UInt64(release.layout) << format.layoutShift | places
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
    after[page] |= format.offList << format.shift(run)
    for other in 0..<afterPages {
      let layout = self.layout(after[other])
      for index in 0..<Int(layouts.listedCounts[layout]) where units(layout, index) == size {
        let behind = place(after[other], index)
        if behind > left && behind != format.offList { after[other] &-= 1 << format.shift(index) }
      }
    }
  }

  /// The place of a run that comes onto a list; if that is the head, all others move back.
  private mutating func enter(_ size: Int, toTail: Bool) -> UInt64 {
    guard keepsPlaces else { return 0 }
    var length: UInt64 = 0
    for page in 0..<afterPages {
      let layout = self.layout(after[page])
      for run in 0..<Int(layouts.listedCounts[layout]) where units(layout, run) == size {
        if place(after[page], run) == format.offList { continue }
        length &+= 1
        if !toTail { after[page] &+= 1 << format.shift(run) }
      }
    }
    return toTail ? length : 0
  }

  // MARK: - Keys

  private func layout(_ key: UInt64) -> Int { Int(key >> format.layoutShift) }

  private func place(_ key: UInt64, _ run: Int) -> UInt64 {
    key >> format.shift(run) & format.offList
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

/// How the layout of a page and the places of its listed runs are one number: the layout in the upper
/// bits, then for each listed run, from the left, as many bits as its place in the free list of its
/// size may need; none where places are not kept.
struct PageKeys {
  let layoutShift: UInt64
  private let bits: UInt64
  private let runs: UInt64
  /// The place of a run that is on no list at the moment.
  let offList: UInt64
  /// The bits of all places.
  let placeMask: UInt64

  /// - Parameters:
  ///   - layouts: how many layouts there are.
  ///   - runs: the most listed runs of a page.
  ///   - listed: the most listed runs of all pages; 0 if places are not kept.
  /// - Throws: ``ExactOptimum/Failure/tooManyFreeRuns(_:)`` where the bits do not suffice.
  init(layouts: Int, runs: Int, listed: Int) throws(ExactOptimum.Failure) {
    let bits = Int.bitWidth - listed.leadingZeroBitCount
    let layoutBits = Int.bitWidth - layouts.leadingZeroBitCount
    guard bits <= 8, bits * runs + layoutBits <= 64, runs < 256 else {
      throw .tooManyFreeRuns(runs)
    }
    self.bits = UInt64(bits)
    self.runs = UInt64(runs)
    offList = 1 << UInt64(bits) - 1
    layoutShift = UInt64(bits * runs)
    placeMask = 1 << layoutShift - 1
  }

  func shift(_ run: Int) -> UInt64 { bits &* (runs &- 1 &- UInt64(truncatingIfNeeded: run)) }

  /// The places of a key without `count` of them from `run` on; those to the right move left.
  func removing(_ count: Int, at run: Int, from key: UInt64) -> UInt64 {
    let right = placeMask >> (bits * UInt64(run))
    return key & placeMask & ~right | key << (bits * UInt64(count)) & right
  }

  /// The places with one more at `run`; those from there on move right.
  func inserting(_ place: UInt64, at run: Int, into places: UInt64) -> UInt64 {
    let right = placeMask >> (bits * UInt64(run))
    return places & ~right | (places & right) >> bits | place << shift(run)
  }
}
