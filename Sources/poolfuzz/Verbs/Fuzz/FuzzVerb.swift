extension Verb {
  /// `poolfuzz fuzz`: generates traces and checks them.
  static let fuzz = Verb(
    name: "fuzz", operands: "", summary: "generates and checks traces, and files what fails",
    examples: [
      ("poolfuzz fuzz --traces 20000 --seed 7", "a fixed amount: the same seed finds the same"),
      ("poolfuzz fuzz --for 8h", "overnight; kill it at any time and give the command again"),
      ("poolfuzz fuzz --for 8h --swarm", "half of the profiles, drawn by the seed"),
      ("poolfuzz fuzz --profile lookasides --traces 5000", "one profile of the portfolio"),
      ("poolfuzz fuzz --mutant no-forward-merge --traces 500", "does the alarm work?"),
      ("poolfuzz fuzz --target ./libmine.so", "your own allocator, in a process of its own"),
    ],
    options: [
      Option(name: "--traces", argument: .value("N"), help: "stop after N traces (10000)"),
      Option(name: "--for", argument: .value("TIME"), help: "stop after 90s, 30m, 8h"),
      Option(name: "--forever", argument: .none, help: "until it is interrupted"),
      Option(name: "--first", argument: .none, help: "stop at the first failure"),
      Option(
        name: "--operations", argument: .value("N"), help: "operations of a trace at most (400)"),
      Option(name: "--jobs", argument: .value("N"), help: "threads (all processors)"),
      Option(
        name: "--profile", argument: .value("NAME"),
        help: "a profile of the portfolio, or a version that all machines get",
        isRepeatable: true),
      Option(name: "--swarm", argument: .none, help: "leave profiles out, drawn by the seed"),
      Option(name: "--mutant", argument: .value("NAME"), help: "plants a bug in the model"),
      .check,
      Option(
        name: "--corpus", argument: .value("DIR"),
        help: "findings go to DIR/found, state and report to DIR/fuzz, the state on a target to"
          + " DIR/targets (Corpus)"),
      Option(name: "--save-every", argument: .value("TIME"), help: "how often it saves (30s)"),
      Option(
        name: "--keep", argument: .none,
        help: "file the novel traces under DIR/kept at the end, for 'corpus minimize'"),
      Option(name: "--canary", argument: .value("N"), help: "one trace in N tests the alarm (100)"),
      Option(name: "--no-shrink", argument: .none, help: "file findings as they are"),
    ] + TargetOptions.all,
    run: { arguments, streams in
      if let library = TargetOptions.libraries(arguments).first {
        return try TargetCampaign(arguments, library: library, streams).run()
      }
      return try FuzzCampaign(arguments, streams).run()
    })
}
