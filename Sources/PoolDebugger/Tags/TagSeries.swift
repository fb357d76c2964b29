/// What tables of tags taken one after the other say of the time between them: growth and its rate,
/// tags that grew together, what only comes and goes, and what grew and shrank again. Two tables
/// are the shortest series.
struct TagSeries {
  /// One tag in one kind of pool.
  struct Key: Hashable, Comparable {
    var tag: ListedTag
    var isPaged: Bool?

    static func < (left: Key, right: Key) -> Bool {
      (left.tag, order(left.isPaged)) < (right.tag, order(right.isPaged))
    }

    private static func order(_ isPaged: Bool?) -> Int { isPaged.map { $0 ? 1 : 0 } ?? 2 }

    var pool: String? { isPaged.map { $0 ? "paged" : "nonpaged" } }
  }

  /// The counters of a tag at one time.
  struct Counters {
    var outstanding: UInt64
    var bytes: UInt64
    var allocations: UInt64?
    var frees: UInt64?
    var source: String
    var line: Int

    /// The line that has them.
    func evidence(_ tag: ListedTag) -> String {
      "\(source):\(line): \(tag) \(outstanding) allocations, \(bytes) bytes"
    }
  }

  /// All tags at one time.
  struct Snapshot {
    /// Seconds from an arbitrary beginning, if known.
    var time: Double?
    var counters: [Key: Counters] = [:]
    /// Bytes that may still be committed.
    var commitLeftBytes: UInt64?

    /// So many counters are kept; no system has as many tags.
    static let mostCounters = 1 << 16

    /// Adds a table; a later one of the same tags replaces the earlier.
    mutating func add(_ table: TagTableListing, source: String) {
      time = time ?? table.time
      commitLeftBytes = table.commitLeftBytes ?? commitLeftBytes
      for row in table.rows {
        let key = Key(tag: row.tag, isPaged: row.isPaged)
        guard counters.count < Self.mostCounters || counters[key] != nil else { continue }
        guard let live = row.outstanding ?? (row.bytes == nil ? nil : 0) else { continue }
        let bytes = row.bytes ?? 0
        counters[key] = Counters(
          outstanding: live, bytes: bytes, allocations: row.allocations, frees: row.frees,
          source: source, line: row.line)
      }
    }
  }

  /// A growth of fewer bytes and allocations is everyday noise.
  static let leastGrownBytes: UInt64 = 4_096
  static let leastGrownAllocations: UInt64 = 100
  /// From so many bytes on a growth is a candidate for a leak, or when the blocks have doubled.
  static let leastLeakedBytes: UInt64 = 1 << 20
  static let leastChurn: UInt64 = 1_000
  static let mostEntries = 16

  let snapshots: [Snapshot]
  /// Bytes left before each pool's limit, where the listings tell.
  var left: (nonpaged: UInt64?, paged: UInt64?) = (nil, nil)
  let owners: PoolTagDescriptions

  init(_ snapshots: [Snapshot], owners: PoolTagDescriptions = .builtIn) {
    self.snapshots = snapshots
    self.owners = owners
  }

  func entries() -> [DiagnosisEntry] {
    guard snapshots.count >= 2 else { return [] }
    let grown = growths()
    return Array(pairs(grown).prefix(Self.mostEntries))
      + grown.prefix(Self.mostEntries).map(leak) + churns().prefix(Self.mostEntries)
      + shrunk().prefix(Self.mostEntries)
  }

  // MARK: - Growth

  private struct Growth {
    var key: Key
    var allocations: UInt64
    var bytes: UInt64
    var first: Counters
    var last: Counters
    /// The snapshot from which on the tag never shrank.
    var since: Int
  }

  /// A tag's counters with the numbers of the snapshots that have it.
  private func course(_ key: Key) -> [(index: Int, counters: Counters)] {
    snapshots.enumerated().compactMap { index, snapshot in
      snapshot.counters[key].map { (index, $0) }
    }
  }

