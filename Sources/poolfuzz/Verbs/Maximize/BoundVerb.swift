import FragmentationSearch

extension Verb {
  /// `poolfuzz bound`: what no trace can exceed, and what can be reached.
  static let bound = Verb(
    name: "bound", operands: "",
    summary: "prints how many pages live blocks of so many bytes can hold at most, proved",
    examples: [
      ("poolfuzz bound --peak-live 65536", "the bounds and the best forecast, in milliseconds"),
      (
        "poolfuzz bound --profile reactos-x86 --peak-live 1048576 --json",
        "a system that never takes exact fits"
      ),
      (
        "poolfuzz bound --page-units 8 --smallest-units 2 --peak-live-units 12 --order head"
          + " --exact -o best.trace",
        "the true worst case of a small pool, with a shortest trace that reaches it"
      ),
    ],
    options: ContestOptions.options + [
      Option(
        name: "--exact", argument: .none,
        help: "visit every state of a small pool: the optimum and the fewest operations"),
      Option(
        name: "--most-states", argument: .quantity("N", .count()),
        help: "states after which --exact gives up (100000000, about 3 GB)"),
      .output("with --exact: write a trace that reaches the optimum", oldNames: ["--witness"]),
    ],
    run: { arguments, streams in
      let options = try ContestOptions(arguments, verb: "bound")
      for name in ["--output", "--most-states"]
      where arguments.has(name) && !arguments.has("--exact") {
        throw CommandFailure.usage("\(arguments.spelling(name)) needs --exact")
      }
      let report =
        arguments.has("--exact")
        ? try ExactRun(arguments, options).report(streams) : options.query.bound()
      streams.print(report, asJSON: arguments.has("--json"))
      return report.breaches.isEmpty ? .held : .found
    })
}

extension StandardStreams {
  /// Prints a report of `bound` or `maximize`.
  func print(_ report: FragmentationReport, asJSON: Bool) {
    if asJSON {
      print(report.json)
    } else {
      ContestText.lines(report).forEach(print)
    }
  }
}

/// The enumeration of a small pool.
private struct ExactRun {
  let options: ContestOptions
  let mostStates: Int
  let witnessPath: String?
  /// The option that names it, as it was typed.
  let option: String
  let isQuiet: Bool

  init(_ arguments: ParsedArguments, _ options: ContestOptions) throws(CommandFailure) {
    self.options = options
    let states = Int(clamping: try arguments.number("--most-states") ?? 100_000_000)
    guard (1...1 << 31).contains(states) else {
      throw .usage("--most-states is 1...\(1 << 31), not \(states)")
    }
    mostStates = states
    witnessPath = arguments.value("--output")
    option = arguments.spelling("--output")
    isQuiet = arguments.has("--quiet")
  }

  func report(_ streams: StandardStreams) throws(CommandFailure) -> FragmentationReport {
    // Before the long work, so that a path or rules that cannot be are known at once.
    guard let witnessPath else { return try solve(streams).0 }
    let contest = try options.contest(for: option)
    let file = try WholeFile(path: witnessPath)
    var (report, witness) = try solve(streams)
    let trace = ContestTrace(
      file, options, contest,
      comments: [
        "A shortest trace to the most pages that any trace can make this pool hold:",
        "\(counted(report.pages, "page")) in \(counted(witness.count, "operation")).",
      ])
    for operation in witness { trace.append(operation) }
    try trace.finish(report)
    report.trace = witnessPath
    return report
  }

  private func solve(
    _ streams: StandardStreams
  ) throws(CommandFailure) -> (FragmentationReport, [AbstractOperation]) {
    do {
      let answer = try options.query.exact(mostStates: mostStates) { states, pages in
        if !isQuiet {
          streams.note("\(counted(states, "state")), \(counted(pages, "page")) so far")
        }
      }
      return (answer.report, answer.witness)
    } catch .tooManyStates(let visited, let best) {
      let failure = ExactOptimum.Failure.tooManyStates(visited: visited, bestPages: best)
      throw CommandFailure(message: failure.description, code: .environment)
    } catch {
      throw .usage("--exact: \(error)")
    }
  }
}
