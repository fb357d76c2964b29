import JSONLines
import Platform
import KernelPool
import PoolFuzzing
import PoolInvariants
import PropertyTesting

extension Verb {
  /// `poolfuzz mutants`: planted bugs against the traffic of the generator.
  static let mutants = Verb(
    name: "mutants", operands: "",
    summary: "runs planted bugs against the generator and prints the detection table",
    examples: [
      ("poolfuzz mutants --seeds 3", "every planted bug against every mix without misuse"),
      ("poolfuzz mutants --mutant lookaside-fifo --seeds 20", "one planted bug"),
      ("poolfuzz mutants --mix small-lists --json", "one kind of traffic, one object a row"),
      ("poolfuzz mutants --table rows.jsonl --probe 4096", "all of it; goes on where it was ended"),
      ("poolfuzz mutants --sole Corpus/mutants/table.jsonl", "which rule alone kills which bug"),
      ("poolfuzz mutants --ratchet .ci/mutants.txt", "nothing takes longer than it did"),
    ],
    options: [
      Option(name: "--seeds", argument: .quantity("N", .count()), help: "seeds of each row (20)"),
      Option(name: "--list", argument: .none, help: "lists the planted bugs, and runs none"),
      .mutant("this planted bug only", isRepeatable: true),
      .mix("this kind of traffic only", oldNames: ["--profile"]),
      Option(
        name: "--operations", argument: .quantity("N", .count()),
        help: "operations after which a seed gives up (100000)"),
      Option(
        name: "--first", argument: .none,
        help: "of each planted bug only the first mix that finds it with every seed"),
      Option(name: "--shrink", argument: .none, help: "reduce the first failing trace of each row"),
      Option(name: "--jobs", argument: .quantity("N", .count()), help: "threads (all processors)"),
      Option(
        name: "--probe", argument: .quantity("N", .count()),
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
      if arguments.has("--list") { return list(arguments, streams) }
      if let path = arguments.value("--ratchet") {
        return try MutantRatchet(path: path).run(arguments, streams)
      }
      if let path = arguments.value("--sole") {
        return try SoleKillers(path: path, streams: streams).run()
      }
      return try MutantTable(arguments, streams).run(adding: arguments.value("--table"))
    })

  /// The planted bugs and the mechanisms that they are in.
  private static func list(_ arguments: ParsedArguments, _ streams: StandardStreams) -> ExitCode {
    let mutants = Mutant.allCases.filter { $0 != .none }
    if arguments.has("--json") {
      for mutant in mutants {
        streams.print(
          JSONValue.object([
            ("mutant", .string(mutant.rawValue)), ("mechanism", .string(mutant.mechanism)),
          ]))
      }
    } else {
      streams.print(columns: mutants.map { ($0.rawValue, $0.mechanism) })
    }
    return .held
  }
}

/// The matrix of invariants and the planted bugs that they alone notice, from a recorded table; each
/// killing is seen again.
struct SoleKillers {
  let path: String
  let streams: StandardStreams

  func run() throws(CommandFailure) -> ExitCode {
    guard Files.exists(path) else { throw CommandFailure(.absence(of: path)) }
    let rows = try RecordedTable(path).rows
    guard !rows.isEmpty else {
      throw CommandFailure(message: "\(path): no row to see again", code: .badInput)
    }
    let killings = rows.flatMap(\.soleKillings)
    var problems: [String] = []
    var confirmed: [String: [String]] = [:]
    for killing in killings {
      // One trace of a rule and a planted bug is enough.
      guard !confirmed[killing.rule, default: []].contains(killing.mutant.rawValue) else {
        continue
      }
      if killing.isConfirmed {
        confirmed[killing.rule, default: []].append(killing.mutant.rawValue)
      } else {
        problems.append(
          "\(killing.rule) does not kill \(killing.mutant.rawValue) alone any more:"
            + " \(killing.profile), seed \(killing.seed), trace \(killing.stream)")
      }
    }
    for rule in Invariant.allCases.map(\.rawValue) {
      let mutants = confirmed[rule, default: []].joined(separator: " ")
      let company = Invariant.named(rule)?.row.company
      streams.print(rule + ": " + (mutants.isEmpty ? "never alone. \(company ?? "")" : mutants))
    }
    problems += SoleKilling.problems(killers: Set(confirmed.keys))
    for problem in problems { streams.note(problem) }
    return problems.isEmpty ? .held : .found
  }
}

/// A short detection table that may get better and not worse.
///
/// A line is `MUTANT PROFILE OPERATIONS`: every seed of the profile finds the planted bug within so
/// many operations. Seeds are fixed and operations are counted, so nothing here depends on the
/// machine.
struct MutantRatchet {
  private struct Row {
    let mutant: Mutant
    let profile: GeneratorProfile
    let operations: Int
  }

  private let rows: [Row]
  private static let standardSeeds = 3

  /// Reads the file.
  init(path: String) throws(CommandFailure) {
    var rows: [Row] = []
    let lines = try textOfFile(path)
      .split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count == 3, let mutant = Mutant(rawValue: fields[0]),
        let profile = GeneratorProfile.named(fields[1]), let operations = Int(fields[2]),
        operations > 0
      else {
        throw CommandFailure(
          message: "\(path):\(number + 1): expected a planted bug, a profile and a number of"
            + " operations",
          code: .badInput)
      }
      rows.append(Row(mutant: mutant, profile: profile, operations: operations))
    }
    guard !rows.isEmpty else {
      throw CommandFailure(message: "\(path): no row to run", code: .badInput)
    }
    self.rows = rows
  }

  /// Runs every row, and names the planted bugs that have none.
  func run(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure)
    -> ExitCode
  {
    let seeds =
      try arguments.number("--seeds", in: RecordedRow.seedRange) ?? Self.standardSeeds
    let jobs = try arguments.jobs()
    Interruption.install()
    var code = ExitCode.held
    for mutant in Mutant.allCases where mutant != .none {
      guard !rows.contains(where: { $0.mutant == mutant }) else { continue }
      streams.print("\(mutant.rawValue): no row, so nothing is known of it")
    }
    var worst = 0.0
    for row in rows {
      let (found, _) = MutantTable.row(
        row.mutant, row.profile, firstSeed: 1, seeds: seeds, limit: row.operations,
        jobs: jobs)
      if Interruption.isRequested { return .interrupted }
      if found.killedCount < seeds {
        code = .found
        streams.print(
          "\(row.mutant.rawValue): \(found.killedCount) of \(seeds) seeds of \(row.profile.name)"
            + " find it within \(counted(row.operations, "operation"))")
      }
      let most = found.trials.map(\.operationCount).max() ?? 0
      worst = max(worst, Double(most) / Double(row.operations))
    }
    streams.print(
      "\(rows.count) planted bugs with \(seeds) seeds each;"
        + " the nearest to its limit used \(Int(worst * 100)) % of it")
    return code
  }
}
