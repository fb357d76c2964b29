/// The verb `inspect` without its command line: feed it lines, take its report.
///
/// ```
/// var inspection = Inspection()
/// inspection.begin(source: "dump.txt")
/// splitter.push(bytes) { inspection.read(line: $0) }
/// let report = inspection.report()
/// ```
public struct Inspection: Sendable {
  private var readings: [Reading] = []
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
      listings: listings, oddities: readings.flatMap(\.oddities),
      oddityCount: readings.reduce(0) { $0 + $1.oddityCount },
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
