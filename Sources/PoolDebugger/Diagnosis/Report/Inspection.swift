/// The verb `inspect` without its command line: feed it lines, take its report.
///
/// ```
/// var inspection = Inspection()
/// inspection.begin(source: "dump.txt")
/// splitter.push(bytes) { inspection.read(line: $0) }
/// let report = inspection.report()
/// ```
///
/// The report has all listings. Who takes them with `takeListings()` while the text is read, and
/// puts them elsewhere, inspects a text of any length in bounded memory.
public struct Inspection: Sendable {
  private var reader: ListingReader?
  private var source = ""
  private var unreadSources: [String] = []
  private var warnings: [ParseWarning] = []
  private var warningCount = 0
  private var unrecognisedLines = 0
  private var lines = 0
  /// Listings of the sources before this one, empty ones counted.
  private var firstOrdinal = 0
  private var hasListings = false
  /// Checked and not taken.
  private var listings: [CheckedListing] = []
  /// Bug checks wait for the end: each may be pasted again, and pages that it names may follow.
  private var bugChecks: [Listing] = []
  private var diagnosis: Diagnosis
  private var tally = ListingTally()
  /// Sources with a table of tags.
  private var tableSources: Set<String> = []

  /// So many bug checks wait; of more the first are judged at once.
  private static let mostBugChecks = 256

  /// An inspection that has read nothing yet; `owners` says whose the tags are.
  public init(owners: PoolTagDescriptions = .builtIn) { diagnosis = Diagnosis(owners: owners) }

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
    for listing in reader?.takeSettled() ?? [] { take(listing) }
  }

  /// The listings that are complete, in their order, without bug checks; the report then leaves
  /// them out. `Listing.ordinal` tells where those of the report stand among them.
  public mutating func takeListings() -> [CheckedListing] {
    defer { listings = [] }
    return listings
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
    BugCheckListing.mergeRepeated(&bugChecks)
    for listing in bugChecks { judge(listing) }
    bugChecks = []
    return InspectionReport(
      listings: listings.sorted { $0.listing.ordinal < $1.listing.ordinal }, tally: tally,
      warnings: warnings, warningCount: warningCount, unrecognisedLines: unrecognisedLines,
      lines: lines, diagnosis: diagnosis.entries(), unreadSources: unreadSources,
      tableSourceCount: tableSources.count, state: diagnosis.state, bytesLeft: diagnosis.bytesLeft)
  }

  private mutating func take(_ listing: Listing) {
    var listing = listing
    listing.ordinal += firstOrdinal
    hasListings = true
    guard listing.isBugCheck else { return judge(listing) }
    bugChecks.append(listing)
    guard bugChecks.count > 4 * Self.mostBugChecks else { return }
    BugCheckListing.mergeRepeated(&bugChecks)
    let excess = max(0, bugChecks.count - Self.mostBugChecks)
    for listing in bugChecks.prefix(excess) { judge(listing) }
    bugChecks.removeFirst(excess)
  }

  private mutating func judge(_ listing: Listing) {
    var checked = ListingCheck.check(listing)
    if listing.isBugCheck { BugCheckReading.locate(&checked, in: diagnosis.pages) }
    diagnosis.add(checked)
    tally.add(checked)
    if checked.tagTable != nil { tableSources.insert(checked.listing.source) }
    listings.append(checked)
  }

  private mutating func endSource() {
    guard var open = reader else { return }
    reader = nil
    let reading = open.finish()
    reading.listings.forEach { take($0) }
    if !hasListings { unreadSources.append(source) }
    hasListings = false
    firstOrdinal += reading.begunListings
    warnings += reading.warnings.prefix(ListingReader.mostWarnings - warnings.count)
    warningCount += reading.warningCount
    unrecognisedLines += reading.unrecognisedLines
    lines += reading.lines
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
    var series = InspectionSeries()
    series.append(before, time: seconds.map { _ in 0 })
    series.append(after, time: seconds)
    return series.report() ?? after
  }
}

