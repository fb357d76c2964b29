import Platform
import JSONLines
import PoolDebugger
import PoolReconstruction
import PoolTrace
import TextDecoding

extension Verb {
  /// `poolfuzz synthesize`: a workload that ends with the figures that a debugger printed.
  static let synthesize = Verb(
    name: "synthesize", operands: "[RECIPE]",
    summary: "makes a workload that ends with a given !poolused table and !vm usage",
    examples: [
      (
        "poolfuzz synthesize Corpus/incident/whole-machine.recipe > machine.trace",
        "the story's machine: tags to the byte, usage within 1 %"
      ),
      (
        "poolfuzz synthesize --poolused tags.txt --vm vm.txt --seed 7 --output machine.trace",
        "any machine from its two listings"
      ),
      (
        "poolfuzz synthesize --poolused tags.txt --usage 25463 | poolfuzz replay --vm -",
        "the usage as a number of pages"
      ),
    ],
    options: [
      Option(
        name: "--poolused", argument: .value("FILE"),
        help: "a !poolused table with its TOTAL; '-' is standard input"),
      Option(
        name: "--vm", argument: .value("FILE"), help: "a !vm listing; may be the same file"),
      Option(
        name: "--usage", argument: .quantity("PAGES", .pages),
        help: "pages of nonpaged pool in use, or their size, instead of --vm"),
      .profile("the system (windows-2003-x86)"),
      Option(
        name: "--buffer", argument: .quantity("BYTES", .bytes()),
        help: "the driver's contiguous buffers, as it asks for them (0xf10)"),
      Option(
        name: "--spells", argument: .quantity("N", .count()),
        help: "spells in which the driver takes and gives back buffers (16)"),
      .output("where the trace goes, whole or not at all (standard output)"),
    ],
    run: { arguments, streams in
      let request = try SynthesisRequest(arguments)
      return try request.run(streams, arguments)
    })
}

