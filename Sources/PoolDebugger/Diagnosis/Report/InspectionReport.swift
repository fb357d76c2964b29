/// What `inspect` has to say: every listing with its verdict, the odd lines, and the diagnosis.
public struct InspectionReport: Sendable {
  /// How an inspection ends; the raw value is its name in JSON.
  public enum Outcome: String, Sendable, Hashable {
    /// Something was judged, and nothing was found.
    case held
    /// Something wrong was found.
    case found
    /// There was nothing that could be judged, or a source in which nothing was recognised.
    case notJudged = "not-judged"
  }

  /// The listings in the order of the sources.
  public var listings: [CheckedListing]
  /// The odd lines that were kept.
  public var oddities: [Oddity]
  /// All odd lines.
  public var oddityCount: Int
  /// Lines with text that nothing recognised.
  public var unrecognisedLines: Int
  /// All lines.
  public var lines: Int
  /// The conclusions, what matters most first.
  public var diagnosis: [DiagnosisEntry]
  /// The sources in which nothing was recognised.
  public var unreadSources: [String]

  /// Whether anything wrong was found, and whether anything was judged at all.
  public var outcome: Outcome {
    let isWrong =
      listings.contains { $0.verdict.isFinding } || diagnosis.contains { $0.verdict.isFinding }
    if isWrong { return .found }
    let isJudged = listings.contains { $0.verdict != .unknown }
    return isJudged && unreadSources.isEmpty ? .held : .notJudged
  }

  /// The answer to the question what is wrong, in a sentence.
  public var headline: String {
    let found = diagnosis.filter(\.verdict.isFinding)
    switch outcome {
    case .found:
      let first = found.first.map(\.text) ?? "a listing that does not hold"
      let more = found.count - 1
      return "Found: \(first)"
        + (more > 0 ? " (and \(more) more, below)" : "")
    case .held:
      let healthy = listings.count { $0.verdict == .healthy }
      let others = listings.count - healthy
      let remarks = diagnosis.count
      return "Nothing wrong is visible: \(healthy) of \(listings.count) listings are whole and "
        + "sound" + (others > 0 ? "; the others do not show enough to say so." : ".")
        + (listings.contains { $0.tagTable != nil }
          ? " A leak shows only in a second table of tags." : "")
        + (remarks > 0 ? " Remarks: \(remarks), below." : "")
    case .notJudged:
      if listings.isEmpty {
        return "Not judged: no debugger output recognised in \(lines) lines."
      }
      let unread =
        unreadSources.isEmpty
        ? "" : " Nothing was recognised in \(unreadSources.joined(separator: ", "))."
      return "Not judged: what was recognised does not suffice to say anything.\(unread)"
    }
  }

  /// JSON, one object a line: an object for each listing, then one with the diagnosis.
  public var jsonLines: [String] {
    listings.map { InspectionJSON.object($0).text } + [InspectionJSON.summary(self).text]
  }

  /// The report for people.
  public var text: String { InspectionText.text(self) }
}
