import JSONLines
import PoolDebugger

extension Verb {
  /// `poolfuzz import`: turns a recorded trace into the trace language.
  static let importing = Verb(
    name: "import", operands: "FILE|-",
    summary: "turns a recorded trace into the trace language",
    examples: [
      ("poolfuzz import pool-events.csv -o driver.trace", "ETW pool events"),
      ("trace-cmd report | poolfuzz import - > kernel.trace", "a Linux kernel's allocations"),
      (
        "poolfuzz import --format malloclab short.rep > short.trace",
        "a format that the first lines do not tell"
      ),
    ],
    options: [
      Option(
        name: "--format", argument: .word("NAME", .cases(of: RecordedFormat.self, "format")),
        help: RecordedFormat.allCases.map(\.rawValue).joined(separator: ", ")),
      Option(
        name: "--pool", argument: .value("TYPE"),
        help: "the pool where the recording does not say it (NonPaged)"),
      Option(
        name: "--sizes", argument: .value("requested|block|block-x64"),
        help: "whether sizes are requests, or whole blocks with a header of 8 or 16 bytes"),
      Option(
        name: "--unique-slots", argument: .none, help: "a name of its own for every allocation"),
      .output("where the trace goes, whole or not at all (standard output)"),
    ],
    run: { arguments, streams in
      guard arguments.operands.count == 1 else {
        throw CommandFailure.usage("import takes one file, or '-' for standard input")
      }
      var run = ImportRun(try ImportRun.options(arguments), try ImportRun.format(arguments))
      let file = try InputFile(path: arguments.operands[0], streams)
      let place = try streams.place(of: arguments)
      var splitter = LineSplitter()
      try file.forEachPiece { splitter.push($0) { run.read($0, place) } }
      splitter.finish { run.read($0, place) }
      if let binary = splitter.binary { throw CommandFailure.binary(binary, name: file.name) }
      guard let summary = run.finish(place) else {
        throw CommandFailure(message: "\(file.name): \(run.unknown)", code: .badInput)
      }
      streams.flush()
      guard summary.operations > 0 else {
        streams.note(summary.text)
        throw CommandFailure(
          message: "\(file.name): no allocation and no free in \(summary.lines) lines",
          code: .badInput)
      }
      try place.finish()
      // A trace on standard output has it to itself.
      if arguments.has("--json") {
        if place is WholeFile {
          streams.print(summary.json)
        } else {
          streams.note(summary.json)
        }
      } else if !arguments.has("--quiet") {
        streams.note(summary.text)
      }
      return .held
    })
}

/// An import whose format may only be known after some lines.
private struct ImportRun {
  private let options: ImportOptions
  private var importer: TraceImporter?
  private var firstLines: [[UInt8]] = []
  /// Lines looked at before a recording counts as unknown.
  private static let detectionLines = 200

  init(_ options: ImportOptions, _ format: RecordedFormat?) {
    self.options = options
    importer = format.map { TraceImporter(format: $0, options: options) }
  }

  static func options(_ arguments: ParsedArguments) throws(CommandFailure) -> ImportOptions {
    var options = ImportOptions()
    if let pool = arguments.value("--pool") { options.pool = pool }
    if arguments.has("--unique-slots") { options.slotNames = .unique }
    switch arguments.value("--sizes") {
    case nil, "requested"?: break
    case "block"?: options.sizeMeaning = .blockWithHeader(headerBytes: 8)
    case "block-x64"?: options.sizeMeaning = .blockWithHeader(headerBytes: 16)
    case let other?: throw .usage("--sizes is requested, block or block-x64, not '\(other)'")
    }
    return options
  }

  static func format(_ arguments: ParsedArguments) throws(CommandFailure) -> RecordedFormat? {
    guard let name = arguments.value("--format") else { return nil }
    guard let format = RecordedFormat(rawValue: name) else {
      let all = RecordedFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage("--format is one of \(all), not '\(name)'")
    }
    return format
  }

  mutating func read(_ line: [UInt8], _ place: any TracePlace) {
    if importer == nil {
      guard firstLines.count < Self.detectionLines else { return }
      firstLines.append(line)
      start(place)
      return
    }
    importer?.read(line: line) { Self.write($0, place) }
  }

  /// Begins once the lines so far tell the format.
  private mutating func start(_ place: any TracePlace) {
    guard let format = RecordedFormat.detect(firstLines) else { return }
    importer = TraceImporter(format: format, options: options)
    for line in firstLines { importer?.read(line: line) { Self.write($0, place) } }
    firstLines = []
  }

  /// Why the first lines are no recording.
  var unknown: String {
    guard let name = RecordedFormat.totals(in: firstLines) else {
      return "no known format in its first lines; name one with --format"
    }
    return "totals of \(name): they say how much was in use, not what was allocated and freed, so "
      + "there is nothing to replay; record the events"
  }

  mutating func finish(_ place: any TracePlace) -> ImportSummary? {
    importer?.finish { Self.write($0, place) }
  }

  private static func write(_ line: [UInt8], _ place: any TracePlace) {
    place.write(line + [UInt8(ascii: "\n")])
  }
}

extension ImportSummary {
  /// The summary as an object; what was left out by reason.
  fileprivate var json: JSONValue {
    .object([
      ("lines", .integer(Int64(lines))), ("allocations", .integer(Int64(allocations))),
      ("frees", .integer(Int64(frees))), ("lost_frees", .integer(Int64(lostFrees))),
      ("out_of_order", .integer(Int64(outOfOrder))),
      ("peak_live_blocks", .integer(Int64(peakLiveBlocks))),
      ("live_blocks", .integer(Int64(liveBlocks))),
      (
        "dropped",
        .object(
          DropReason.allCases.compactMap { reason in
            dropped[reason].map { (reason.rawValue, .integer(Int64($0))) }
          })
      ),
    ])
  }
}
