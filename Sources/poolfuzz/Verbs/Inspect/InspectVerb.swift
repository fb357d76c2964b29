import Platform
import KernelPool
import PoolDebugger
import PoolReconstruction
import PoolTrace

extension Verb {
  /// `poolfuzz inspect`: reads what a debugger printed, checks it and says what pins the pool.
  static let inspect = Verb(
    name: "inspect", operands: "FILE|FOLDER|-...",
    summary: "reads debugger output and crash dumps, checks them, diagnoses them",
    examples: [
      ("poolfuzz inspect session.log", "!pool, !vm, !poolused and others, mixed, with noise"),
      ("kd -z memory.dmp -c '!vm;q' | poolfuzz inspect -", "from a debugger through a pipe"),
      (
        "poolfuzz inspect MEMORY.DMP --pool fa808a20 --frag",
        "a full or kernel dump: its pools, a page as !pool prints it"
      ),
      ("poolfuzz inspect 022021-9187-01.dmp", "a small memory dump: the bug check and its places"),
      (
        "poolfuzz inspect --before monday.txt --after friday.txt --seconds 4d",
        "two snapshots: leaks and churn"
      ),
      ("poolfuzz inspect snapshots/", "a folder: tables of tags are a series, oldest name first"),
      (
        "poolfuzz inspect --to-trace pages.txt -o pages.trace",
        "a trace whose final state is the listed pages"
      ),
    ],
    options: [
      Option(name: "--strict", argument: .none, help: "odd lines make the run fail (exit 3)"),
      Option(name: "--before", argument: .value("FILE"), help: "the earlier of two snapshots"),
      Option(name: "--after", argument: .value("FILE"), help: "the later one"),
      Option(
        name: "--seconds", argument: .quantity("TIME", .time(bareUnit: 1000)),
        help: "the time between the two, for rates: seconds, or 4d"),
      Option(
        name: "--series", argument: .none,
        help: "the files are states of one system, one after the other: growth and its rate"),
      Option(
        name: "--tags", argument: .value("FILE"),
        help: "a pooltag.txt that says whose the tags are"),
      Option(
        name: "--to-trace", argument: .none,
        help: "prints a trace that ends with the listed !pool pages, instead of a report"),
      .output("with --to-trace: where the trace goes, whole or not at all (standard output)"),
      .profile("the system of such a trace (windows-2003-x86, windows-7-x64), or of a dump"),
    ] + DumpViews.options + DumpOptions.options,
    run: { arguments, streams in
      guard arguments.has("--to-trace") || !arguments.has("--output") else {
        throw CommandFailure.usage("--output needs --to-trace; a report goes to standard output")
      }
      let views = try DumpViews(arguments)
      var files = InspectedFiles(
        options: try DumpOptions(arguments, streams), pages: views.pages,
        needsAllPages: arguments.has("--to-trace"))
      let (report, listings) = try inspection(arguments, &files)
      guard views.isEmpty || files.dumps.contains(where: { $0.pool != nil }) else {
        throw CommandFailure(message: files.whyNoPool, code: .badInput)
      }
      if arguments.has("--to-trace") { return try writeTrace(report, arguments, files, streams) }
      if arguments.has("--json") {
        for dump in files.dumps { streams.print(dump.json) }
        try listings.print(with: report.listings, streams)
        streams.print(report.summary)
      } else if views.isEmpty || !arguments.has("--quiet") {
        streams.print(bytes: Array(report.head.utf8))
        try listings.print(with: report.listings, streams)
        streams.print(bytes: Array(report.tail.utf8))
        for dump in files.dumps { dump.lines.forEach(streams.print) }
      }
      let shown = try show(views, of: files, arguments, streams)
      if arguments.has("--strict"), report.warningCount > 0 {
        streams.flush()
        for warning in report.warnings { streams.remark("\(warning)") }
        return .badInput
      }
      for path in arguments.operands where path.hasSuffix(".trace") && report.listings.isEmpty {
        streams.flush()
        streams.remark("\(path): a trace is judged by 'poolfuzz replay'")
      }
      // Who asks for views has got them, whatever they say.
      return views.isEmpty ? report.outcome.exitCode : shown
    })

