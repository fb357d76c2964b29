import Foundation
import Testing

/// Runs the built executable as a user does.
enum Command {
  /// What a run came to.
  struct Result {
    /// The exit code; 128 and the signal's number where a signal ended it.
    var code: Int32
    /// Standard output.
    var output: String
    /// Standard error.
    var errors: String
    /// Standard output by lines.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// The executable, which the package's build leaves beside the test bundle.
  static func executable() throws -> URL {
    let tests = try #require(Bundle.main.executableURL).resolvingSymlinksInPath()
    var folder = tests.deletingLastPathComponent()
    // On some systems the bundle is a folder and its executable lies deeper.
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent("poolfuzz")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Missing(tests: tests.path)
  }

  /// The executable is not there, which fails a test instead of skipping it.
  struct Missing: Error {
    var tests: String
  }

  /// Runs `poolfuzz` with `arguments`; standard input is `input` or the file of that path.
  static func run(
    _ arguments: [String], input: String = "", inputPath: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Result {
    try run(try executable(), arguments, input: input, inputPath, environment)
  }

  /// Runs a line of shell, in which `$POOLFUZZ` is the executable.
  static func shell(_ script: String) throws -> Result {
    let path = try executable().path
    return try run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", script], input: "", nil, ["POOLFUZZ": path])
  }

  private static func run(
    _ executable: URL, _ arguments: [String], input: String, _ inputPath: String?,
    _ environment: [String: String]
  ) throws -> Result {
    // Files instead of pipes: no run can block on one that nobody reads.
    let folder = try Scratch()
    let inputFile = try folder.file("input", input)
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
    process.standardInput = try FileHandle(
      forReadingFrom: URL(fileURLWithPath: inputPath ?? inputFile))
    let outputFile = try folder.file("output", "")
    let errorFile = try folder.file("errors", "")
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputFile))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorFile))
    try process.run()
    process.waitUntilExit()
    let isSignal = process.terminationReason == .uncaughtSignal
    return Result(
      code: process.terminationStatus + (isSignal ? 128 : 0),
      output: try folder.text("output"), errors: try folder.text("errors"))
  }
}
