import AllocatorTargets
import Platform
import PoolTrace
import PropertyTesting

/// The options that put somebody else's allocator under test.
enum TargetOptions {
  /// Their lines in the help of `fuzz`.
  static let all: [Option] =
    judging + [
      memoryLimit,
      Option(
        name: "--grid", argument: .word("CALL", WordList(noun: "grid", words: ["realloc"])),
        help: "instead of random programs, every reallocation of a target from size to size and"
          + " alignment to alignment around the ends of its size classes"),
      Option(
        name: "--strict", argument: .none,
        help: "what a target does not repeat three times in fresh processes fails as well"),
    ]

  /// The memory that a target may have.
  static let memoryLimit = Option(
    name: "--memory-limit",
    argument: .quantity("MIB", .bytes((1 << 20)...(1 << 40), bareUnit: 1 << 20)),
    help: "a target with more resident memory grows without bound (512); without one, ends with 4"
      + " before much more memory is taken (nine tenths of what is available)")

  /// Those that name a target and say how it is judged.
  static let judging: [Option] =
    naming + [
      Option(
        name: "--ignore", argument: .value("RULE"), help: "a rule that a target need not keep",
        isRepeatable: true),
      Option(
        name: "--only", argument: .value("RULE"), help: "judges a target by this rule alone",
        isRepeatable: true),
      Option(
        name: "--baseline", argument: .value("FILE"),
        help: "failures of a target that are known, one a line as a trace's '# failure:' has it"),
      Option(
        name: "--as-c", argument: .none,
        help: "writes a program in C beside each failing trace that shows it on the target alone"),
      Option(
        name: "--junit", argument: .value("FILE"),
        help: "writes what became of each rule of a target as JUnit XML"),
    ]

  /// Those that name a target and say how it is asked.
  static let naming: [Option] = [
    Option(
      name: "--target", argument: .value("LIBRARY"),
      help: "another allocator: a shared library with the functions of poolfuzz_target.h or with"
        + " malloc and free, 'malloc' for the system's own, 'model' for the model",
      isRepeatable: true),
    Option(
      name: "--target-option", argument: .value("TEXT"),
      help: "text that the library gets when an allocator is created"),
    Option(
      name: "--preload", argument: .value("LIBRARY"),
      help: "a library that a target's process loads first: the runtime of the sanitizer that the"
        + " target was compiled with"),
    Option(
      name: "--timeout", argument: .quantity("TIME", .time()),
      help: "a target hangs that takes so much processor time, or sleeps for so long, without an"
        + " answer (5s); without one, the longest that a trace may take (1h; in fuzz 60s, which files it)"
    ),
  ]

  /// The libraries named, one an option or separated by commas; none for the model.
  static func libraries(_ arguments: ParsedArguments) -> [String] {
    arguments.values("--target").flatMap { $0.split(separator: ",").map(String.init) }
      .filter { $0 != "model" }
  }

  /// A library's name without its folder and its versions; `glibc`, where it is the system's.
  static func shortName(_ library: String) -> String {
    guard library != "malloc" else { return "glibc" }
    let file = PathText.name(of: library)
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    return stem.hasPrefix("lib") ? String(stem.dropFirst(3)) : stem
  }

  /// What the options say about a library.
  static func settings(
    _ arguments: ParsedArguments, library: String
  ) throws(CommandFailure) -> TargetSettings {
    var settings = TargetSettings(library: path(library))
    settings.option = arguments.value("--target-option") ?? ""
    settings.preload = arguments.value("--preload") ?? ""
    settings.timeoutSeconds = try arguments.seconds("--timeout") ?? 5
    if let bytes = try arguments.number("--memory-limit") { settings.memoryLimitBytes = bytes }
    return settings
  }

  /// The rules that a target is judged by.
  static func rules(_ arguments: ParsedArguments) throws(CommandFailure) -> Set<TargetRule> {
    let only = try rules(arguments, "--only")
    let ignored = try rules(arguments, "--ignore")
    return (only.isEmpty ? Set(TargetRule.allCases) : only).subtracting(ignored)
  }

