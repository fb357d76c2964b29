import JSONLines
import KernelPool
import PoolDebugger
import PoolOracles
import struct PoolInvariants.TraceSlot
import PoolTrace

/// Tries the remedies that the guidance knows, each by a replay of its own, and ranks them by the
/// pages that they save against the bytes that they waste.
struct Advice {
  /// The trace; it is read once for every remedy.
  let path: String
  /// Most blocks on a lookaside list.
  let depth: Int
  /// Tags that are looked at, of those that churn and of those that keep pages, each.
  let mostTags: Int
  /// Another system for every replay.
  let profile: Profile?
  /// Whether the table of everything that was tried is printed too.
  let showsAll: Bool

  /// A remedy and what it came to.
  private struct Trial {
    var index: Int
    var remedy: Recommendation
    var comparison: MetricComparison
    /// Bytes of pages saved less bytes wasted, at the end.
    var netBytes: Int64
  }

  /// Tries everything and prints the ranking.
  func run(
    _ streams: StandardStreams, asJSON: Bool
  ) throws(CommandFailure) -> ExitCode {
    guard path != "-" else {
      throw .usage("--advise reads the trace several times; give a file")
    }
    let (before, census, pageBytes, isListed) = try original(streams)
    let remedies = candidates(before, census)
    var trials: [Trial] = []
    for (index, remedy) in remedies.enumerated() {
      let purpose = "remedy \(index + 1) of \(remedies.count): "
      guard let after = try replay(remedy, streams, purpose) else { continue }
      let comparison = MetricComparison(before: before, after: after)
      let net =
        comparison.pagesSaved &* Int64(bitPattern: pageBytes) &- max(0, comparison.bytesWasted)
      trials.append(
        Trial(index: index, remedy: remedy, comparison: comparison, netBytes: net))
    }
    // Equal ones keep the order of trial, whatever the sort does.
    trials.sort {
      ($0.netBytes, $0.comparison.peakPagesSaved, $1.index)
        > ($1.netBytes, $1.comparison.peakPagesSaved, $0.index)
    }
    if asJSON {
      for trial in trials { streams.print(json(trial)) }
    } else {
      lines(trials, pageBytes).forEach(streams.print)
      if isListed { Self.limit.forEach(streams.print) }
    }
    return .held
  }

  // MARK: Replays

  private func boot(_ file: inout TraceFile) throws(CommandFailure) -> ReplaySession {
    let configuration = try file.configuration() ?? TraceConfiguration()
    let changed = profile.map { configuration.replacingProfile(by: $0) } ?? configuration
    return try ReplaySession.boot(changed, level: .off, for: path)
  }

  private func original(_ streams: StandardStreams) throws(CommandFailure) -> (
    PoolMetrics, RequestCensus, UInt64, isListed: Bool
  ) {
    var file = try TraceFile(path: path, streams)
    var session = try boot(&file)
    let profile = session.view.profile
    var census = RequestCensus(profile)
    while let operation = try file.next() {
      var slot: TraceSlot?
      switch operation {
      case .config, .dump, .expect: continue
      case .free(let name, _): slot = session.replayer.slots[name]
      default: break
      }
      guard let result = session.step(operation) else { break }
      census.note(operation, result, slot)
    }
    session.finish()
    guard session.operations > 0 else {
      throw CommandFailure(message: "\(path): no operation to change", code: .badInput)
    }
    return (session.metrics, census, profile.pageBytes, file.header.listed != nil)
  }

