import PoolBounds

/// Every way in which one page of a small question can be cut, numbered, with what an allocation or
/// a release turns it into. The solver then never looks at units again, only at numbers.
///
/// The *listed* free runs of a layout are numbered from the left; the position in its free list of
/// each is the solver's business, so transitions say which listed runs vanish and which appears.
final class PageLayouts {
  /// What releasing one block of a layout does.
  struct Release {
    /// The layout afterwards, `noLayout` if the page goes back.
    var layout: UInt32
    /// The units of the run that appears; its number is ``firstRemoved``.
    var addedUnits: UInt32
    /// Listed runs that vanish: `removedCount` of them from number `firstRemoved` on.
    var firstRemoved: UInt8
    var removedCount: UInt8
  }

  static let noLayout = UInt32.max
  /// Some hundreds of megabytes and a few seconds.
  static let mostLayouts = 1 << 20

  let geometry: PoolGeometry
  let count: Int
  /// The most listed runs of any layout.
  let mostListedRuns: Int
  let listedCounts: UnsafeMutablePointer<UInt8>
  /// `mostListedRuns` entries a layout.
  let listedUnits: UnsafeMutablePointer<Int32>
  let liveUnits: UnsafeMutablePointer<Int32>
  let releases: UnsafeMutablePointer<Release>
  /// Where a layout's releases begin; one entry more than layouts.
  let releaseStarts: UnsafeMutablePointer<Int32>
  /// The layouts after cutting a listed run, in order of requests from the smallest block on, as far
  /// as the cap allows; those of run r of a layout begin at `carvingStarts[layout * mostListedRuns +
  /// r]`.
  private let carvings: UnsafeMutablePointer<UInt32>
  private let carvingStarts: UnsafeMutablePointer<Int>
  /// The layout of a fresh page after a request of n units, at n.
  let fresh: UnsafeMutablePointer<UInt32>
  private let numbers: [[Int]: UInt32]
  private let enumeration: LayoutEnumeration

  /// All layouts that requests and releases can produce while `peakLiveUnits` are live at most.
  ///
  /// - Throws: ``ExactOptimum/Failure/tooManyLayouts``.
  init(
    geometry: PoolGeometry, peakLiveUnits: Int, most: Int = PageLayouts.mostLayouts
  ) throws(ExactOptimum.Failure) {
    let enumeration = LayoutEnumeration(geometry: geometry, peakLiveUnits: peakLiveUnits)
    let (found, numbers) = try enumeration.all(most: most)
    self.geometry = geometry
    self.enumeration = enumeration
    self.numbers = numbers
    count = found.count
    let listed = found.map { runs in runs.count { enumeration.isListed($0) } }
    mostListedRuns = max(1, listed.max() ?? 1)
    listedCounts = .allocate(capacity: count)
    listedUnits = .allocate(capacity: count * mostListedRuns)
    liveUnits = .allocate(capacity: count)
    releaseStarts = .allocate(capacity: count + 1)
    releases = .allocate(capacity: found.reduce(0) { $0 + $1.count { $0 > 0 } })
    carvingStarts = .allocate(capacity: count * mostListedRuns)
    let carvingCount = found.reduce(0) { sum, runs in
      sum + runs.reduce(0) { $0 + enumeration.carvingCount(of: $1, in: runs) }
    }
    carvings = .allocate(capacity: carvingCount)
    fresh = .allocate(capacity: geometry.pageUnits + 1)
    for units in 0...geometry.pageUnits {
      fresh[units] = units > 0 ? numbers[enumeration.freshPage(units)] ?? Self.noLayout : 0
    }
    fill(found)
  }

  deinit {
    listedCounts.deallocate()
    listedUnits.deallocate()
    liveUnits.deallocate()
    releases.deallocate()
    releaseStarts.deallocate()
    carvings.deallocate()
    fresh.deallocate()
    carvingStarts.deallocate()
  }

  /// The number of a layout given as runs, live ones positive and free ones negative.
  func number(of runs: [Int]) -> UInt32? { numbers[runs] }

  /// The layout after cutting a request of `units` from a listed run.
  func carving(_ layout: Int, run: Int, units: Int) -> UInt32 {
    carvings[carvingStarts[layout &* mostListedRuns &+ run] &+ units &- geometry.smallestBlockUnits]
  }