/// What the command line asks for.
private struct SynthesisRequest {
  private var recipe = CalibrationRecipe()
  private var target: CalibrationTarget

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    var sources: [CalibrationRecipe.Source] = []
    guard arguments.operands.count <= 1 else {
      throw .usage("synthesize takes one recipe")
    }
    if let path = arguments.operands.first {
      (recipe, sources) = try Self.read(recipe: path)
    }
    for (option, key) in [
      ("--poolused", "poolused"), ("--vm", "vm"), ("--usage", "usage"), ("--profile", "profile"),
      ("--buffer", "buffer"), ("--spells", "spells"), ("--seed", "seed"),
    ] {
      guard let value = arguments.value(option) else { continue }
      do {
        if let source = try recipe.apply(key: key, value: value) {
          sources.removeAll { Self.isReplaced($0, by: source) }
          sources.append(source)
        }
      } catch {
        throw .usage("\(option): \(error.message)")
      }
    }
    target = try Self.target(sources)
  }

  private static func isReplaced(
    _ old: CalibrationRecipe.Source, by new: CalibrationRecipe.Source
  ) -> Bool {
    switch (old, new) {
    case (.poolUsed, .poolUsed), (.usage, .usage), (.virtualMemory, .virtualMemory): true
    default: false
    }
  }

  /// A recipe file names its listings relative to itself.
  private static func read(
    recipe path: String
  ) throws(CommandFailure) -> (CalibrationRecipe, [CalibrationRecipe.Source]) {
    var bytes: [UInt8] = []
    // A recipe is a few lines; what follows a megabyte is no part of one.
    try InputFile(path: path).forEachPiece { if bytes.count < 1 << 20 { bytes += $0 } }
    guard bytes.contains(where: { $0 > 0x20 }) else {
      throw CommandFailure(message: "\(path): an empty recipe", code: .badInput)
    }
    let folder = PathText.folder(of: path)
    func place(_ name: String) -> String {
      name.hasPrefix("/") || folder.isEmpty ? name : folder + "/" + name
    }
    do {
      let text = String(decoding: TextEncoding.utf8(of: bytes), as: UTF8.self)
      let (recipe, sources) = try CalibrationRecipe.read(text)
      return (
        recipe,
        sources.map {
          switch $0 {
          case .poolUsed(let name): .poolUsed(place(name))
          case .virtualMemory(let name): .virtualMemory(place(name))
          case .usage: $0
          }
        }
      )
    } catch {
      let printed = ListingReader.read(
        String(decoding: TextEncoding.utf8(of: bytes), as: UTF8.self), source: path)
      let isListing = !printed.listings.isEmpty
      throw CommandFailure(
        message: isListing
          ? "\(path) is debugger output and no recipe: synthesize --poolused \(path) --vm FILE"
          : "\(path): \(error.message)", code: .badInput)
    }
  }

  private static func target(
    _ sources: [CalibrationRecipe.Source]
  ) throws(CommandFailure) -> CalibrationTarget {
    var paths: [String] = []
    var usage: UInt64?
    for source in sources {
      switch source {
      case .poolUsed(let path), .virtualMemory(let path):
        if !paths.contains(path) { paths.append(path) }
      case .usage(let pages): usage = pages
      }
    }
    guard !paths.isEmpty else {
      throw .usage("synthesize needs a recipe, or --poolused with --vm or --usage")
    }
    var listings: [Listing] = []
    for path in paths {
      let file = try InputFile(path: path)
      var reader = ListingReader(source: file.name)
      var splitter = LineSplitter()
      try file.forEachPiece { splitter.push($0) { reader.read(line: $0) } }
      splitter.finish { reader.read(line: $0) }
      listings += reader.finish().listings
    }
    do {
      return try CalibrationTarget(listings: listings, usagePages: usage)
    } catch {
      throw CommandFailure(
        message: "\(paths.joined(separator: ", ")): \(error.message)", code: .badInput)
    }
  }

  func run(
    _ streams: StandardStreams, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> ExitCode {
    if !arguments.has("--quiet") { streams.note("seed \(recipe.seed)") }
    let place = try streams.place(of: arguments)
    let outcome: CalibratedWorkload.Outcome
    do {
      var lines = 0
      outcome = try CalibratedWorkload(target, recipe).run { line in
        lines += 1
        if lines & 1023 == 0 { streams.progress(counted(lines, "operation")) }
        var bytes: [UInt8] = []
        line.append(to: &bytes)
        place.write(bytes)
      }
    } catch {
      throw CommandFailure(message: "the figures cannot be met: \(error.message)", code: .badInput)
    }
    try place.finish()
    report(outcome, streams, arguments, isToFile: place is WholeFile)
    return .held
  }

  private func report(
    _ outcome: CalibratedWorkload.Outcome, _ streams: StandardStreams,
    _ arguments: ParsedArguments, isToFile: Bool
  ) {
    if arguments.has("--json") {
      let line = JSONValue.object([
        ("profile", .string(recipe.profile.name)), ("seed", .unsigned(recipe.seed)),
        ("operations", .unsigned(outcome.operations)),
        ("nonpaged_pages", .unsigned(outcome.nonPagedPages)),
        ("nonpaged_pages_wanted", .unsigned(target.nonPagedPages)),
        ("packed_pages", .unsigned(outcome.packedPages)), ("spells", .unsigned(outcome.spells)),
        ("pins", .unsigned(outcome.pins)), ("live_buffers", .unsigned(outcome.liveBuffers)),
      ])
      // The trace has standard output to itself.
      if isToFile { streams.print(line) } else { streams.note(line) }
    } else if !arguments.has("--quiet") {
      streams.note(
        "\(counted(outcome.operations, "operation")) on \(recipe.profile.name): the tags to the byte;"
          + " \(outcome.nonPagedPages) nonpaged pages of \(target.nonPagedPages) wanted,"
          + " \(outcome.packedPages) before \(outcome.spells) spells; \(counted(outcome.pins, "page")) kept"
          + " by one small block each")
    }
  }
}