/// Several states of a system, one after the other, judged at the last, with what is wrong in an
/// earlier one; of very many some are left out of the comparison, never the first and the last.
public struct InspectionSeries: Sendable {
  private let owners: PoolTagDescriptions
  private var snapshots = ThinnedSnapshots()
  private var last: InspectionReport?
  private var count = 0
  private var lastSource: String?
  /// What was wrong in earlier states. What tables of tags said by themselves, the course of the
  /// series says better.
  private var earlier = FirstConclusions()
  private var warnings: [ParseWarning] = []
  private var warningCount = 0
  private var unrecognisedLines = 0
  private var lines = 0
  private var unreadSources: [String] = []

  /// No states yet; `owners` says whose the tags are.
  public init(owners: PoolTagDescriptions = .builtIn) { self.owners = owners }

  /// Takes the next state; `time` is when it was taken, in seconds from an arbitrary beginning, if
  /// it is known. Without it the tables tell, if they do. A source in which nothing was recognised
  /// is no state.
  public mutating func append(_ report: InspectionReport, time: Double?, source: String? = nil) {
    unreadSources += report.unreadSources
    warnings += report.warnings.prefix(ListingReader.mostWarnings - warnings.count)
    warningCount += report.warningCount
    unrecognisedLines += report.unrecognisedLines
    lines += report.lines
    guard report.isRecognised || last == nil else { return }
    if report.isRecognised {
      var state = report.state
      state.time = time ?? state.time
      snapshots.append(state)
      count += 1
    }
    let known = Set(earlier.told.map(Conclusion.init))
    for entry in last?.diagnosis ?? [] {
      switch entry.verdict {
      case .leakCandidate, .pairedLeak, .dominantTag, .hardlyFreed, .equalLive: break
      default:
        guard entry.verdict.isFinding else { continue }
        let conclusion = Conclusion(entry)
        if !known.contains(conclusion) {
          earlier.append(entry)
        } else if entry.saysMore {
          earlier.sayMore { Conclusion($0) == conclusion }
        }
      }
    }
    last = report
    lastSource = source
  }

  /// The same in two states is one conclusion.
  private struct Conclusion: Hashable {
    var verdict: DiagnosisEntry.Verdict
    var pool: String?
    var tags: [ListedTag]

    init(_ entry: DiagnosisEntry) {
      (verdict, pool, tags) = (entry.verdict, entry.pool, entry.tags)
    }
  }

  /// The report on the last state, with what changed from each to the next; nil without any.
  public func report() -> InspectionReport? {
    guard var report = last else { return nil }
    var series = TagSeries(snapshots.snapshots, owners: owners)
    series.left = report.bytesLeft
    let course = series.entries()
    let now = Set(report.diagnosis.map(Conclusion.init))
    var before: [DiagnosisEntry] = []
    for var entry in earlier.told {
      guard !now.contains(Conclusion(entry)) else {
        // The last state says it; that there were more like it, whoever is left of its kind, or it alone.
        guard entry.saysMore else { continue }
        if let index = before.lastIndex(where: { $0.verdict == entry.verdict }) {
          before[index].sayMore()
        } else if let index = report.diagnosis.firstIndex(where: {
          Conclusion($0) == Conclusion(entry)
        }) {
          report.diagnosis[index].sayMore()
        }
        continue
      }
      entry.text = "Before the last state: " + entry.text
      // Its listing is not in the report.
      entry.isOfListing = false
      before.append(entry)
    }
    report.diagnosis =
      course.filter(\.verdict.isFinding) + report.diagnosis + before
      + course.filter { !$0.verdict.isFinding }
    report.seriesPlace = lastSource.map { (count, $0) }
    (report.warnings, report.warningCount) = (warnings, warningCount)
    (report.lines, report.unrecognisedLines) = (lines, unrecognisedLines)
    report.unreadSources = unreadSources
    return report
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

  /// The listings in the order of the sources, without those that were taken before.
  public var listings: [CheckedListing]
  /// What all of them come to.
  var tally: ListingTally
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
  /// Sources in which a table of tags was recognised.
  public var tableSourceCount: Int
  /// Of a series the number of its states and the source of the last one, at which it is judged.
  var seriesPlace: (count: Int, last: String)?
  /// All tables of tags as one state of a system.
  var state: TagSeries.Snapshot
  /// Bytes that are left before each pool's maximum.
  var bytesLeft: (nonpaged: UInt64?, paged: UInt64?)

  /// Whether any listing was recognised.
  public var isRecognised: Bool { tally.count > 0 }

  /// Whether anything wrong was found, and whether anything was judged at all.
  public var outcome: Outcome {
    if tally.isWrong || diagnosis.contains(where: \.verdict.isFinding) { return .found }
    return tally.isJudged && unreadSources.isEmpty ? .held : .notJudged
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
      let others = tally.count - tally.healthy
      let remarks = diagnosis.count
      if let kept = diagnosis.first(where: \.keepsPages) {
        return "The pages are sound, but \(kept.text.prefix(1).lowercased())"
          + kept.text.dropFirst() + (remarks > 1 ? " Other remarks: \(remarks - 1), below." : "")
      }
      return "Nothing wrong is visible: \(tally.healthy) of \(tally.count) listings are whole and "
        + "sound" + (others > 0 ? "; the others do not show enough to say so." : ".")
        + (tally.hasTagTable
          ? " A leak shows only in a second table of tags." : "")
        + (remarks > 0 ? " Remarks: \(remarks), below." : "")
    case .notJudged:
      if tally.count == 0 {
        return "Not judged: no debugger output recognised in "
          + "\(DecimalText.counted(lines, "line"))."
      }
      return tally.isJudged
        ? "Not judged: nothing wrong is visible in what was recognised, but not every file was."
        : "Not judged: what was recognised does not suffice to say anything."
    }
  }

