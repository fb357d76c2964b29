/// How much of the worst case each rule takes away: the same search under each rule.
public struct RemedyTable: Sendable, Hashable {
  /// One rule and what the search still reached.
  public struct Row: Sendable, Hashable {
    /// The rule.
    public let name: String
    /// The most pages found.
    public let pages: Int
    /// The proved bound under the rule.
    public let boundPages: Int
    /// Pages found, held bytes over the cap.
    public let heldOverPeak: Double
  }

  /// The rows, "no rule" first.
  public let rows: [Row]

  /// Runs the searches.
  ///
  /// `question`: budget and seed are used anew for each row; its remedy is replaced.
  public static func measuring(
    _ question: SearchQuestion, by algorithm: some SearchAlgorithm
  ) async -> RemedyTable {
    var cases: [(String, SearchQuestion)] = Remedy.allCases.map { remedy in
      var changed = question
      changed.remedy = remedy
      return (remedy.rawValue, changed)
    }
    var changed = question
    changed.remedy = .none
    changed.rules.freedOrder = .tail
    cases.append(("freed-to-tail", changed))
    changed.rules = question.rules
    changed.rules.fit = .firstFit
    cases.append(("first-fit", changed))
    var rows: [Row] = []
    for (name, question) in cases {
      let answer = await algorithm.search(question)
      let geometry = question.remedy.geometry(for: question.geometry)
      let bounds = FragmentationBounds(geometry: geometry, peakLiveUnits: question.peakLiveUnits)
      let held = Double(answer.pages * geometry.pageUnits)
      rows.append(
        Row(
          name: name, pages: answer.pages, boundPages: bounds.strongest(for: question.rules).pages,
          heldOverPeak: held / Double(max(1, question.peakLiveUnits))))
    }
    return RemedyTable(rows: rows)
  }
}
