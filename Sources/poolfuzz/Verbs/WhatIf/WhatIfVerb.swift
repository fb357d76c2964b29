import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

extension Verb {
  /// `poolfuzz whatif`: the metrics of a trace with changed requests.
  static let whatif = Verb(
    name: "whatif", operands: "TRACE",
    summary: "replays a trace with changed requests and prints the metrics of both",
    examples: [
      (
        "poolfuzz whatif churn.trace --resize 'MmCm:0xf10=0x1000'",
        "what whole pages would have saved"
      ),
      ("poolfuzz whatif churn.trace --lookaside Irp", "a lookaside list of the driver's own"),
      (
        "poolfuzz whatif churn.trace --profile windows-7-x86", "the same requests on another system"
      ),
      (
        "poolfuzz whatif churn.trace --advise",
        "tries what the guidance knows and ranks it by pages saved against bytes wasted"
      ),
    ],
    options: [
      Option(
        name: "--resize", argument: .value("TAG:FROM=TO"),
        help: "requests of TAG for FROM bytes ask for TO; 'contiguous' has the tag MmCm",
        isRepeatable: true),
      Option(
        name: "--lookaside", argument: .value("TAG"),
        help: "freed blocks of TAG wait on lists of their own for requests of the same size",
        isRepeatable: true),
      Option(
        name: "--depth", argument: .quantity("N", .count()),
        help: "most blocks on such a list (256, the most that the kernel lets one grow to)"),
      .profile("another system"),
      Option.request,
      Option(
        name: "--advise", argument: .none,
        help: "tries whole pages, the next size class, lookaside lists and one allocation"),
      Option(
        name: "--tags", argument: .quantity("N", .count()),
        help: "with --advise: so many tags that churn, and as many that keep pages (3)"),
    ],
    run: { arguments, streams in
      let words = arguments.operands
      guard let path = words.first else { throw CommandFailure.usage("whatif needs a trace") }
      var resizes: [RequestResize] = []
      // `--resize A B` as well as `--resize A --resize B`.
      for text in arguments.values("--resize") + words.dropFirst() {
        resizes.append(try RequestResize(text))
      }
      var tags: [PoolTag] = []
      for text in arguments.values("--lookaside") {
        guard let tag = PoolTag.read(text) else {
          throw CommandFailure.usage("--lookaside takes a tag of up to four characters")
        }
        tags.append(tag.unprotected)
      }
      let profile = try arguments.value("--profile").map(Profile.chosen)
      let depth = Int(clamping: try arguments.number("--depth") ?? 256)
      let mostTags = Int(clamping: try arguments.number("--tags") ?? 3)
      if arguments.has("--advise") {
        guard resizes.isEmpty, tags.isEmpty else {
          throw CommandFailure.usage("--advise chooses the changes itself")
        }
        return try Advice(path: path, depth: depth, mostTags: mostTags, profile: profile).run(
          streams, asJSON: arguments.has("--json"), isQuiet: arguments.has("--quiet"))
      }
      guard !arguments.has("--tags") else {
        throw CommandFailure.usage("--tags goes with --advise")
      }
      guard !resizes.isEmpty || !tags.isEmpty || profile != nil else {
        throw CommandFailure.usage("whatif needs a change: --resize, --lookaside or --profile")
      }
      let changes = ChangedRequests(resizes: resizes, lookasideTags: tags, depth: depth)
      let request = try arguments.number("--request")
      return try WhatIfReplay(
        path: path, changes: changes, profile: profile, requestBytes: request
      ).run(
        streams, asJSON: arguments.has("--json"), isQuiet: arguments.has("--quiet"))
    })
}

/// Replays a trace as it is and as it would have been, operation by operation.
///
/// Expectations are passed over: they prove the original. Nothing is checked.
struct WhatIfReplay {
  /// The trace.
  let path: String
  /// What is changed.
  var changes: ChangedRequests
  /// Another system for the changed replay.
  let profile: Profile?
  /// The request that the indices of free space are for; nil for one of half a page.
  let requestBytes: UInt64?

