import Platform
import KernelPool
import PoolDebugger
import PoolDumps
import PoolTrace

/// What the options of `replay` ask for.
struct ReplaySettings {
  /// What is checked after each operation.
  var level: CheckLevel
  /// A profile that replaces the trace's.
  var profile: Profile?
  /// A planted bug, or none; nil for the one that the trace names.
  var mutant: Mutant?
  /// Whether skipped operations are failures.
  var isStrict: Bool
  /// The exercise that the traces answer, or a folder of them; nil for none.
  var exercise: String?
  /// What is printed at the end of each trace, in the order of the table.
  var views: [ReplayViewOption] = []
  /// Addresses or slots whose page is printed.
  var pages: [String]
  /// Sort order and filter of the tag table.
  var poolUsed: String
  /// Descriptions of tags.
  var descriptions: PoolTagDescriptions
  /// The request that the indices of free space are for; nil for one of half a page.
  var requestBytes: UInt64?
  /// Which metrics are printed.
  var metrics: MetricChoice
  /// Columns of a page map.
  var mapWidth: Int?
  /// Where the machine at the end of the trace goes as a crash dump; nil where it goes nowhere.
  var crashDump: String?
  /// What kind of dump that is.
  var dumpForm: MachineDump.Form
  /// Whether outcomes are JSON lines.
  var json: Bool
  /// Whether only failures are told.
  var quiet: Bool
  /// Whether escape sequences colour the maps.
  var colours: Bool

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    level = try arguments.checkLevel()
    mutant = try arguments.mutant()
    isStrict = arguments.has("--strict")
    exercise = arguments.value("--exercise")
    guard exercise == nil || !arguments.has("--batch") else {
      throw .usage("--exercise goes with traces, not with --batch")
    }
    profile = try arguments.value("--profile").map(Profile.chosen)
    pages = arguments.values("--pool")
    poolUsed = arguments.value("--poolused") ?? ""
    requestBytes = try arguments.number("--request")
    crashDump = arguments.value("--crash-dump")
    dumpForm = try arguments.choice("--dump-kind", default: MachineDump.Form.bitmap)
    guard crashDump != nil || !arguments.has("--dump-kind") else {
      throw .usage("--dump-kind goes with --crash-dump")
    }
    metrics = try MetricChoice(arguments.value("--metrics") ?? "")
    json = arguments.has("--json") || arguments.has("--batch")
    quiet = arguments.has("--quiet")
    mapWidth = try arguments.number("--width").map { Int(clamping: $0) }
    colours = StandardDescriptor.output.takesColours
    descriptions = .builtIn
    if let path = arguments.value("--pooltag") { descriptions = try Self.descriptions(path) }
    views = ReplayViewOption.allCases.filter { arguments.has($0.rawValue) }
    if views.contains(.state), views.count > 1 || json {
      throw .usage("--state prints nothing but the state; give it alone")
    }
  }

  private static func descriptions(_ path: String) throws(CommandFailure) -> PoolTagDescriptions {
    try PoolTagFile(Array(textOfFile(path).utf8)).descriptions
  }
}

/// What `replay` can print besides outcomes.
enum ReplayViewOption: String, CaseIterable {
  /// The result of every operation and the dumps.
  case state = "--state"
  /// The effective configuration.
  case configuration = "--show-config"
  /// What every operation changed.
  case step = "--step"
  /// Pages as the debugger prints them.
  case pool = "--pool"
  /// The tag table.
  case poolUsed = "--poolused"
  /// Usage and limits, and what the tags do not account for.
  case virtualMemory = "--vm"
  /// Fragmentation.
  case fragmentation = "--frag"
  /// The page map at the end.
  case map = "--map"
  /// The metrics.
  case metrics = "--metrics"
}