  private static func rules(
    _ arguments: ParsedArguments, _ option: String
  ) throws(CommandFailure) -> Set<TargetRule> {
    var rules: Set<TargetRule> = []
    for name in arguments.values(option) {
      guard let rule = TargetRule.named(name) else {
        throw .usage("\(option): no rule '\(name)'\(suggestion(for: name))")
      }
      rules.insert(rule)
    }
    return rules
  }

  /// The rules that are near a name; all of them where none is.
  private static func suggestion(for name: String) -> String {
    let prefix = "target."
    let word = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    let all = TargetRule.allCases.map { String($0.rawValue.dropFirst(prefix.count)) }
    let near = Suggestion.text(for: word, among: all)
    return near.isEmpty ? "; one of \(all.joined(separator: ", "))" : near
  }

  /// Refuses options that say how a target is judged where there is none.
  static func requireTarget(
    _ arguments: ParsedArguments, for names: [String]
  ) throws(CommandFailure) {
    let common = ["--ignore", "--only", "--baseline", "--as-c", "--junit"]
    guard let name = (common + names).first(where: arguments.has) else { return }
    throw .usage("\(name) goes with --target LIBRARY")
  }

  /// The failures that a baseline file names; blank lines and comments say nothing, and a line of a
  /// trace's header stands for its failure.
  static func baseline(_ arguments: ParsedArguments) throws(CommandFailure) -> Set<FailureIdentity>
  {
    guard let path = arguments.value("--baseline") else { return [] }
    var known: Set<FailureIdentity> = []
    let lines = try textOfFile(path).split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() {
      var words = line.drop { $0 == " " }
      let header = "# failure: "
      if words.hasPrefix(header) { words = words.dropFirst(header.count) }
      if words.isEmpty || words.hasPrefix("#") { continue }
      while words.last == " " { words.removeLast() }
      let rule = words.prefix { $0 != " " }
      let isKnown = TargetRule.allCases.contains {
        rule == $0.rawValue || rule.hasPrefix($0.rawValue + "-")
      }
      guard isKnown, words.dropFirst(rule.count).hasPrefix(" after ") else {
        throw .usage(
          "--baseline \(path): line \(index + 1): expected 'target.RULE after CALL', found '\(words)'"
            + (isKnown ? "" : suggestion(for: String(rule))))
      }
      known.insert(FailureIdentity(String(words)))
    }
    return known
  }

  /// A library that lies here is not looked for among the system's.
  private static func path(_ library: String) -> String {
    let prefix = library.hasPrefix("malloc:") ? "malloc:" : ""
    let file = String(library.dropFirst(prefix.count))
    guard library != "malloc", !file.contains("/"), Files.exists(file) else { return library }
    return prefix + "./" + file
  }

  /// A tester, with the failure that ends the command where there can be none.
  static func tester(_ settings: TargetSettings) throws(CommandFailure) -> TargetTester {
    do throws(TargetError) {
      return try TargetTester(settings, executable: resolvedExecutable)
    } catch {
      throw CommandFailure(message: error.message, code: .badInput)
    }
  }

  /// The reallocations of a target that are tried one by one.
  static func grid(_ tester: TargetTester) throws(CommandFailure) -> ReallocGrid {
    let ends = try asking { () throws(TargetError) in try tester.classEnds() }
    let grid = ReallocGrid(for: tester.capabilities, classEnds: ends)
    guard grid.cellCount > 0 else {
      throw .usage("--grid realloc: the library has no realloc")
    }
    return grid
  }

  /// A target that cannot be asked any more ends the command.
  static func asking<Value>(
    _ body: () throws(TargetError) -> Value
  ) throws(CommandFailure) -> Value {
    do throws(TargetError) {
      return try body()
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// This very program, which is also the worker. The system's link names whoever looks at it, so it
  /// is read before another process is made.
  static var resolvedExecutable: String { Machine.executablePath() ?? "/proc/self/exe" }
}
