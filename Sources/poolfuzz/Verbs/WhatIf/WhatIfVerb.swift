import KernelPool
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
        name: "--depth", argument: .value("N"),
        help: "most blocks on such a list (256, the most that the kernel lets one grow to)"),
      Option(name: "--profile", argument: .value("NAME"), help: "another system"),
      Option.request,
      Option(
        name: "--advise", argument: .none,
        help: "tries whole pages, the next size class, lookaside lists and one allocation"),
      Option(
        name: "--tags", argument: .value("N"),
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
