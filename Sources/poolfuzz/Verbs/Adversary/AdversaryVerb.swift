import FragmentationSearch

extension Verb {
  /// `poolfuzz adversary`: a program that fragments the pool, as a trace with its prediction.
  static let adversary = Verb(
    name: "adversary", operands: "NAME",
    summary: "writes the trace of a known adversary with the result that is predicted of it",
    examples: [
      ("poolfuzz adversary comb --peak-live 65536", "what it promises, and what it came to"),
      (
        "poolfuzz adversary staircase --peak-live 65536 --trace - | poolfuzz replay -",
        "the dyadic staircase as a trace; its expectations are the prediction"
      ),
      (
        "poolfuzz adversary staircase --first-level 32 --peak-live 65536 --on kernel",
        "other parameters, run on the kernel model too"
      ),
      (
        "poolfuzz adversary churn --first-request 0xf10 --tenant 16 --peak-live 1048576",
        "the story's churn of large blocks over small tenants"
      ),
    ],
    options: ContestOptions.options + [
      Option(
        name: "--first-level", argument: .value("UNITS"),
        help: "staircase: units of its first level (an eighth of a page)"),
      Option(
        name: "--first-request", argument: .value("BYTES"),
        help: "churn: the large requests of the first round (483/512 of a page)"),
      Option(
        name: "--tenant", argument: .value("BYTES"),
        help: "churn: the requests of the small blocks that stay (3 units)"),
      Option(
        name: "--on", argument: .value("abstract|kernel"),
        help: "run it on the kernel model as well (abstract)"),
      Option(
        name: "--trace", argument: .value("FILE"),
        help: "write the trace; '-' streams it to standard output, and nothing else"),
    ],
    run: { arguments, streams in
      try AdversaryRun(arguments).run(streams)
    })
}