  /// JSON, one object a line: an object for each listing, then one with the diagnosis.
  public var jsonLines: [String] { listings.map(\.json) + [summary] }

  /// The last line of the JSON.
  public var summary: String { InspectionJSON.summary(self).versioned.text }

  /// The report for people.
  public var text: String { head + listings.map(\.text).joined() + tail }

  /// The report for people up to the listings.
  public var head: String { InspectionText.text(InspectionText.head(self)) }

  /// The report for people behind the listings.
  public var tail: String { InspectionText.text(InspectionText.tail(self)) }
}

extension CheckedListing {
  /// The listing's lines in the report for people.
  public var text: String { InspectionText.text(InspectionText.listing(self)) }

  /// The listing's line of JSON.
  public var json: String { InspectionJSON.object(self).versioned.text }
}

/// What all listings of an inspection come to.
struct ListingTally: Sendable {
  /// So many bug checks, and so many other listings, that name something damaged are compared.
  private static let mostNaming = 64

  private(set) var count = 0
  private(set) var healthy = 0
  private(set) var isWrong = false
  private(set) var isJudged = false
  private(set) var hasTagTable = false
  /// What each of the first listings that name something damaged names.
  private var named: [(ordinal: Int, places: [DamagedPlace])] = []
  private var namingBugChecks = 0
  private var namingOthers = 0

  /// Several listings name something damaged.
  var isNamedTwice: Bool { named.count > 1 }

  mutating func add(_ checked: CheckedListing) {
    count += 1
    if checked.verdict == .healthy { healthy += 1 }
    isWrong = isWrong || checked.verdict.isFinding
    isJudged = isJudged || checked.verdict != .unknown
    hasTagTable = hasTagTable || checked.tagTable != nil
    let places = checked.findings.flatMap(\.places)
    guard !places.isEmpty else { return }
    if checked.listing.isBugCheck { namingBugChecks += 1 } else { namingOthers += 1 }
    let naming = checked.listing.isBugCheck ? namingBugChecks : namingOthers
    guard naming <= Self.mostNaming else { return }
    named.append((checked.listing.ordinal, places))
  }

  /// What the findings of several listings together say is damaged: what a page and a bug check
  /// agree on, else all that either names.
  var damaged: [DamagedPlace] {
    var sets = named.sorted { $0.ordinal < $1.ordinal }.map(\.places)
    guard var common = sets.first else { return [] }
    sets.removeFirst()
    for set in sets {
      let agreed = common.filter { set.contains($0) }
      if agreed.isEmpty {
        common += set.filter { !common.contains($0) }
      } else {
        common = agreed
      }
    }
    return common
  }
}
