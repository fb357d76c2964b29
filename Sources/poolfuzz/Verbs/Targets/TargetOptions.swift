import Platform
import AllocatorTargets

/// The options that put somebody else's allocator under test.
enum TargetOptions {
  /// Their lines in the help of `fuzz`.
  static let all: [Option] =
    judging + [
      Option(
        name: "--memory-limit",
        argument: .quantity("MIB", .bytes((1 << 20)...(1 << 40), bareUnit: 1 << 20)),
        help: "a target with more resident memory grows without bound (512)")
    ]

  /// Those that name a target and say how it is asked.
  static let judging: [Option] = [
    Option(
      name: "--target", argument: .value("LIBRARY"),
      help: "another allocator: a shared library with the functions of poolfuzz_target.h or with"
        + " malloc and free, 'malloc' for the system's own, 'model' for the model",
      isRepeatable: true),
    Option(
      name: "--target-option", argument: .value("TEXT"),
      help: "text that the library gets when an allocator is created"),
    Option(
      name: "--timeout", argument: .quantity("TIME", .time()),
      help: "a trace that takes longer hangs (5s)"),
  ]

  /// The libraries named; none for the model.
  static func libraries(_ arguments: ParsedArguments) -> [String] {
    arguments.values("--target").filter { $0 != "model" }
  }

  /// What the options say about a library.
  static func settings(
    _ arguments: ParsedArguments, library: String
  ) throws(CommandFailure) -> TargetSettings {
    var settings = TargetSettings(library: path(library))
    settings.option = arguments.value("--target-option") ?? ""
    settings.timeoutSeconds = try arguments.seconds("--timeout") ?? 5
    if let bytes = try arguments.number("--memory-limit") { settings.memoryLimitBytes = bytes }
    return settings
  }

  /// A library that lies here is not looked for among the system's.
  private static func path(_ library: String) -> String {
    guard library != "malloc", !library.contains("/"),
      Files.exists(library)
    else { return library }
    return "./" + library
  }

  /// A tester, with the failure that ends the command where there can be none.
  static func tester(_ settings: TargetSettings) throws(CommandFailure) -> TargetTester {
    do throws(TargetError) {
      return try TargetTester(settings, executable: resolvedExecutable)
    } catch {
      throw CommandFailure(message: error.message, code: .badInput)
    }
  }

  /// This very program, which is also the worker. The system's link names whoever looks at it, so it
  /// is read before another process is made.
  static var resolvedExecutable: String { Machine.executablePath() ?? "/proc/self/exe" }
}
