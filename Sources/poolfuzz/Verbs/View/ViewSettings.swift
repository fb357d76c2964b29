import Platform
import KernelPool
import PoolReport
import PoolTrace

/// What the options of `view` ask for.
struct ViewSettings {
  /// What is made of the trace.
  enum Form {
    /// A page for a browser.
    case page
    /// A picture of the page map.
    case mapPicture
    /// A picture of a curve.
    case curvePicture(CurvePicture.Subject)
    /// Lines for a terminal.
    case text
    /// One JSON object.
    case json
  }

  /// What is made.
  var form: Form
  /// Another trace to be shown beside it; nil for none.
  var compared: String?
  /// Where it goes; nil for standard output.
  var output: String?
  /// The operation whose state is shown; nil for the last.
  var operation: UInt64?
  /// The order of the pages in pictures and text.
  var order: PageOrder?
  /// Pages of the pin report that are listed.
  var pinLimit: Int
  /// The request that the indices of free space are for; nil for one of half a page.
  var requestBytes: UInt64?
  /// Columns of a line.
  var columns: Int?
  /// What is checked after each operation.
  var level: CheckLevel
  /// A planted bug, or none; nil for the one that the trace names.
  var mutant: Mutant?
  /// A profile that replaces the trace's.
  var profile: Profile?
  /// How much is kept of a large trace.
  var limits: RecordingLimits
  /// How a dump is read.
  var dump: DumpOptions
  /// Whether nothing is told that is no failure.
  var isQuiet: Bool
  /// Whether colours are used in lines.
  var colours: Bool

  /// True where only the state after `operation` is shown.
  var needsOneState: Bool {
    switch form {
    case .mapPicture, .curvePicture(.pins), .curvePicture(.holes): true
    case .page, .curvePicture(.time), .text, .json: false
    }
  }

  /// What `--svg` may be followed by.
  static let pictures = ["map"] + CurvePicture.Subject.allCases.map(\.rawValue)

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    form = try Self.form(arguments)
    output = arguments.value("--output")
    compared = arguments.value("--compare")
    if compared != nil {
      switch form {
      case .page, .mapPicture: break
      case .curvePicture, .text, .json:
        throw .usage("--compare is for a page and for the picture of the map")
      }
    }
    operation = try arguments.number("--at")
    order = nil
    if arguments.has("--order") {
      order = try arguments.choice("--order", default: PageOrder.address)
    }
    pinLimit = Int(clamping: try arguments.number("--pins") ?? 10)
    requestBytes = try arguments.number("--request")
    columns = try arguments.number("--width").map { Int(clamping: $0) }
    level = try arguments.checkLevel()
    mutant = try arguments.mutant()
    profile = try arguments.value("--profile").map(Profile.chosen)
    let steps = try arguments.number("--steps") ?? UInt64(RecordingLimits().steps)
    let pages = try arguments.number("--pages") ?? UInt64(RecordingLimits().pages)
    guard steps > 0, pages > 0 else { throw .usage("--steps and --pages are at least 1") }
    limits = RecordingLimits(
      steps: Int(clamping: min(steps, 1 << 24)), pages: Int(clamping: min(pages, 1 << 20)))
    dump = try DumpOptions(arguments, streams)
    isQuiet = arguments.has("--quiet")
    colours = StandardDescriptor.output.takesColours && output == nil
  }

  /// The form that `--text`, `--svg` or `--json` ask for.
  static func form(_ arguments: ParsedArguments) throws(CommandFailure) -> Form {
    let asked = ["--svg", "--text", "--json"].filter(arguments.has)
    guard asked.count < 2 else {
      throw .usage("\(asked.joined(separator: " and ")) exclude each other")
    }
    switch asked.first {
    case "--text": return .text
    case "--json": return .json
    case "--svg":
      let name = arguments.value("--svg") ?? ""
      if name.isEmpty || name == "map" { return .mapPicture }
      guard let subject = CurvePicture.Subject(rawValue: name) else {
        throw .usage("--svg is one of \(pictures.joined(separator: ", ")), not '\(name)'")
      }
      return .curvePicture(subject)
    default: return .page
    }
  }
}