  /// Files as they are read, dumps among them.
  private struct InspectedFiles {
    let options: DumpOptions
    /// Addresses whose pages go to the diagnosis too.
    let pages: [GivenAddress]
    /// Whether all pages do.
    let needsAllPages: Bool
    var dumps: [DumpInspection] = []

    /// Why there is nothing to show.
    var whyNoPool: String {
      dumps.first?.whyNoPool ?? "--pool, --vm and the like show a crash dump"
    }
  }

  /// Prints what is asked for of every dump; where standard output is for programs, on standard error.
  private static func show(
    _ views: DumpViews, of files: InspectedFiles, _ arguments: ParsedArguments,
    _ streams: StandardStreams
  ) throws(CommandFailure) -> ExitCode {
    guard !views.isEmpty else { return .held }
    var code = ExitCode.held
    for dump in files.dumps {
      guard let pool = dump.pool else { continue }
      let shown = try views.texts(
        pool, name: dump.name, limit: files.options.memoryLimit, streams)
      for text in shown.texts {
        let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
        if arguments.has("--json") { streams.note(line) } else { streams.print(line) }
      }
      code = code.combined(with: shown.code)
    }
    return code
  }

  private static func writeTrace(
    _ report: InspectionReport, _ arguments: ParsedArguments, _ files: InspectedFiles,
    _ streams: StandardStreams
  ) throws(CommandFailure) -> ExitCode {
    let profile =
      try arguments.value("--profile").map(Profile.chosen)
      ?? files.dumps.first?.pool.flatMap { Profile.named($0.view.profile.name) }
    let reconstruction: PageReconstruction
    do {
      reconstruction = try PageReconstruction(report.listings, profile: profile)
    } catch {
      throw CommandFailure(message: error.message, code: .badInput)
    }
    let place = try streams.place(of: arguments)
    for line in reconstruction.lines {
      var bytes: [UInt8] = []
      line.append(to: &bytes)
      place.write(bytes)
    }
    try place.finish()
    return .held
  }

  private static func inspection(
    _ arguments: ParsedArguments, _ files: inout InspectedFiles
  ) throws(CommandFailure) -> (InspectionReport, SpooledListings) {
    let owners = try owners(arguments)
    guard let before = arguments.value("--before") else {
      guard !arguments.operands.isEmpty, !arguments.has("--after") else {
        throw .usage("inspect needs files, '-' for standard input, or --before with --after")
      }
      var paths: [String] = []
      for operand in arguments.operands { paths += try names(operand) }
      if arguments.has("--series") { return try series(paths, arguments, owners, &files) }
      let isFolder = paths.count > arguments.operands.count
      let whole = try report(paths, arguments, owners, &files)
      guard isFolder, whole.0.tableSourceCount > 1 else { return whole }
      // Several tables of tags in a folder are states; as one they would say nothing of growth.
      files.dumps = []
      return try series(paths, arguments, owners, &files)
    }
    guard let after = arguments.value("--after"), arguments.operands.isEmpty else {
      throw .usage("--before goes with --after and with no other file")
    }
    let seconds = try arguments.seconds("--seconds")
    let (earlier, _) = try report([before], arguments, owners, &files)
    let (later, listings) = try report([after], arguments, owners, &files)
    return (Inspection.compare(before: earlier, after: later, seconds: seconds), listings)
  }

