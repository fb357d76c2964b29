import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

extension Verb {
  /// `poolfuzz mutants`: planted bugs against the profiles of the generator.
  static let mutants = Verb(
    name: "mutants", operands: "",
    summary: "runs planted bugs against the generator and prints the detection table",
    examples: [
      ("poolfuzz mutants --seeds 3", "every planted bug against every healthy profile"),
      ("poolfuzz mutants --mutant lookaside-fifo --seeds 20", "one planted bug"),
      ("poolfuzz mutants --profile small-lists --json", "one profile, one object a row"),
      ("poolfuzz mutants --table rows.jsonl --probe 4096", "all of it; goes on where it was ended"),
      ("poolfuzz mutants --sole Corpus/mutants/table.jsonl", "which rule alone kills which bug"),
      ("poolfuzz mutants --ratchet .ci/mutants.txt", "nothing takes longer than it did"),
    ],
    options: [
      Option(name: "--seeds", argument: .value("N"), help: "seeds of each row (20)"),
      Option(
        name: "--mutant", argument: .value("NAME"), help: "this planted bug only",
        isRepeatable: true),
      Option(
        name: "--profile", argument: .value("NAME"), help: "this profile only",
        isRepeatable: true),
      Option(
        name: "--operations", argument: .value("N"),
        help: "operations after which a seed gives up (100000)"),
      Option(
        name: "--first", argument: .none,
        help: "of each planted bug only the first profile that finds it with every seed"),
      Option(name: "--shrink", argument: .none, help: "reduce the first failing trace of each row"),
      Option(name: "--jobs", argument: .value("N"), help: "threads (all processors)"),
      Option(
        name: "--probe", argument: .value("N"),
        help: "give up a row when its first 3 seeds find nothing within N operations"),
      Option(
        name: "--table", argument: .value("FILE"),
        help: "add the rows that a file does not have to it, as JSON"),
      Option(
        name: "--sole", argument: .value("FILE"),
        help: "see again each rule that alone kills a planted bug in a table"),
      Option(
        name: "--ratchet", argument: .value("FILE"),
        help: "run the rows of a file, each within its number of operations"),
    ],
    run: { arguments, streams in
      if let path = arguments.value("--ratchet") {
        return try MutantRatchet(path: path).run(arguments, streams)
      }
      if let path = arguments.value("--sole") {
        return try SoleKillers(path: path, streams: streams).run()
      }
      return try MutantTable(arguments, streams).run(adding: arguments.value("--table"))
    })
}