  private func fill(_ layouts: [[Int]]) {
    var nextRelease = 0
    var nextCarving = 0
    for (layout, runs) in layouts.enumerated() {
      let listed = runs.indices.filter { enumeration.isListed(runs[$0]) }
      liveUnits[layout] = Int32(runs.reduce(0) { $0 + max(0, $1) })
      listedCounts[layout] = UInt8(listed.count)
      for (number, index) in listed.enumerated() {
        listedUnits[layout * mostListedRuns + number] = Int32(-runs[index])
        carvingStarts[layout * mostListedRuns + number] = nextCarving
        guard let requests = enumeration.requests(beside: runs, atMost: -runs[index]) else {
          continue
        }
        for units in requests {
          let after = numbers[enumeration.carving(runs, at: index, units: units)]
          carvings[nextCarving] = after ?? Self.noLayout
          nextCarving += 1
        }
      }
      releaseStarts[layout] = Int32(nextRelease)
      for index in runs.indices where runs[index] > 0 {
        releases[nextRelease] = release(runs, at: index)
        nextRelease += 1
      }
    }
    releaseStarts[layouts.count] = Int32(nextRelease)
  }

  private func release(_ runs: [Int], at index: Int) -> Release {
    let (after, units) = enumeration.release(runs, at: index)
    let before = runs[..<index].count { enumeration.isListed($0) }
    let absorbsLeft = index > 0 && enumeration.isListed(runs[index - 1])
    let absorbsRight = index + 1 < runs.count && enumeration.isListed(runs[index + 1])
    return Release(
      layout: after.flatMap { numbers[$0] } ?? Self.noLayout, addedUnits: UInt32(units),
      firstRemoved: UInt8(before - (absorbsLeft ? 1 : 0)),
      removedCount: (absorbsLeft ? 1 : 0) + (absorbsRight ? 1 : 0))
  }
}

extension LayoutEnumeration {
  /// The requests that a run of a layout can serve.
  fileprivate func carvingCount(of run: Int, in runs: [Int]) -> Int {
    isListed(run) ? requests(beside: runs, atMost: -run)?.count ?? 0 : 0
  }
}

/// The rules of one page on plain arrays of runs: a live run of n units is n, a free one is -n.
///
/// Only layouts within the cap of the question are enumerated: a large page of which few units are
/// ever live has few.
struct LayoutEnumeration {
  let geometry: PoolGeometry
  /// The cap on live units of the whole pool, hence of a page.
  let peakLiveUnits: Int

  /// The requests that a page with a layout may still meet; nil if there are none.
  func requests(beside runs: [Int], atMost units: Int) -> ClosedRange<Int>? {
    let live = runs.reduce(0) { $0 + max(0, $1) }
    let most = min(units, geometry.largestBlockUnits, peakLiveUnits - live)
    return most < geometry.smallestBlockUnits ? nil : geometry.smallestBlockUnits...most
  }

  func isListed(_ run: Int) -> Bool { run <= -geometry.smallestListedUnits }

  func freshPage(_ units: Int) -> [Int] {
    units == geometry.pageUnits ? [units] : [units, units - geometry.pageUnits]
  }

  func carving(_ runs: [Int], at index: Int, units: Int) -> [Int] {
    let rest = runs[index] + units
    let halves = rest == 0 ? [units] : index == 0 ? [units, rest] : [rest, units]
    return Array(runs[..<index]) + halves + Array(runs[(index + 1)...])
  }

  /// The layout without the block, nil if the page is then wholly free, and the free run's units.
  func release(_ runs: [Int], at index: Int) -> (layout: [Int]?, units: Int) {
    var first = index
    var last = index
    if index > 0, runs[index - 1] < 0 { first -= 1 }
    if index + 1 < runs.count, runs[index + 1] < 0 { last += 1 }
    let units = runs[first...last].map { abs($0) }.reduce(0, +)
    if units == geometry.pageUnits { return (nil, units) }
    return (Array(runs[..<first]) + [-units] + Array(runs[(last + 1)...]), units)
  }

  /// Every layout reachable in one page, and the number of each.
  ///
  /// - Throws: ``ExactOptimum/Failure/tooManyLayouts``.
  func all(most: Int) throws(ExactOptimum.Failure) -> ([[Int]], [[Int]: UInt32]) {
    var layouts: [[Int]] = []
    var numbers: [[Int]: UInt32] = [:]
    func note(_ layout: [Int]) throws(ExactOptimum.Failure) {
      guard numbers[layout] == nil else { return }
      guard layouts.count < most else { throw .tooManyLayouts }
      numbers[layout] = UInt32(layouts.count)
      layouts.append(layout)
    }
    if let requests = requests(beside: [], atMost: geometry.pageUnits) {
      for units in requests { try note(freshPage(units)) }
    }
    var next = 0
    while next < layouts.count {
      let runs = layouts[next]
      next += 1
      for index in runs.indices {
        if runs[index] > 0 {
          if let layout = release(runs, at: index).layout { try note(layout) }
        } else if isListed(runs[index]),
          let requests = requests(beside: runs, atMost: -runs[index])
        {
          for units in requests { try note(carving(runs, at: index, units: units)) }
        }
      }
    }
    return (layouts, numbers)
  }
}
