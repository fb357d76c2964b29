import KernelPool
import PoolDebugger
import PoolReconstruction
import PoolTrace

extension Verb {
  /// `poolfuzz inspect`: reads what a debugger printed, checks it and says what pins the pool.
  static let inspect = Verb(
    name: "inspect", operands: "FILE|-...",
    summary: "reads debugger output, checks it, diagnoses it",
    examples: [
      ("poolfuzz inspect session.log", "!pool, !vm, !poolused and others, mixed, with noise"),
      ("kd -z memory.dmp -c '!vm;q' | poolfuzz inspect -", "from a debugger through a pipe"),
      (
        "poolfuzz inspect --before monday.txt --after friday.txt --seconds 345600",
        "two snapshots: leaks and churn"
      ),
      (
        "poolfuzz inspect --to-trace pages.txt > pages.trace",
        "a trace whose final state is the listed pages"
      ),
    ],
    options: [
      Option(name: "--strict", argument: .none, help: "odd lines make the run fail (exit 3)"),
      Option(name: "--before", argument: .value("FILE"), help: "the earlier of two snapshots"),
      Option(name: "--after", argument: .value("FILE"), help: "the later one"),
      Option(
        name: "--seconds", argument: .value("N"), help: "seconds between the two, for rates"),
      Option(
        name: "--to-trace", argument: .none,
        help: "prints a trace that ends with the listed !pool pages, instead of a report"),
      Option(
        name: "--profile", argument: .value("NAME"),
        help: "the system of such a trace (windows-2003-x86, windows-7-x64)"),
    ],
    run: { arguments, streams in
      let report = try inspection(arguments)
      if arguments.has("--to-trace") { return try writeTrace(report, arguments, streams) }
      if arguments.has("--json") {
        report.jsonLines.forEach(streams.print)
      } else {
        streams.print(bytes: Array(report.text.utf8))
      }
      if arguments.has("--strict"), report.oddityCount > 0 {
        streams.flush()
        for oddity in report.oddities { streams.note("poolfuzz: \(oddity)") }
        return .badInput
      }
      return report.outcome.exitCode
    })

  private static func writeTrace(
    _ report: InspectionReport, _ arguments: ParsedArguments, _ streams: StandardStreams
  ) throws(CommandFailure) -> ExitCode {
    let profile = try arguments.value("--profile").map(Profile.chosen)
    let reconstruction: PageReconstruction
    do {
      reconstruction = try PageReconstruction(report.listings, profile: profile)
    } catch {
      throw CommandFailure(message: error.message, code: .badInput)
    }
    for line in reconstruction.lines {
      var bytes: [UInt8] = []
      line.append(to: &bytes)
      streams.print(bytes: bytes)
    }
    return .held
  }

  private static func inspection(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> InspectionReport {
    guard let before = arguments.value("--before") else {
      guard !arguments.operands.isEmpty, !arguments.has("--after") else {
        throw .usage("inspect needs files, '-' for standard input, or --before with --after")
      }
      return try report(arguments.operands)
    }
    guard let after = arguments.value("--after"), arguments.operands.isEmpty else {
      throw .usage("--before goes with --after and with no other file")
    }
    let seconds = try arguments.number("--seconds").map { Double($0) }
    return Inspection.compare(
      before: try report([before]), after: try report([after]), seconds: seconds)
  }

  private static func report(_ paths: [String]) throws(CommandFailure) -> InspectionReport {
    var inspection = Inspection()
    for path in paths {
      let file = try InputFile(path: path)
      inspection.begin(source: file.name)
      var splitter = LineSplitter()
      try file.forEachPiece { splitter.push($0) { inspection.read(line: $0) } }
      splitter.finish { inspection.read(line: $0) }
      if let binary = splitter.binary { throw .binary(binary, name: file.name) }
    }
    return inspection.report()
  }
}

extension InspectionReport.Outcome {
  /// 3 where there was nothing to judge.
  fileprivate var exitCode: ExitCode {
    switch self {
    case .held: .held
    case .found: .found
    case .notJudged: .badInput
    }
  }
}

extension CommandFailure {
  /// The file is no text; what it is and what to do.
  static func binary(_ content: BinaryContent, name: String) -> CommandFailure {
    CommandFailure(
      message: "\(name): \(content.rawValue), and no text: \(content.remedy)", code: .badInput)
  }
}
