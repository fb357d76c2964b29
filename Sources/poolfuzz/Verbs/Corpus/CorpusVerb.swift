import JSONLines
import FragmentationSearch
import PoolFuzzing
import PoolTrace

extension Verb {
  /// `poolfuzz corpus`: what has been found and kept.
  static let corpus = Verb(
    name: "corpus", operands: "list|verify|minimize|merge [DIR...]",
    summary: "lists, verifies, minimizes and merges folders of traces",
    examples: [
      (
        "poolfuzz corpus list",
        "every trace of \(FindingStore.usualFolder): operations, failure, certificate"
      ),
      ("poolfuzz corpus verify Corpus", "replays every trace and proves every certificate again"),
      ("poolfuzz corpus minimize --dry-run nightly", "what could go without a loss"),
      ("poolfuzz corpus merge night1 night2 --corpus Corpus", "findings of several machines"),
    ],
    options: [
      Option(
        name: "--corpus", argument: .value("DIR"),
        help: "the corpus that is worked on (\(FindingStore.usualFolder))"),
      .check,
      Option(name: "--dry-run", argument: .none, help: "tell what would change, change nothing"),
    ],
    run: { arguments, streams in
      var operands = arguments.operands
      guard !operands.isEmpty else {
        throw CommandFailure.usage("corpus needs one of list, verify, minimize, merge")
      }
      let action = operands.removeFirst()
      let home = arguments.value("--corpus") ?? FindingStore.usualFolder
      switch action {
      case "list":
        return try CorpusListing(arguments, streams).run(operands.isEmpty ? [home] : operands)
      case "verify":
        return try CorpusVerification(arguments, streams).run(
          operands.isEmpty ? [home] : operands)
      case "minimize":
        var merge = CorpusMerge(arguments, streams)
        return try merge.run(
          sources: [], into: operands.isEmpty ? [home] : operands)
      case "merge":
        guard !operands.isEmpty else {
          throw CommandFailure.usage("corpus merge needs the folders to take from")
        }
        var merge = CorpusMerge(arguments, streams)
        return try merge.run(sources: operands, into: [home])
      default:
        throw CommandFailure.usage(
          "corpus does list, verify, minimize and merge, not '\(action)'")
      }
    })
}

/// `corpus list`.
struct CorpusListing {
  private let isJSON: Bool
  private let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) {
    isJSON = arguments.has("--json")
    self.streams = streams
  }

  func run(_ folders: [String]) throws(CommandFailure) -> ExitCode {
    var count = 0
    var code = ExitCode.held
    func tell(_ failure: CommandFailure) {
      streams.note(failure)
      code = code.combined(with: failure.code)
    }
    for folder in folders {
      for trace in try CorpusTrace.all(below: folder, unreadable: tell) {
        do throws(CommandFailure) {
          if let program = try trace.program() {
            show(trace, program)
          } else {
            show(trace, try trace.found())
          }
          count += 1
        } catch {
          tell(error)
        }
      }
    }
    if !isJSON { streams.print(counted(count, "trace")) }
    return code
  }

  private func show(_ trace: CorpusTrace, _ program: MaximalProgram) {
    guard isJSON else {
      return streams.print(
        "\(trace.path): \(counted(program.pages, "page")), \(counted(program.operations, "operation"))"
      )
    }
    streams.print(
      JSONValue.object([
        ("trace", .string(trace.path)), ("folder", .string(trace.topFolder)),
        ("profile", .string(program.profile)),
        ("operations", .integer(Int64(program.operations))),
        ("pages", .integer(Int64(program.pages))), ("program", .string(program.program.text)),
        ("certificate", .bool(trace.certificate != nil)),
        ("hash", .string(trace.contentHash)),
      ]))
  }

  private func show(_ trace: CorpusTrace, _ found: FoundTrace?) {
    let profile = (try? PoolFuzzTrace.reading(trace.text))?
      .configuration.configuration.pool.profile.name
    let mutant = found.map(\.trace.configuration.mutant.rawValue)
    guard isJSON else {
      var line = "\(trace.path): \(counted(trace.operationCount, "operation"))"
      if let found { line += ", \(found.identity)" }
      if let mutant, mutant != "none" { line += ", mutant \(mutant)" }
      if trace.certificate != nil { line += ", certified" }
      streams.print(line)
      return
    }
    streams.print(
      JSONValue.object([
        ("trace", .string(trace.path)), ("folder", .string(trace.topFolder)),
        ("profile", profile.map(JSONValue.string) ?? .null),
        ("operations", .integer(Int64(trace.operationCount))),
        ("identity", found.map { .string("\($0.identity)") } ?? .null),
        ("mutant", mutant.map(JSONValue.string) ?? .null),
        ("certificate", .bool(trace.certificate != nil)),
        ("hash", .string(trace.contentHash)),
      ]))
  }
}
