import KernelPool
import PoolDumps
import PoolTrace

extension Verb {
  /// `poolfuzz replay`: runs traces and checks every invariant after every operation.
  static let replay = Verb(
    name: "replay", operands: "TRACE|FOLDER...",
    summary: "runs traces and judges them by every rule after every operation",
    examples: [
      ("poolfuzz replay Corpus/incident", "every trace of a folder, all invariants"),
      (
        "poolfuzz replay Corpus/incident/page-fa808000.trace --pool 0xfa808a20",
        "ends with the page as the debugger's !pool prints it"
      ),
      ("poolfuzz replay --step --width 120 small.trace", "what each operation changed"),
      ("poolfuzz replay --vm --poolused 2 big.trace", "usage against what the tags account for"),
      ("poolfuzz replay --state golden.trace", "results and dumps, for comparing by machine"),
      (
        "poolfuzz replay page.trace --crash-dump page.dmp",
        "the machine as a crash dump that other readers read"
      ),
      (
        "poolfuzz replay --target malloc --target ./libmine.so --target windows-7-x64 app.trace",
        "what allocators hold for one program, and who keeps their pages"
      ),
      ("generator | poolfuzz replay --batch", "drives the model from another tool"),
    ],
    options: options,
    run: { arguments, streams in
      let targets = TargetOptions.libraries(arguments)
      if let library = targets.first {
        guard !arguments.operands.isEmpty else {
          throw CommandFailure.usage("replay --target needs a trace")
        }
        if targets.count > 1 || arguments.has("--metrics") || Profile.named(library) != nil {
          return try FootprintTable(arguments, streams).run(targets, arguments.operands)
        }
        return try TargetReplay(arguments, library: library, streams).run(arguments.operands)
      }
      try TargetOptions.requireTarget(arguments, for: [])
      let settings = try ReplaySettings(arguments)
      if arguments.has("--batch") {
        guard arguments.operands.isEmpty else {
          throw CommandFailure.usage("--batch reads standard input and takes no trace")
        }
        guard settings.views.isEmpty else {
          throw CommandFailure.usage("--batch answers with JSON lines and prints nothing else")
        }
        guard settings.crashDump == nil else {
          throw CommandFailure.usage("--crash-dump takes one trace, not --batch")
        }
        return try BatchReplay(settings, streams).run()
      }
      guard !arguments.operands.isEmpty else {
        throw CommandFailure.usage("replay needs a trace, a folder of traces, or --batch")
      }
      let paths =
        settings.exercise == nil
        ? try TraceFile.expand(arguments.operands)
        : try TraceFile.expand(arguments.operands, where: Exercise.isAnswer)
      guard settings.exercise == nil || !paths.contains("-") else {
        throw CommandFailure.usage("--exercise takes files: it reads each twice")
      }
      guard settings.crashDump == nil || paths.count == 1 else {
        throw CommandFailure.usage("--crash-dump takes one trace, not \(paths.count)")
      }
      return FileReplay(settings, streams).run(paths)
    })

  private static let options: [Option] =
    [
      .check,
      Option(
        name: "--strict", argument: .none,
        help: "operations that mean nothing fail, unless 'expect skipped' announces them"),
      Option(
        name: "--exercise", argument: .value("FILE|FOLDER"),
        help: "judges only what has every line of an exercise, or of that of its name in a folder"),
      Option(name: "--state", argument: .none, help: "prints results and dumps, nothing else"),
      Option(name: "--show-config", argument: .none, help: "prints the effective configuration"),
      Option(
        name: "--step", argument: .none, help: "prints each operation and the pages that it changed"
      ),
      Option(
        name: "--pool", argument: .value("ADDRESS|ID"),
        help: "prints the page as the debugger's !pool does", isRepeatable: true),
      Option(
        name: "--poolused",
        argument: .optionalValue("FLAGS", isValue: { Quantity.bare.number($0) != nil }),
        help: "prints the tag table: 1 verbose, 2 by nonpaged, 4 by paged, 8 session"),
      Option(
        name: "--vm", argument: .none,
        help: "prints usage and limits, and what the tags do not account for"),
      Option(name: "--frag", argument: .none, help: "prints fragmentation, in our own layout"),
      Option(name: "--map", argument: .none, help: "prints the page map at the end"),
      Option(
        name: "--width", argument: .quantity("COLUMNS", .count()),
        help: "columns of a page map (100)"),
      MetricChoice.option(
        "prints the metrics, and the share of the proved bound; with --target what it holds"),
      Option.request,
      Option(
        name: "--pooltag", argument: .value("FILE"), help: "descriptions of tags: a pooltag.txt"),
      .profile("replaces the trace's profile"),
      .mutant(
        "plants a bug in the model (the one that the trace's '# mutant:' names; none for none)"),
      Option(
        name: "--crash-dump", argument: .value("FILE"),
        help: "writes the machine at the end as a crash dump of its system"),
      Option(
        name: "--dump-kind", argument: .word("KIND", .cases(of: MachineDump.Form.self, "kind")),
        help: "its kind: full, bitmap, kernel; full-pae, bitmap-pae for wide 32-bit tables (bitmap)"
      ),
      Option(
        name: "--batch", argument: .none,
        help: "reads traces from standard input, each ended by a line 'end'"),
    ] + TargetOptions.judging
}

extension Option {
  /// The request whose chances the metrics of free space tell.
  static let request = Option(
    name: "--request", argument: .quantity("BYTES", .bytes()),
    help: "the request that fragmentation_index and unusable_free_space are for (half a page)")
}
