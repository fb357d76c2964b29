import PoolFuzzing
import PropertyTesting

extension Verb {
  /// `poolfuzz shrink`: reduces a failing trace.
  static let shrink = Verb(
    name: "shrink", operands: "TRACE | --challenge",
    summary: "reduces a failing trace and writes it with its certificate",
    examples: [
      ("poolfuzz shrink big.trace", "writes big.min.trace and big.min.certificate"),
      ("poolfuzz shrink --mutant lookaside-fifo big.trace --output small.trace", "a planted bug"),
      (
        "poolfuzz shrink --statistics --others 0 big.trace", "what each pass did; this failure only"
      ),
      ("poolfuzz shrink --challenge", "the shrinker beside published ones on fixed hard traces"),
      (
        "poolfuzz shrink --challenge --seeds 1000 --own --mutant no-forward-merge",
        "one bug from a thousand traces of 1,000 operations: executions, optima, final forms"
      ),
    ],
    options: [
      Option(
        name: "--mutant", argument: .value("NAME"), help: "plants a bug in the model",
        isRepeatable: true),
      Option(name: "--output", argument: .value("FILE"), help: "where the result goes"),
      Option(
        name: "--executions", argument: .value("N"),
        help: "most traces executed (20000); 0 certifies the trace as it is"),
      Option(
        name: "--failure", argument: .value("WORDS"),
        help: "the failure to keep, as printed; the first one by default"),
      Option(
        name: "--others", argument: .value("N"),
        help: "most failures met on the way that are reduced in turn (8)"),
      Option(name: "--statistics", argument: .none, help: "what each pass did"),
      Option(
        name: "--challenge", argument: .none,
        help: "runs the shrinking challenge instead; takes no trace"),
      Option(
        name: "--seeds", argument: .value("N"),
        help: "in the challenge: seeds 1 to N of each bug instead of its fixed hard ones"),
      Option(
        name: "--own", argument: .none,
        help: "in the challenge: this suite's shrinker only, without the published strategies"),
      Option(
        name: "--jobs", argument: .value("N"), help: "in the challenge: threads (all processors)"),
    ],
    run: { arguments, streams in
      if arguments.has("--challenge") { return try ChallengeCommand(arguments, streams).run() }
      return try ShrinkCommand(arguments, streams).run()
    })
}
