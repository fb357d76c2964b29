import PoolBounds

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
  func all() throws(ExactOptimum.Failure) -> ([[Int]], [[Int]: UInt32]) {
    var layouts: [[Int]] = []
    var numbers: [[Int]: UInt32] = [:]
    func note(_ layout: [Int]) throws(ExactOptimum.Failure) {
      guard numbers[layout] == nil else { return }
      guard layouts.count < PageLayouts.mostLayouts else { throw .tooManyLayouts }
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