  private var keys: [Key] { Set(snapshots.flatMap(\.counters.keys)).sorted() }

  private func growths() -> [Growth] {
    keys.compactMap { key -> Growth? in
      let course = course(key)
      guard course.count >= 2, let first = course.first, let last = course.last,
        last.index == snapshots.count - 1, last.counters.outstanding >= first.counters.outstanding,
        last.counters.bytes > first.counters.bytes
      else { return nil }
      var since = course.count - 1
      while since > 0, course[since - 1].counters.bytes <= course[since].counters.bytes {
        since -= 1
      }
      // What fell at the end, or only just rose, is no growth of the whole series.
      let highest = course.map(\.counters.bytes).max() ?? 0
      let net = last.counters.bytes - first.counters.bytes
      guard since < course.count - 1, net >= (highest - first.counters.bytes) / 2 else {
        return nil
      }
      let growth = Growth(
        key: key, allocations: last.counters.outstanding - first.counters.outstanding, bytes: net,
        first: first.counters, last: last.counters, since: course[since].index)
      guard
        growth.bytes >= Self.leastGrownBytes || growth.allocations >= Self.leastGrownAllocations
      else { return nil }
      return growth
    }
    .sorted { ($1.bytes, $0.key) < ($0.bytes, $1.key) }
  }

  private func leak(_ growth: Growth) -> DiagnosisEntry {
    var sizes = ""
    if growth.allocations > 0 {
      let each = growth.bytes / growth.allocations
      if growth.bytes == each * growth.allocations { sizes = ", all of \(each) bytes" }
    }
    let doubled =
      growth.allocations >= Self.leastGrownAllocations
      && growth.last.outstanding / 2 >= growth.first.outstanding
    let isCandidate = growth.bytes >= Self.leastLeakedBytes || doubled
    return DiagnosisEntry(
      verdict: isCandidate ? .leakCandidate : .growth, pool: growth.key.pool,
      tags: [growth.key.tag], bytes: growth.bytes,
      text: "Tag \(growth.key.tag) grew by \(DecimalText.grouped(growth.allocations)) "
        + "allocations and \(DecimalText.grouped(growth.bytes)) bytes"
        + "\(sizes)\(since(growth))\(rate(growth))\(timeLeft(growth)).",
      evidence: [growth.first, growth.last].map { $0.evidence(growth.key.tag) }
        + (isCandidate ? TagOwner(growth.key.tag, owners, toldBy: "").lines : []),
      guidance: .leakHunt)
  }

  private func since(_ growth: Growth) -> String {
    guard snapshots.count > 2 else { return "" }
    return growth.since == 0
      ? ", in every one of \(snapshots.count) snapshots"
      : ", without a pause since snapshot \(growth.since + 1) of \(snapshots.count)"
  }

  private var seconds: Double? {
    guard let first = snapshots.first?.time, let last = snapshots.last?.time else { return nil }
    let seconds = last - first
    return seconds > 0 && seconds.isFinite ? seconds : nil
  }

  private func rate(_ growth: Growth) -> String {
    guard let seconds else { return "" }
    let perHour = Double(growth.bytes) / seconds * 3_600
    return " (\(DecimalText.oneDecimal(Double(growth.allocations) / seconds)) allocations and "
      + "\(DecimalText.oneDecimal(Double(growth.bytes) / seconds)) bytes a second, "
      + "\(DecimalText.oneDecimal(perHour / 1_048_576)) MB an hour)"
  }

  /// How long the pool, or what may be committed, lasts at this rate.
  private func timeLeft(_ growth: Growth) -> String {
    guard let seconds, growth.bytes > 0 else { return "" }
    let poolLeft = growth.key.isPaged == true ? left.paged : left.nonpaged
    let limits = [
      ("the pool's limit", growth.key.isPaged == nil ? nil : poolLeft),
      ("the commit limit", snapshots.last?.commitLeftBytes),
    ]
    let nearest = limits.compactMap { limit in limit.1.map { (limit.0, $0) } }
      .min { $0.1 < $1.1 }
    guard let (name, bytes) = nearest else { return "" }
    let hours = Double(bytes) / (Double(growth.bytes) / seconds) / 3_600
    return "; at this rate \(name) is \(DecimalText.oneDecimal(hours)) hours away"
  }

