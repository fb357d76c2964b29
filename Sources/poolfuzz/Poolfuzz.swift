import Platform
import AllocatorTargets
import PoolTrace

/// The command line: finds the verb, sorts the words, runs it.
@main
enum Poolfuzz {
  /// The version that `--version` prints.
  static let version = "0.2.0"

  /// Every verb, in the order of the help.
  static let verbs: [Verb] = [
    .replay, .view, .fuzz, .shrink, .enumerate, .mutants, .corpus, .diff, .whatif, .inspect,
    .explain, .export, .importing, .synthesize, .bound, .adversary, .maximize, .remedies, .bench,
    .profiles, .completions,
  ]

  static func main() {
    ProcessStart.prepare()
    let streams = StandardStreams()
    let code = run(Array(CommandLine.arguments.dropFirst()), streams)
    streams.flush()
    ProcessStart.end(streams.code(code).rawValue)
  }

  static func run(_ words: [String], _ streams: StandardStreams) -> ExitCode {
    do {
      return try dispatch(words, streams)
    } catch let failure as CommandFailure {
      streams.flush()
      streams.note(failure)
      return failure.code
    } catch {
      streams.flush()
      streams.remark("\(error)")
      return .environment
    }
  }

  private static func dispatch(
    _ words: [String], _ streams: StandardStreams
  ) throws -> ExitCode {
    switch words.first {
    case TargetWorker.word?:
      // Not for users: the other side of `--target`.
      ProcessStart.end(TargetWorker.main(Array(words.dropFirst())))
    case TraceProcess.word?:
      // Nor this: the other side of what ends the process.
      ProcessStart.end(TraceProcess.main(Array(words.dropFirst())))
    case nil:
      streams.print(overview)
      return .usage
    case "--version":
      streams.print(
        "poolfuzz \(version), trace format \(TraceConfiguration.formatVersion)")
      return .held
    case "help", "--help", "-h":
      guard words.count > 1 else {
        streams.print(overview)
        return .held
      }
      streams.print(try verb(words[1]).help)
      return .held
    case let name?:
      let verb = try verb(name)
      if words.prefix(while: { $0 != "--" }).contains(where: ["-h", "--help"].contains) {
        streams.print(verb.help)
        return .held
      }
      let arguments = try ParsedArguments(
        Array(words.dropFirst()), options: verb.allOptions)
      streams.isQuiet = arguments.has("--quiet")
      if !streams.isQuiet {
        for hint in arguments.hints { streams.remark(hint) }
      }
      // Checked here, so that every verb refuses what is no seed, those without chance too.
      _ = try FuzzSettings.seed(arguments)
      try arguments.watchLimits()
      return try verb.run(arguments, streams)
    }
  }

  private static func verb(_ name: String) throws(CommandFailure) -> Verb {
    guard let verb = verbs.first(where: { $0.name == name }) else {
      let suggestion = Suggestion.text(
        for: name, among: verbs.map(\.name) + ["help"], listedBy: "poolfuzz help")
      throw .usage("there is no verb '\(name)'\(suggestion)")
    }
    return verb
  }

  private static var overview: String {
    var text = "poolfuzz VERB [options] ...\n\n"
    for verb in verbs {
      let padding = String(repeating: " ", count: max(1, 12 - verb.name.count))
      text += "  \(verb.name)\(padding)\(verb.summary)\n"
    }
    text += "\n'poolfuzz help VERB' shows examples and options; 'poolfuzz --version' the version."
    text += "\nExit codes\n"
    for (code, meaning) in ExitCode.table {
      text += code + String(repeating: " ", count: 8 - code.count) + meaning + "\n"
    }
    text += "Over several files: 1 if anything was found, else 4, else 3."
    return text
  }
}