  /// The metrics with a remedy; nil where the pool cannot hold what it takes first.
  private func replay(
    _ remedy: Recommendation, _ streams: StandardStreams, _ purpose: String
  ) throws(CommandFailure) -> PoolMetrics? {
    var file = try TraceFile(path: path, streams, purpose: purpose)
    var session = try boot(&file)
    var (requests, first) = remedy.changes(depth: depth)
    for operation in first {
      guard case .allocated? = session.step(operation) else { return nil }
    }
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      if let operation = requests.change(operation, session.replayer.slots) {
        guard session.step(operation) != nil else { break }
      }
    }
    session.finish()
    return session.metrics
  }

  /// The tags that matter: those that churn most, and those whose blocks keep the most pages that
  /// are nearly empty.
  private func candidates(_ before: PoolMetrics, _ census: RequestCensus) -> [Recommendation] {
    let tags = census.tags
    func first(_ measure: (PoolTag, RequestCensus.Tag) -> UInt64) -> [PoolTag] {
      tags.map { (tag: $0.key, amount: measure($0.key, $0.value)) }
        .filter { $0.amount > 0 }
        .sorted { ($0.amount, $1.tag) > ($1.amount, $0.tag) }
        .prefix(mostTags).map(\.tag)
    }
    var chosen = first { $1.churnedBytes }
    for tag in first({ tag, _ in pinned(before, tag) }) where !chosen.contains(tag) {
      chosen.append(tag)
    }
    return chosen.flatMap { tag in
      tags[tag].map { Recommendation.all(for: tag, $0, census.profile) } ?? []
    }
  }

  private func pinned(_ metrics: PoolMetrics, _ tag: PoolTag) -> UInt64 {
    guard case .count(let count)? = metrics[MetricKey(.tag(tag), .pinnedPages)] else { return 0 }
    return count
  }

  // MARK: Printing

  /// What cannot be seen in a trace that `inspect --to-trace` has made.
  private static let limit = [
    "",
    "The trace was made from a listing: it has the pages, not the traffic that led to them, so what"
      + " would have prevented them does not show. Traffic that ends with a machine's figures:",
    "poolfuzz synthesize --poolused FILE --vm FILE --buffer BYTES -o machine.trace",
  ]

  private func json(_ trial: Trial) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("remedy", .string(trial.remedy.name)), ("tag", .string(trial.remedy.tag.spelling)),
    ]
    switch trial.remedy.change {
    case .wholePage(let from, let to), .nextSizeClass(let from, let to, _):
      members += [("from", .unsigned(from)), ("to", .unsigned(to))]
    case .ownAllocation(let pools):
      members.append(("allocated_bytes", .unsigned(pools.reduce(0) { $0 &+ $1.bytes })))
    case .lookaside: members.append(("depth", .integer(Int64(depth))))
    }
    members += [
      ("pages_saved", .integer(trial.comparison.pagesSaved)),
      ("bytes_wasted", .integer(trial.comparison.bytesWasted)),
      ("peak_pages_saved", .integer(trial.comparison.peakPagesSaved)),
      ("peak_bytes_wasted", .integer(trial.comparison.peakBytesWasted)),
      ("net_bytes", .integer(trial.netBytes)),
      ("text", .string(trial.remedy.text)),
      ("guidance", .string(trial.remedy.guidance.text)),
      ("source", .string(trial.remedy.guidance.source)),
    ]
    return .object(members)
  }

  /// The best remedy in the form of any other answer, and what comes next.
  private func lines(_ trials: [Trial], _ pageBytes: UInt64) -> [String] {
    guard let best = trials.first else { return ["No tag of this trace churns or keeps pages."] }
    var lines: [String]
    if best.netBytes > 0 {
      let guidance = best.remedy.guidance
      let answer = WhatIfAnswer(
        comparison: best.comparison,
        mechanism: guidance.text.trimmingSuffix(".") + " [\(guidance.source)]",
        pageBytes: pageBytes)
      lines = ["Best of \(trials.count) tried: \(best.remedy.sentence)."] + answer.sentences
      if let options = best.remedy.options {
        lines += ["", "poolfuzz whatif \(path) \(options) --metrics"]
      }
      let others = trials.dropFirst().filter { $0.netBytes > 0 }.prefix(3)
      lines += others.isEmpty ? [] : ["", "Less, each by itself:"]
      lines += others.map {
        "  \(counted($0.comparison.pagesSaved, "page")): \($0.remedy.sentence)"
      }
    } else {
      lines = [
        "Nothing of \(counted(trials.count, "remedy", "remedies")) that"
          + " \(trials.count == 1 ? "was" : "were") tried saves more than it costs."
      ]
    }
    return lines + (showsAll ? [""] + table(trials) : [])
  }

  private func table(_ trials: [Trial]) -> [String] {
    let table =
      [["pages saved", "at the peak", "bytes wasted", "tag", "remedy"]]
      + trials.map {
        [
          String($0.comparison.pagesSaved), String($0.comparison.peakPagesSaved),
          String($0.comparison.bytesWasted), $0.remedy.tag.spelling, $0.remedy.text,
        ]
      }
    let widths = (0..<4).map { column in table.map { $0[column].count }.max() ?? 0 }
    func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
    return table.map { row in
      (0..<3).map { blanks(widths[$0] - row[$0].count) + row[$0] }.joined(separator: "  ")
        + "  " + row[3] + blanks(widths[3] - row[3].count) + "  " + row[4]
    }
  }
}

