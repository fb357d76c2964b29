import PoolBounds

/// A rule imposed on requests, to learn how much of the worst case it takes away.
public enum Remedy: String, Sendable, Hashable, CaseIterable {
  /// No rule.
  case none
  /// No request above half a page: larger ones are cut down to half a page.
  case halfPageLimit = "half-page-limit"
  /// Sizes are rounded up to a divisor of the page.
  case divisorSizes = "divisor-sizes"
  /// A request above half a page takes a whole page.
  case wholePages = "whole-pages"
  /// Released blocks of up to a sixteenth of a page wait on lists of their size, as deep as the
  /// kernel lets them grow, and serve the next request of that size. They count as live.
  case lookasides

  /// The units that a request for `units` gets. Page-sized answers need a geometry whose largest
  /// block is a page; ``geometry(for:)`` is that.
  public func granted(_ units: Int, _ geometry: PoolGeometry) -> Int {
    let page = geometry.pageUnits
    switch self {
    case .none, .lookasides: return units
    case .halfPageLimit: return min(units, max(geometry.smallestBlockUnits, page / 2))
    case .divisorSizes: return (units...page).first { page % $0 == 0 } ?? page
    case .wholePages: return units > page / 2 ? page : units
    }
  }

  /// How many released blocks of `units` wait for the next request of that size; 0 where none does.
  public func parkedBlocks(units: Int, _ geometry: PoolGeometry) -> Int {
    // 32 classes of 512 units, and a depth of 256 at most (Mandt 2011).
    self == .lookasides && units <= geometry.pageUnits / 16 ? 256 : 0
  }

  /// The pool's geometry under the rule.
  public func geometry(for geometry: PoolGeometry) -> PoolGeometry {
    let largest: Int
    switch self {
    case .none, .lookasides: return geometry
    case .halfPageLimit: largest = granted(geometry.largestBlockUnits, geometry)
    case .divisorSizes, .wholePages: largest = geometry.pageUnits
    }
    let changed = try? PoolGeometry(
      pageUnits: geometry.pageUnits, smallestBlockUnits: geometry.smallestBlockUnits,
      largestBlockUnits: largest, unitBytes: geometry.unitBytes,
      headerBytes: geometry.headerBytes)
    guard let changed else { preconditionFailure("a remedy keeps the geometry sound") }
    return changed
  }
}

/// How much of the worst case each rule takes away: the same search under each rule, from several
/// seeds.
public struct RemedyTable: Sendable, Hashable {
  /// One rule and what the search still reached.
  public struct Row: Sendable, Hashable {
    /// The rule.
    public let name: String
    /// The most pages found from each seed, in the order of the seeds.
    public let pagesOfSeeds: [Int]
    /// The proved bound under the rule.
    public let boundPages: Int
    /// The most pages of all seeds, held bytes over the cap.
    public let heldOverPeak: Double

    /// The most pages found.
    public var pages: Int { pagesOfSeeds.max() ?? 0 }

    /// The middle one of the seeds, the lower of two.
    public var medianPages: Int {
      let sorted = pagesOfSeeds.sorted()
      return sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
    }
  }

  /// The rows, "no rule" first.
  public let rows: [Row]

  /// The question under each rule, by the rule's name: rules on requests, then on the lists.
  static func questions(_ question: SearchQuestion) -> [(name: String, question: SearchQuestion)] {
    var cases = Remedy.allCases.map { remedy in
      var changed = question
      changed.remedy = remedy
      return (name: remedy.rawValue, question: changed)
    }
    var changed = question
    changed.remedy = .none
    changed.rules.freedOrder = .tail
    cases.append(("freed-to-tail", changed))
    changed.rules = question.rules
    changed.rules.fit = .firstFit
    cases.append(("first-fit", changed))
    return cases
  }

  /// Runs the searches.
  ///
  /// - Parameters:
  ///   - question: its budget is used anew for each row and seed; its remedy is replaced.
  ///   - algorithm: the search.
  ///   - seeds: how many seeds, from the question's on, at least 1.
  public static func measuring(
    _ question: SearchQuestion, by algorithm: some SearchAlgorithm, seeds: Int = 1
  ) async -> RemedyTable {
    var rows: [Row] = []
    for (name, asked) in questions(question) {
      let geometry = asked.remedy.geometry(for: asked.geometry)
      var pages: [Int] = []
      for seed in 0..<UInt64(max(1, seeds)) {
        var asked = asked
        asked.seed = question.seed &+ seed
        pages.append(await algorithm.search(asked).pages)
      }
      let bounds = FragmentationBounds(geometry: geometry, peakLiveUnits: asked.peakLiveUnits)
      let held = Double((pages.max() ?? 0) * geometry.pageUnits)
      rows.append(
        Row(
          name: name, pagesOfSeeds: pages, boundPages: bounds.strongest(for: asked.rules).pages,
          heldOverPeak: held / Double(max(1, asked.peakLiveUnits))))
    }
    return RemedyTable(rows: rows)
  }
}