  /// Replays and prints. A kernel that stopped in either replay is exit code 1.
  func run(
    _ streams: StandardStreams, asJSON: Bool, isQuiet: Bool
  ) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path)
    let configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "whatif", streams)
    let changed = profile.map { configuration.replacingProfile(by: $0) } ?? configuration
    var before = try boot(configuration)
    var after = try boot(changed)
    var changes = changes
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      _ = before.step(operation)
      if let operation = changes.change(operation, after.replayer.slots) {
        _ = after.step(operation)
      }
    }
    before.finish()
    after.finish()
    guard before.operations > 0 else {
      throw CommandFailure(message: "\(file.path): no operation to change", code: .badInput)
    }
    var code = ExitCode.held
    for sentence in changes.withoutEffect {
      streams.note("poolfuzz: \(file.path): \(sentence)")
      code = .badInput
    }
    for (name, halted) in [
      ("before", Self.stop(before)), ("after", Self.stop(after)),
    ] {
      guard let halted else { continue }
      streams.note("poolfuzz: \(file.path): \(name) the change: \(halted)")
      code = code.combined(with: .found)
    }
    let comparison = MetricComparison(
      before: before.metrics(requestBytes: requestBytes),
      after: after.metrics(requestBytes: requestBytes),
      bounds: (BoundShare(before), BoundShare(after)))
    if asJSON {
      streams.print(comparison.json.text)
    } else {
      comparison.lines.forEach(streams.print)
      if !isQuiet, changes.parked.hits > 0 || changes.parked.count > 0 {
        streams.print(
          "lookaside lists: \(changes.parked.hits) requests answered, "
            + "\(changes.parked.count) blocks parked at the end")
      }
    }
    return code
  }

  private func boot(
    _ configuration: TraceConfiguration
  ) throws(CommandFailure) -> ReplaySession {
    do {
      return try ReplaySession.boot(configuration, level: .off)
    } catch {
      throw CommandFailure(message: "\(path): \(error.message)", code: .badInput)
    }
  }

  private static func stop(_ session: borrowing ReplaySession) -> String? {
    guard let reason = session.replayer.pool.halted else { return nil }
    return "operation \(session.operations): " + reason.text(AddressPrinter(session.view))
  }
}

/// The metrics of two replays side by side.
struct MetricComparison {
  /// Of the trace as it is.
  let before: PoolMetrics
  /// Of the changed one.
  let after: PoolMetrics
  /// What is proved of the trace as it is, and of the changed one; nil where nobody asks.
  var bounds: (before: BoundShare, after: BoundShare)?

  /// Pages held at the end that the change saves; negative where it costs some.
  var pagesSaved: Int64 { difference("pages_held") }

  /// Bytes that callers hold at the end beyond what the original requests asked for: what the
  /// change pays.
  var bytesWasted: Int64 { -difference("live_requested_bytes") }

  /// The same at the peaks.
  var peakPagesSaved: Int64 { difference("peak_pages_held") }

  /// The same at the peaks.
  var peakBytesWasted: Int64 { -difference("peak_live_requested_bytes") }

  private func count(_ metrics: PoolMetrics, _ name: String) -> UInt64 {
    guard case .count(let count)? = metrics[name] else { return 0 }
    return count
  }

  private func difference(_ name: String) -> Int64 {
    Int64(bitPattern: count(before, name) &- count(after, name))
  }

  /// The object of formats' section on JSON; the peaks stand beside the figures at the end.
  var json: JSONValue {
    .object([
      ("before", ReplayReport.metrics(before)), ("after", ReplayReport.metrics(after)),
      ("bound_before", bounds?.before.json ?? .null),
      ("bound_after", bounds?.after.json ?? .null),
      ("pages_saved", .integer(pagesSaved)), ("bytes_wasted", .integer(bytesWasted)),
      ("peak_pages_saved", .integer(peakPagesSaved)),
      ("peak_bytes_wasted", .integer(peakBytesWasted)),
    ])
  }

  /// A table of every metric that is not zero in both, and the balance.
  var lines: [String] {
    var keys = before.values.map(\.key)
    let known = Set(keys)
    keys += after.values.map(\.key).filter { !known.contains($0) }
    let rows = keys.compactMap { key -> [String]? in
      let values = [before[key], after[key]].map { $0?.text ?? "-" }
      let isZero = [before[key], after[key]].allSatisfy { ($0?.number ?? 0) == 0 }
      return isZero ? nil : [key.text] + values
    }
    let table = [["metric", "before", "after"]] + rows + boundRows
    let widths = (0..<3).map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      let name = row[0] + Self.blanks(widths[0] - row[0].count)
      let figures = (1...2).map { Self.blanks(widths[$0] - row[$0].count) + row[$0] }
      return name + "  " + figures.joined(separator: "  ")
    } + [
      "pages saved: \(pagesSaved) at the end, \(peakPagesSaved) at the peaks",
      "bytes asked for beyond the original requests: \(bytesWasted) at the end, "
        + "\(peakBytesWasted) at the peaks",
    ] + boundNotes
  }

  private var boundRows: [[String]] {
    guard let bounds else { return [] }
    return zip(bounds.before.rows, bounds.after.rows).map { [$0.name, $0.value, $1.value] }
  }

  private var boundNotes: [String] {
    guard let bounds else { return [] }
    return ["before: \(bounds.before.note)", "after: \(bounds.after.note)"]
  }

  private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
