import PoolBounds

/// Every way in which one page of a small geometry can be cut, numbered, with what an allocation or
/// a release turns it into. The solver then never looks at units again, only at numbers.
///
/// The *listed* free runs of a layout are numbered from the left; the position in its free list of
/// each is the solver's business, so transitions say which listed runs vanish and which appears.
final class PageLayouts {
  /// What releasing one block of a layout does.
  struct Release {
    /// The layout afterwards, `noLayout` if the page goes back.
    var layout: UInt16
    /// Listed runs that vanish: `removedCount` of them from number `firstRemoved` on.
    var firstRemoved: UInt8
    var removedCount: UInt8
    /// The number and units of the run that appears.
    var added: UInt8
    var addedUnits: UInt8
  }

  static let noLayout = UInt16.max
  /// A key has room for the list positions of this many runs.
  static let mostListedRuns = 6

  let geometry: PoolGeometry
  let count: Int
  let listedCounts: UnsafeMutablePointer<UInt8>
  /// `mostListedRuns` entries a layout.
  let listedUnits: UnsafeMutablePointer<UInt8>
  let liveUnits: UnsafeMutablePointer<UInt8>
  let releases: UnsafeMutablePointer<Release>
  /// Where a layout's releases begin; one entry more than layouts.
  let releaseStarts: UnsafeMutablePointer<Int32>
  /// The layout after cutting n units from a listed run, at `(layout * mostListedRuns + run) *
  /// (pageUnits + 1) + n`.
  let carvings: UnsafeMutablePointer<UInt16>
  /// The layout of a fresh page after a request of n units.
  let fresh: UnsafeMutablePointer<UInt16>
  private let numbers: [[Int]: UInt16]

  /// All layouts that requests and releases can produce.
  ///
  /// - Throws: ``ExactOptimum/Failure/geometryTooLarge`` if there are more than a key can name.
  init(geometry: PoolGeometry) throws(ExactOptimum.Failure) {
    let (found, numbers) = try LayoutEnumeration(geometry: geometry).all()
    self.geometry = geometry
    self.numbers = numbers
    count = found.count
    let width = geometry.pageUnits + 1
    listedCounts = .allocate(capacity: count)
    listedUnits = .allocate(capacity: count * Self.mostListedRuns)
    liveUnits = .allocate(capacity: count)
    releaseStarts = .allocate(capacity: count + 1)
    let releaseCount = found.map { $0.count { $0 > 0 } }.reduce(0, +)
    releases = .allocate(capacity: releaseCount)
    carvings = .allocate(capacity: count * Self.mostListedRuns * width)
    carvings.initialize(
      repeating: Self.noLayout, count: count * Self.mostListedRuns * width)
    fresh = .allocate(capacity: width)
    fresh.initialize(repeating: Self.noLayout, count: width)
    fill(found, LayoutEnumeration(geometry: geometry))
  }

  deinit {
    listedCounts.deallocate()
    listedUnits.deallocate()
    liveUnits.deallocate()
    releases.deallocate()
    releaseStarts.deallocate()
    carvings.deallocate()
    fresh.deallocate()
  }

  /// The number of a layout given as runs, live ones positive and free ones negative.
  func number(of runs: [Int]) -> UInt16? { numbers[runs] }

  private func fill(_ layouts: [[Int]], _ enumeration: LayoutEnumeration) {
    let width = geometry.pageUnits + 1
    for units in enumeration.requests {
      fresh[units] = numbers[enumeration.freshPage(units)] ?? Self.noLayout
    }
    var nextRelease = 0
    for (layout, runs) in layouts.enumerated() {
      let listed = runs.indices.filter { enumeration.isListed(runs[$0]) }
      liveUnits[layout] = UInt8(runs.filter { $0 > 0 }.reduce(0, +))
      listedCounts[layout] = UInt8(listed.count)
      for (number, index) in listed.enumerated() {
        listedUnits[layout * Self.mostListedRuns + number] = UInt8(-runs[index])
        for units in enumeration.requests where units <= -runs[index] {
          let after = numbers[enumeration.carving(runs, at: index, units: units)]
          carvings[(layout * Self.mostListedRuns + number) * width + units] =
            after ?? Self.noLayout
        }
      }
      releaseStarts[layout] = Int32(nextRelease)
      for index in runs.indices where runs[index] > 0 {
        releases[nextRelease] = release(runs, at: index, enumeration)
        nextRelease += 1
      }
    }
    releaseStarts[layouts.count] = Int32(nextRelease)
  }

  private func release(
    _ runs: [Int], at index: Int, _ enumeration: LayoutEnumeration
  ) -> Release {
    let (after, units) = enumeration.release(runs, at: index)
    let before = runs[..<index].count { enumeration.isListed($0) }
    let absorbsLeft = index > 0 && enumeration.isListed(runs[index - 1])
    let absorbsRight = index + 1 < runs.count && enumeration.isListed(runs[index + 1])
    let first = before - (absorbsLeft ? 1 : 0)
    return Release(
      layout: after.flatMap { numbers[$0] } ?? Self.noLayout, firstRemoved: UInt8(first),
      removedCount: (absorbsLeft ? 1 : 0) + (absorbsRight ? 1 : 0), added: UInt8(first),
      addedUnits: UInt8(units))
  }
}
