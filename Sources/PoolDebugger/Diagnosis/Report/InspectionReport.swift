/// What `inspect` has to say: every listing with its verdict, the odd lines, and the diagnosis.
public struct InspectionReport: Sendable {
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
  /// The conclusions.
  public var diagnosis: [DiagnosisEntry]

  /// Whether a page, a bug check or the debugger itself shows corruption (exit code 1).
  public var foundCorruption: Bool { listings.contains { $0.verdict == .corrupt } }

  /// JSON, one object a line: an object for each listing, then one with the diagnosis.
  public var jsonLines: [String] {
    listings.map { InspectionJSON.object($0).text }
      + [InspectionJSON.object(diagnosis).text]
  }

  /// The report for people.
  public var text: String { InspectionText.text(self) }
}
