import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

extension Verb {
  /// `poolfuzz whatif`: the metrics of a trace with changed requests.
  static let whatif = Verb(
    name: "whatif", operands: "TRACE",
    summary: "says what changed requests would save, what they cost, and how",
    examples: [
      (
        "poolfuzz whatif churn.trace --resize 'MmCm:0xf10=0x1000'",
        "what whole pages would have saved, in three sentences"
      ),
      ("poolfuzz whatif churn.trace --lookaside Irp", "a lookaside list of the driver's own"),
      (
        "poolfuzz whatif churn.trace --profile windows-7-x86", "the same requests on another system"
      ),
      (
        "poolfuzz whatif churn.trace --move",
        "what moving blocks could gain, at the end and over time"
      ),
      (
        "poolfuzz whatif churn.trace --special-pool Irp",
        "whether the machine could bear special pool for a tag"
      ),
      (
        "poolfuzz whatif churn.trace --advise",
        "tries what the guidance knows and says what saves most"
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
      Option(
        name: "--special-pool", argument: .value("TAG|all"),
        help: "whether the machine could bear special pool for TAG, or for all below a page"),
      Option(
        name: "--special-pages", argument: .quantity("N", .count()),
        help: "with --special-pool: blocks that it has room for (16384 on x86, 262144 on x64)"),
      Option(
        name: "--move", argument: .none,
        help: "what defragmentation could gain: the pages that perfect packing would give back"),
      .profile("another system"),
      MetricChoice.option("prints the metrics of both, side by side"), .request,
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
      let metrics = try arguments.value("--metrics").map(MetricChoice.init)
      let depth = Int(clamping: try arguments.number("--depth") ?? 256)
      let mostTags = Int(clamping: try arguments.number("--tags") ?? 3)
      if arguments.has("--advise") {
        guard resizes.isEmpty, tags.isEmpty else {
          throw CommandFailure.usage("--advise chooses the changes itself")
        }
        return try told(path, arguments, streams) { () throws(CommandFailure) in
          try Advice(
            path: path, depth: depth, mostTags: mostTags, profile: profile,
            showsAll: metrics != nil
          ).run(streams, asJSON: arguments.has("--json"))
        }
      }
      guard !arguments.has("--tags") else {
        throw CommandFailure.usage("--tags goes with --advise")
      }
      let isChanged = !resizes.isEmpty || !tags.isEmpty
      let isJSON = arguments.has("--json")
      if arguments.has("--move") {
        guard !isChanged, !arguments.has("--special-pool") else {
          throw CommandFailure.usage("--move goes with --profile only")
        }
        return try told(path, arguments, streams) { () throws(CommandFailure) in
          try MoveQuestion(path: path, profile: profile).run(streams, asJSON: isJSON)
        }
      }
      if let text = arguments.value("--special-pool") {
        guard !isChanged else {
          throw CommandFailure.usage("--special-pool goes with --profile and --special-pages only")
        }
        let question = SpecialPoolQuestion(
          path: path, requests: try SpecialPoolQuestion.requests(text),
          mostBlocks: try arguments.number("--special-pages", in: SpecialPoolQuestion.blockRange)
            .map(UInt64.init),
          profile: profile)
        return try told(path, arguments, streams) { () throws(CommandFailure) in
          try question.run(streams, asJSON: isJSON)
        }
      }
      guard !arguments.has("--special-pages") else {
        throw CommandFailure.usage("--special-pages goes with --special-pool")
      }
      guard !resizes.isEmpty || !tags.isEmpty || profile != nil else {
        throw CommandFailure.usage(
          "whatif needs --advise, a change (--resize, --lookaside or --profile), --move or "
            + "--special-pool")
      }
      let changes = ChangedRequests(resizes: resizes, lookasideTags: tags, depth: depth)
      let request = try arguments.number("--request")
      return try told(path, arguments, streams) { () throws(CommandFailure) in
        try WhatIfReplay(
          path: path, changes: changes, profile: profile, requestBytes: request, metrics: metrics
        ).run(streams, asJSON: arguments.has("--json"), isQuiet: arguments.has("--quiet"))
      }
    })

  /// What cannot be judged is told in the form that was asked for as well.
  private static func told(
    _ path: String, _ arguments: ParsedArguments, _ streams: StandardStreams,
    _ answer: () throws(CommandFailure) -> ExitCode
  ) throws(CommandFailure) -> ExitCode {
    do throws(CommandFailure) {
      return try answer()
    } catch {
      if arguments.has("--json"), error.code == .badInput {
        streams.print(ReplayReport.json(path, error.message))
      }
      throw error
    }
  }
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
  /// The table that is asked for; nil for none.
  let metrics: MetricChoice?

  /// Replays and prints. A kernel that stopped in either replay is exit code 1.
  func run(
    _ streams: StandardStreams, asJSON: Bool, isQuiet: Bool
  ) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path, streams)
    let configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "whatif", streams)
    let changed = profile.map { configuration.replacingProfile(by: $0) } ?? configuration
    var before = try ReplaySession.boot(configuration, level: .off, for: path)
    var after = try ReplaySession.boot(changed, level: .off, for: path)
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
      streams.remark("\(file.path): \(sentence)")
      code = .badInput
    }
    for (name, halted) in [
      ("before", Self.stop(before)), ("after", Self.stop(after)),
    ] {
      guard let halted else { continue }
      streams.remark("\(file.path): \(name) the change: \(halted)")
      code = code.combined(with: .found)
    }
    let comparison = MetricComparison(
      before: before.metrics(requestBytes: requestBytes),
      after: after.metrics(requestBytes: requestBytes),
      bounds: (BoundShare(before), BoundShare(after)))
    let answer = WhatIfAnswer(
      comparison: comparison,
      mechanism: changes.mechanism(configuration.pool.profile, instead: profile),
      pageBytes: configuration.pool.profile.pageBytes)
    if asJSON {
      streams.print(comparison.json(answer))
    } else if code != .badInput {
      // What was not judged has no answer.
      answer.sentences.forEach(streams.print)
      if let metrics { ([""] + comparison.lines(metrics)).forEach(streams.print) }
    }
    return code
  }

  private static func stop(_ session: borrowing ReplaySession) -> String? {
    guard let reason = session.replayer.pool.halted else { return nil }
    return "operation \(session.operations): " + reason.text(AddressPrinter(session.view))
  }
}