  // MARK: - Together, back and forth

  /// Objects that leak together show as tags that grew by nearly the same number of allocations.
  private func pairs(_ grown: [Growth]) -> [DiagnosisEntry] {
    let byCount = grown.filter { $0.allocations >= Self.leastGrownAllocations }
      .sorted { ($0.allocations, $0.key) < ($1.allocations, $1.key) }
    var groups: [[Growth]] = []
    for growth in byCount {
      if let first = groups.last?.first,
        growth.allocations - first.allocations <= first.allocations / 100
      {
        groups[groups.count - 1].append(growth)
      } else {
        groups.append([growth])
      }
    }
    return groups.filter { $0.count > 1 }.reversed().map { group in
      let bytes = group.reduce(UInt64(0)) { Saturating.sum($0, $1.bytes) }
      let names = group.map { "\($0.key.tag) (+\(DecimalText.grouped($0.allocations)))" }
      return DiagnosisEntry(
        verdict: .pairedLeak, tags: group.map(\.key.tag), bytes: bytes,
        text: "Tags \(names.joined(separator: ", ")) grew by the same number of allocations "
          + "within one per cent: most likely one bug that leaks them together.",
        evidence: group.map { $0.last.evidence($0.key.tag) }, guidance: .verifier)
    }
  }

  private func churns() -> [DiagnosisEntry] {
    keys.compactMap { key -> DiagnosisEntry? in
      let course = course(key)
      guard let old = course.first?.counters, let new = course.last?.counters, course.count >= 2,
        let made = Self.made(old, new), made >= Self.leastChurn
      else { return nil }
      let change = max(new.outstanding, old.outstanding) - min(new.outstanding, old.outstanding)
      guard change <= made / 100 else { return nil }
      let rate = seconds.map {
        " (\(DecimalText.oneDecimal(Double(made) / $0)) a second)"
      }
      return DiagnosisEntry(
        verdict: .churn, pool: key.pool, tags: [key.tag],
        text: "Tag \(key.tag) was allocated \(DecimalText.grouped(made)) times"
          + "\(rate ?? "") and freed as often.",
        evidence: [old, new].map { $0.evidence(key.tag) }, guidance: .lookaside)
    }
  }

  /// Allocations made between the snapshots; the counters wrap at 32 bits.
  private static func made(_ old: Counters, _ new: Counters) -> UInt64? {
    guard let first = old.allocations, let last = new.allocations else { return nil }
    if last >= first { return last - first }
    return first < 1 << 32 ? last &+ (1 << 32) - first : nil
  }

  /// A tag that grew and gave it back is no leak, however high it stood in between.
  private func shrunk() -> [DiagnosisEntry] {
    keys.compactMap { key -> DiagnosisEntry? in
      let course = course(key)
      guard course.count >= 3, let first = course.first?.counters,
        let last = course.last?.counters,
        let high = course.max(by: { $0.counters.bytes < $1.counters.bytes })?.counters,
        high.bytes > first.bytes, high.bytes - first.bytes >= Self.leastLeakedBytes,
        last.bytes <= first.bytes + (high.bytes - first.bytes) / 4
      else { return nil }
      return DiagnosisEntry(
        verdict: .noGrowth, pool: key.pool, tags: [key.tag], bytes: high.bytes - first.bytes,
        text: "Tag \(key.tag) grew to \(DecimalText.grouped(high.bytes)) bytes and shrank again "
          + "to \(DecimalText.grouped(last.bytes)): no leak.",
        evidence: [first, high, last].map { $0.evidence(key.tag) }, guidance: .secondTable)
    }
  }
}

/// Tables of tags one after the other, thinned out where they are very many: the first and the last
/// stay, and of those between every second, then every fourth and so on.
struct ThinnedSnapshots {
  /// So many are compared.
  static let most = 64

