import Foundation
import Testing

/// Runs the built executable as a user does.
package enum Command {
  /// What a run came to.
  package struct Result {
    /// The exit code; 128 and the signal's number where a signal ended it.
    package var code: Int32
    /// Standard output.
    package var output: String
    /// Standard error.
    package var errors: String
    /// Standard output by lines.
    package var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// The executable.
  package static func executable() throws -> URL { URL(filePath: try product("poolfuzz")) }

  /// The path of a product, which the package's build leaves beside the test bundle; missing, it
  /// fails the test instead of skipping it.
  package static func product(_ name: String) throws -> String {
    let tests = try #require(Bundle.main.executableURL).resolvingSymlinksInPath()
    var folder = tests.deletingLastPathComponent()
    // On some systems the bundle is a folder and its executable lies deeper.
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent(name).path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Missing(name: name)
  }

  private struct Missing: Error {
    var name: String
  }

  /// Runs `poolfuzz` with `arguments`; standard input is `input` or the file of that path.
  package static func run(
    _ arguments: [String], input: String = "", inputPath: String? = nil,
    environment: [String: String] = [:], in folder: URL? = nil
  ) throws -> Result {
    try run(try executable(), arguments, input: input, inputPath, environment, folder)
  }

  /// Runs a script of shell, in which `$POOLFUZZ` is the executable.
  package static func shell(
    _ script: String, environment: [String: String] = [:], in folder: URL? = nil
  ) throws -> Result {
    let names = ["POOLFUZZ": try executable().path].merging(environment) { $1 }
    return try run(URL(filePath: "/bin/sh"), ["-c", script], input: "", nil, names, folder)
  }

  private static func run(
    _ executable: URL, _ arguments: [String], input: String, _ inputPath: String?,
    _ environment: [String: String], _ workingFolder: URL?
  ) throws -> Result {
    // Files instead of pipes: no run can block on one that nobody reads.
    let folder = try Scratch()
    let inputFile =
      try inputPath ?? (input.isEmpty ? "/dev/null" : folder.file("input", input))
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    if let workingFolder { process.currentDirectoryURL = workingFolder }
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputFile))
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
