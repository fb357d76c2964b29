import JSONLines
import FragmentationSearch
import PoolBounds

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
        name: "--first-level", argument: .quantity("UNITS", .count()),
        help: "staircase: units of its first level (an eighth of a page)"),
      Option(
        name: "--first-request", argument: .quantity("BYTES", .bytes()),
        help: "churn: the large requests of the first round (483/512 of a page)"),
      Option(
        name: "--tenant", argument: .quantity("BYTES", .bytes()),
        help: "churn: the requests of the small blocks that stay (3 units)"),
      Option(
        name: "--on", argument: .value("abstract|kernel"),
        help: "run it on the kernel model as well (abstract)"),
      .output(
        "write the trace; '-' streams it to standard output, and nothing else",
        oldNames: ["--trace"]),
    ],
    run: { arguments, streams in
      try AdversaryRun(arguments).run(streams)
    })
}

/// One adversary: run on the abstract pool, perhaps on the kernel, perhaps written as a trace.
struct AdversaryRun {
  private let options: ContestOptions
  private let program: any Adversary
  private let model: Model
  private let tracePath: String?
  /// The option that names it, as it was typed.
  private let option: String
  private let asJSON: Bool

  /// Which pools it runs on.
  private enum Model: String, CaseIterable {
    case abstract
    case kernel
  }

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    let names = AdversaryKind.allCases.map(\.rawValue).joined(separator: ", ")
    guard arguments.operands.count == 1 else {
      throw .usage("adversary takes one name: \(names)")
    }
    guard let kind = AdversaryKind(rawValue: arguments.operands[0]) else {
      throw .usage("there is no adversary '\(arguments.operands[0])'; there are \(names)")
    }
    options = try ContestOptions.read(arguments, verb: "adversary")
    guard options.query.peakLiveUnits <= FragmentationQuery.largestSimulatedUnits else {
      throw .usage(
        "\(FragmentationQuery.Failure.capTooLarge(units: options.query.peakLiveUnits))")
    }
    program = kind.program(
      for: options.query, try Self.parameters(arguments, kind, options.query.geometry))
    model = try arguments.choice("--on", default: .abstract)
    tracePath = arguments.value("--output")
    option = arguments.spelling("--output")
    asJSON = arguments.has("--json")
  }

  private static func parameters(
    _ arguments: ParsedArguments, _ kind: AdversaryKind, _ geometry: PoolGeometry
  ) throws(CommandFailure) -> AdversaryKind.Parameters {
    let known: [(option: String, kind: AdversaryKind)] = [
      ("--first-level", .staircase), ("--first-request", .churn), ("--tenant", .churn),
    ]
    for (option, owner) in known where arguments.has(option) && owner != kind {
      throw .usage("\(option) belongs to '\(owner.rawValue)', not to '\(kind.rawValue)'")
    }
    let level = try arguments.number("--first-level").map { Int(clamping: $0) }
    let largest = geometry.largestBlockUnits
    if let level, !(geometry.smallestBlockUnits...largest).contains(level) {
      throw .usage("--first-level is \(geometry.smallestBlockUnits)...\(largest) units")
    }
    return AdversaryKind.Parameters(
      firstLevelUnits: level,
      firstRequestUnits: try units("--first-request", arguments, geometry),
      tenantUnits: try units("--tenant", arguments, geometry))
  }

  private static func units(
    _ option: String, _ arguments: ParsedArguments, _ geometry: PoolGeometry
  ) throws(CommandFailure) -> Int? {
    guard let bytes = try arguments.number(option) else { return nil }
    let largest = geometry.payloadBytes(units: geometry.largestBlockUnits)
    guard bytes > 0, bytes <= UInt64(largest) else {
      throw .usage("\(option) is 1...\(counted(largest, "byte"))")
    }
    let unit = geometry.unitBytes
    return max(
      geometry.smallestBlockUnits, (Int(bytes) + geometry.headerBytes + unit - 1) / unit)
  }

  /// Runs the program; a prediction that does not come true is exit code 1.
  func run(_ streams: StandardStreams) throws(CommandFailure) -> ExitCode {
    let contest =
      model == .kernel || tracePath != nil
      ? try options.contest(for: tracePath == nil ? "--on kernel" : option) : nil
    var report: FragmentationReport
    if let contest, let tracePath {
      report = try write(contest, tracePath, streams)
    } else {
      report = options.query.replay(.program(program))
    }
    if let contest, model == .kernel {
      do {
        report.kernel = try options.query.outcome(of: .program(program), on: contest)
      } catch {
        throw CommandFailure(message: error.description, code: .environment)
      }
    }
    let answer = AdversaryReport(report: report, predictedPages: program.predictedPages)
    if tracePath != "-" { answer.lines(asJSON: asJSON).forEach(streams.print) }
    for breach in answer.breaches { streams.remark("adversary: \(breach)") }
    return answer.breaches.isEmpty ? .held : .found
  }

  /// Streams the trace; its last lines expect what was predicted, or else what it came to.
  private func write(
    _ contest: KernelContest, _ path: String, _ streams: StandardStreams
  ) throws(CommandFailure) -> FragmentationReport {
    let place = try streams.place(path)
    let live = options.query.peakLiveUnits * options.query.geometry.unitBytes
    let prediction =
      program.predictedPages.map { "\(counted($0, "page")) are predicted" }
      ?? "nothing is predicted"
    let writer = ContestTrace(
      place, options, contest,
      comments: ["\(program.name), at most \(counted(live, "byte")) live: \(prediction)."])
    var report = options.query.replay(.program(program), record: writer.append)
    if let predicted = program.predictedPages {
      writer.expect("nonpaged.peak_pages_held == \(predicted)")
    }
    try writer.finish(report)
    report.trace = path
    return report
  }
}

/// What an adversary came to beside what was predicted of it.
struct AdversaryReport {
  /// What it came to.
  let report: FragmentationReport
  /// The most pages that were predicted; nil where the program's arithmetic does not fit.
  let predictedPages: Int?

  /// What went wrong: a prediction, a bound, the cap or the kernel's agreement.
  var breaches: [String] {
    var breaches = report.breaches.map(\.description)
    if let predictedPages, predictedPages != report.pages {
      breaches.append(
        "\(counted(predictedPages, "page")) were predicted, and \(report.pages) were held")
    }
    return breaches
  }

  /// One JSON line, or lines for a reader.
  func lines(asJSON: Bool) -> [String] {
    let predicted = predictedPages.map { JSONValue.integer(Int64($0)) } ?? .null
    guard !asJSON else {
      return [JSONValue.object([("predicted_pages", predicted)] + report.fields).versioned.text]
    }
    return ContestText.lines(report) + ["predicted \(predictedPages.map { String($0) } ?? "-")"]
  }
}