  private(set) var snapshots: [TagSeries.Snapshot] = []
  /// Which of all that came these are.
  private var numbers: [Int] = []
  private var count = 0
  private var stride = 1

  /// Takes the next one.
  mutating func append(_ snapshot: TagSeries.Snapshot) {
    if let last = numbers.last, last % stride != 0 { remove(at: numbers.count - 1) }
    snapshots.append(snapshot)
    numbers.append(count)
    count += 1
    guard numbers.count > Self.most else { return }
    stride *= 2
    for index in numbers.indices.dropLast().reversed() where numbers[index] % stride != 0 {
      remove(at: index)
    }
  }

  /// Adds a table that has a time to the snapshot of that time.
  mutating func add(_ table: TagTableListing, at time: Double, source: String) {
    guard let index = snapshots.lastIndex(where: { $0.time == time }) else {
      var snapshot = TagSeries.Snapshot()
      snapshot.add(table, source: source)
      return append(snapshot)
    }
    snapshots[index].add(table, source: source)
  }

  private mutating func remove(at index: Int) {
    snapshots.remove(at: index)
    numbers.remove(at: index)
  }
}

/// What the tables of tags among the listings of one state say: each by itself, and of a series only
/// the last, and what its course says.
struct TagConclusions {
  /// The same tags in two sortings of one state give one conclusion.
  private struct Conclusion: Hashable {
    var time: Double?
    var verdict: DiagnosisEntry.Verdict
    var pool: String?
    var tags: [ListedTag]
  }

  let owners: PoolTagDescriptions
  /// All tables as one state of a system.
  private(set) var state = TagSeries.Snapshot()
  private var timed = ThinnedSnapshots()
  /// Of tables without a time, and of those of the latest.
  private var untimed = FirstConclusions()
  private var ofLatest = FirstConclusions()
  private var seen: Set<Conclusion> = []
  private var latest: Double?

  init(owners: PoolTagDescriptions) { self.owners = owners }

  mutating func add(_ checked: CheckedListing) {
    guard let table = checked.tagTable else { return }
    let source = checked.listing.source
    state.add(table, source: source)
    if let time = table.time {
      timed.add(table, at: time, source: source)
      if latest.map({ time > $0 }) ?? true {
        latest = time
        ofLatest = FirstConclusions()
        seen = seen.filter { $0.time == nil }
      }
      guard time == latest else { return }
    }
    let isFull = table.time == nil ? untimed.isShortened : ofLatest.isShortened
    for entry in TagVerdicts(source: source, table: table, owners: owners).entries()
    where !isFull {
      let conclusion = Conclusion(
        time: table.time, verdict: entry.verdict, pool: entry.pool, tags: entry.tags)
      guard seen.insert(conclusion).inserted else { continue }
      if table.time == nil { untimed.append(entry) } else { ofLatest.append(entry) }
    }
  }

  func entries() -> [DiagnosisEntry] {
    let isSeries = timed.snapshots.count >= 2
    var course: [DiagnosisEntry] = []
    if isSeries {
      let snapshots = timed.snapshots.sorted { ($0.time ?? 0) < ($1.time ?? 0) }
      course = TagSeries(snapshots, owners: owners).entries()
    }
    var told: Set<Conclusion> = []
    return course
      + ((isSeries ? [] : untimed.told) + ofLatest.told).filter {
        told.insert(Conclusion(time: nil, verdict: $0.verdict, pool: $0.pool, tags: $0.tags))
          .inserted
      }
  }
}

extension CheckedListing {
  /// The listing as a table of tags, if it is one.
  var tagTable: TagTableListing? {
    switch listing.content {
    case .tagTable(let table): table
    case .poolMonitor(let table): TagTableListing(table)
    case .poolUsed(let table): TagTableListing(table)
    case .allocations(let list) where list.tool == .memProcFS: TagTableListing(list)
    default: nil
    }
  }
}
