import PoolBounds

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