extension PoolTag {
  /// The four characters, unprintable ones as full stops.
  var spelling: String {
    let (first, second, third, fourth) = bytes
    return String(
      decoding: [first, second, third, fourth].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}

/// What the tags of a trace ask for: the material from which remedies are chosen.
struct RequestCensus {
  /// The requests of one tag.
  struct Tag {
    /// Bytes of blocks that were freed again: how much the tag churns.
    var churnedBytes: UInt64 = 0
    /// Requests that were freed again.
    var frees: UInt64 = 0
    /// Bytes that its callers hold now, and the most that they held, in units of the pool.
    var live: [Bool: Live] = [:]
    /// The same by size of the request, small blocks only.
    var sizes: [UInt64: Size] = [:]
  }

  /// What is held in one pool, paged or not.
  struct Live {
    var bytes: UInt64 = 0
    var peak: UInt64 = 0
  }

  /// Requests of one size.
  struct Size {
    var requests: UInt64 = 0
    var churnedBytes: UInt64 = 0
  }

  private(set) var tags: [PoolTag: Tag] = [:]
  /// The system's sizes.
  let profile: Profile
  /// More sizes of a tag are not told apart.
  private static let mostSizes = 4096

  init(_ profile: Profile) { self.profile = profile }

  /// Notes an operation that was done; `slot` is the slot before it.
  mutating func note(_ operation: PoolTrace.Operation, _ result: StepResult, _ slot: TraceSlot?) {
    switch (operation, result) {
    case (.alloc(_, let type, let bytes, let tag), .allocated):
      allocated(tag.unprotected, isPaged: type.isPaged, bytes)
    case (.contiguous(_, let bytes, _), .allocated): allocated(.contiguous, isPaged: false, bytes)
    case (.free, .freed):
      guard let slot else { return }
      freed(slot.tag.unprotected, isPaged: slot.type.isPaged, slot.bytes)
    default: break
    }
  }

  /// Bytes of a request's block, or its pages.
  private func blockBytes(_ bytes: UInt64) -> UInt64 {
    bytes > profile.largestSmallRequest
      ? bytes.roundedUp(to: profile.pageBytes)
      : profile.units(forRequest: bytes) * profile.unitBytes
  }

  private mutating func allocated(_ tag: PoolTag, isPaged: Bool, _ bytes: UInt64) {
    let kept = bytes.roundedUp(to: profile.unitBytes)
    tags[tag, default: Tag()].live[isPaged, default: Live()].add(kept)
    guard bytes <= profile.largestSmallRequest else { return }
    if tags[tag]?.sizes[bytes] != nil || (tags[tag]?.sizes.count ?? 0) < Self.mostSizes {
      tags[tag]?.sizes[bytes, default: Size()].requests += 1
    }
  }

  private mutating func freed(_ tag: PoolTag, isPaged: Bool, _ bytes: UInt64) {
    let block = blockBytes(bytes)
    tags[tag]?.frees += 1
    tags[tag]?.churnedBytes &+= block
    tags[tag]?.live[isPaged]?.remove(bytes.roundedUp(to: profile.unitBytes))
    if tags[tag]?.sizes[bytes] != nil { tags[tag]?.sizes[bytes]?.churnedBytes &+= block }
  }
}

extension RequestCensus.Live {
  fileprivate mutating func add(_ count: UInt64) {
    bytes &+= count
    peak = max(peak, bytes)
  }

  fileprivate mutating func remove(_ count: UInt64) { bytes -= min(count, bytes) }
}

extension UInt64 {
  /// The number rounded up to a multiple of a power of two, modulo 2^64.
  func roundedUp(to step: UInt64) -> UInt64 { (self &+ step &- 1) & ~(step - 1) }
}