  private static func owners(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> PoolTagDescriptions {
    guard let path = arguments.value("--tags") else { return .builtIn }
    var bytes: [UInt8] = []
    // The whole list has some five thousand lines.
    try InputFile(path: path).forEachPiece { if bytes.count < 1 << 24 { bytes += $0 } }
    let file = PoolTagFile(bytes)
    guard file.descriptions.count > 0 else {
      throw CommandFailure(message: "\(path): no line of a pooltag.txt", code: .badInput)
    }
    return file.descriptions
  }

  /// The file itself, or the files of a folder in the order of their names.
  private static func names(_ path: String) throws(CommandFailure) -> [String] {
    guard Files.isFolder(path) else { return [path] }
    let names = try answered { () throws(SystemError) in try Files.names(in: path) }
    let visible = names.filter { !$0.hasPrefix(".") }
    guard !visible.isEmpty else {
      throw CommandFailure(message: "\(path): an empty folder", code: .badInput)
    }
    return visible.map { path + (path.hasSuffix("/") ? "" : "/") + $0 }
  }

  /// States of one system; a time stands in the table, in the file's name, or nowhere.
  private static func series(
    _ paths: [String], _ arguments: ParsedArguments, _ owners: PoolTagDescriptions,
    _ files: inout InspectedFiles
  ) throws(CommandFailure) -> (InspectionReport, SpooledListings) {
    var series = InspectionSeries(owners: owners)
    var listings = SpooledListings(arguments)
    for path in paths {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let state: InspectionReport
      let lines: SpooledListings
      (state, lines) = try report([path], arguments, owners, &files)
      if state.isRecognised { listings = lines }
      series.append(state, time: Inspection.time(inName: name), source: path)
    }
    guard let report = series.report() else {
      throw .usage("inspect needs files, '-' for standard input, or --before with --after")
    }
    return (report, listings)
  }

  private static func report(
    _ paths: [String], _ arguments: ParsedArguments, _ owners: PoolTagDescriptions,
    _ files: inout InspectedFiles
  ) throws(CommandFailure) -> (InspectionReport, SpooledListings) {
    var inspection = Inspection(owners: owners)
    let listings = SpooledListings(arguments)
    for path in paths {
      if let dump = try DumpInspection(path: path, files.options) {
        let text =
          files.needsAllPages ? try dump.allPages() : dump.listings(of: files.pages)
        inspection.read(text: dump.bugCheckLine + text, source: path)
        files.dumps.append(dump)
        continue
      }
      let file = try InputFile(path: path, files.options.notes)
      inspection.begin(source: file.name)
      var splitter = LineSplitter()
      var failure: CommandFailure?
      try file.forEachPiece { piece in
        splitter.push(piece) { inspection.read(line: $0) }
        do throws(CommandFailure) {
          try listings.take(from: &inspection)
        } catch {
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
      splitter.finish { inspection.read(line: $0) }
      if let binary = splitter.binary { throw .binary(binary, name: file.name) }
    }
    return (inspection.report(), listings)
  }
}

/// The lines of listings that are complete, while the rest of a text is read.
private final class SpooledListings {
  private let isJSON: Bool
  /// A trace is made of all pages together.
  private let needsListings: Bool
  private var records = SpooledRecords()

  init(_ arguments: ParsedArguments) {
    isJSON = arguments.has("--json")
    needsListings = arguments.has("--to-trace")
  }

  /// Takes what is complete.
  func take(from inspection: inout Inspection) throws(CommandFailure) {
    guard !needsListings else { return }
    for checked in inspection.takeListings() {
      let number = UInt64(checked.listing.ordinal)
      try answered { () throws(SystemError) in
        try records.append(text(checked).utf8, number: number)
      }
    }
  }

  private func text(_ checked: CheckedListing) -> String {
    isJSON ? checked.json + "\n" : checked.text
  }

  /// Prints them with those that the report has, in the order of the text.
  func print(
    with rest: [CheckedListing], _ streams: StandardStreams
  ) throws(CommandFailure) {
    var rest = rest[...]
    func printRest(before number: UInt64) {
      while let first = rest.first, first.listing.ordinal < number {
        streams.print(bytes: Array(text(first).utf8))
        rest.removeFirst()
      }
    }
    try answered { () throws(SystemError) in
      try records.forEach { number, bytes in
        printRest(before: number)
        streams.print(bytes: Array(bytes))
      }
    }
    printRest(before: .max)
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
