import PoolBounds

@testable import FragmentationSearch

/// The rules of the pool in the dumbest form: pages are arrays of runs, lists are arrays of places.
///
/// It shares no code with ``AbstractPool`` and finds everything by scanning.
struct NaivePool {
  struct Run: Equatable {
    var units: Int
    /// The name of a live block, nil for a free run.
    var name: Int?
  }
  struct Place: Equatable {
    let page: Int
    let offset: Int
  }

  let geometry: PoolGeometry
  let rules: PlacementRules
  /// Page numbers are never reused here; an empty array is a page given back.
  var pages: [[Run]] = []
  var lists: [[Place]]

  init(geometry: PoolGeometry, rules: PlacementRules) {
    self.geometry = geometry
    self.rules = rules
    lists = Array(repeating: [], count: geometry.pageUnits + 1)
  }

  var pagesHeld: Int { pages.filter { !$0.isEmpty }.count }
  var liveUnits: Int { pages.joined().filter { $0.name != nil }.map(\.units).reduce(0, +) }

  func offset(page: Int, run: Int) -> Int { pages[page][..<run].map(\.units).reduce(0, +) }

  func run(at place: Place) -> Int {
    pages[place.page].indices.first { offset(page: place.page, run: $0) == place.offset } ?? -1
  }

  mutating func allocate(units: Int, name: Int, rank: Int) -> Place {
    let least = rules.exactFit == .taken ? units : units + 1
    for size in least..<max(least, lists.count) where !lists[size].isEmpty {
      let place = lists[size].remove(at: rank % lists[size].count)
      let index = run(at: place)
      let rest = size - units
      if rest == 0 {
        pages[place.page][index].name = name
        return place
      }
      let halves = [Run(units: units, name: name), Run(units: rest, name: nil)]
      let inFront = place.offset == 0
      pages[place.page].replaceSubrange(index...index, with: inFront ? halves : halves.reversed())
      let restPlace = Place(page: place.page, offset: place.offset + (inFront ? units : 0))
      insert(restPlace, units: rest, atTail: rules.remainderOrder == .tail)
      return Place(page: place.page, offset: place.offset + (inFront ? 0 : rest))
    }
    pages.append([Run(units: units, name: name)])
    let page = pages.count - 1
    if units < geometry.pageUnits {
      pages[page].append(Run(units: geometry.pageUnits - units, name: nil))
      insert(
        Place(page: page, offset: units), units: geometry.pageUnits - units,
        atTail: rules.remainderOrder == .tail)
    }
    return Place(page: page, offset: 0)
  }

  mutating func insert(_ place: Place, units: Int, atTail: Bool) {
    guard units >= geometry.smallestListedUnits else { return }
    lists[units].insert(place, at: atTail ? lists[units].count : 0)
  }

  mutating func free(name: Int) {
    for page in pages.indices {
      guard let index = pages[page].firstIndex(where: { $0.name == name }) else { continue }
      var first = index
      var last = index
      if index > 0, pages[page][index - 1].name == nil { first = index - 1 }
      if index + 1 < pages[page].count, pages[page][index + 1].name == nil { last = index + 1 }
      let start = offset(page: page, run: first)
      let units = pages[page][first...last].map(\.units).reduce(0, +)
      for run in first...last where run != index {
        let place = Place(page: page, offset: offset(page: page, run: run))
        for size in lists.indices { lists[size].removeAll { $0 == place } }
      }
      if units == geometry.pageUnits {
        pages[page] = []
      } else {
        pages[page].replaceSubrange(first...last, with: [Run(units: units, name: nil)])
        insert(Place(page: page, offset: start), units: units, atTail: rules.freedOrder == .tail)
      }
      return
    }
  }
}
