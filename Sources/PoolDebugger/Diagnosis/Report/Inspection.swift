/// The verb `inspect` without its command line: feed it lines, take its report.
///
/// ```
/// var inspection = Inspection()
/// inspection.begin(source: "dump.txt")
/// splitter.push(bytes) { inspection.read(line: $0) }
/// let report = inspection.report()
/// ```
public struct Inspection: Sendable {
  private var readings: [ParsedOutput] = []
  private var reader: ListingReader?
  private var source = ""
  private var unreadSources: [String] = []

  private let owners: PoolTagDescriptions

  /// An inspection that has read nothing yet; `owners` says whose the tags are.
  public init(owners: PoolTagDescriptions = .builtIn) { self.owners = owners }

  /// Begins the next file or stream; its name appears in the report.
  public mutating func begin(source: String) {
    endSource()
    self.source = source
    reader = ListingReader(source: source)
  }

  /// Reads the next line of the current source, without its line end.
  public mutating func read(line: [UInt8]) {
    if reader == nil { begin(source: "standard input") }
    reader?.read(line: line)
  }

  /// Reads a whole text that is in memory as a source of its own.
  public mutating func read(text: String, source: String) {
    begin(source: source)
    for line in LineSplitter.lines(of: text) { read(line: line) }
    endSource()
  }

  /// Everything read so far, checked and diagnosed.
  public mutating func report() -> InspectionReport {
    endSource()
    var read = readings.flatMap(\.listings)
    BugCheckListing.mergeRepeated(&read)
    var listings = read.map(ListingCheck.check)
    BugCheckReading.locate(&listings)
    return InspectionReport(
      listings: listings, warnings: readings.flatMap(\.warnings),
      warningCount: readings.reduce(0) { $0 + $1.warningCount },
      unrecognisedLines: readings.reduce(0) { $0 + $1.unrecognisedLines },
      lines: readings.reduce(0) { $0 + $1.lines },
      diagnosis: Diagnosis.diagnose(listings, owners: owners), unreadSources: unreadSources)
  }

  /// The report on the last of several states of a system, with what changed from each to the
  /// next; `time` is when a state was taken, in seconds, if it is known.
  public static func series(
    _ states: [(report: InspectionReport, time: Double?)],
    owners: PoolTagDescriptions = .builtIn
  ) -> InspectionReport? {
    guard var report = states.last?.report else { return nil }
    let course = Diagnosis.series(states.map { ($0.report.listings, $0.time) }, owners: owners)
    report.diagnosis =
      course.filter(\.verdict.isFinding) + report.diagnosis
      + course.filter { !$0.verdict.isFinding }
    report.unreadSources = states.flatMap(\.report.unreadSources)
    return report
  }

  /// The time that a file's name tells, in seconds from an arbitrary beginning.
  public static func time(inName name: String) -> Double? {
    WrittenTime.find(Array(name.utf8))
  }

  /// The report on the state after, with what changed since the state before (`--before`,
  /// `--after`); `seconds` is the time between them, if it is known.
  public static func compare(
    before: InspectionReport, after: InspectionReport, seconds: Double?
  ) -> InspectionReport {
    series([(before, seconds.map { _ in 0 }), (after, seconds)]) ?? after
  }

  private mutating func endSource() {
    guard var open = reader else { return }
    let reading = open.finish()
    if reading.listings.isEmpty { unreadSources.append(source) }
    readings.append(reading)
    reader = nil
  }
}

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
  public var warnings: [ParseWarning]
  /// All odd lines.
  public var warningCount: Int
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
    (listings.map(InspectionJSON.object) + [InspectionJSON.summary(self)]).map(\.versioned.text)
  }

  /// The report for people.
  public var text: String { InspectionText.text(self) }
}
