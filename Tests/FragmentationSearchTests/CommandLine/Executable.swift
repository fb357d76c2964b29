import Foundation
import Testing

/// The built executable, run as a user does, in a folder of the run's own.
struct Executable {
  /// What a run came to.
  struct Result {
    /// The exit code.
    let code: Int32
    /// Standard output.
    let output: String
    /// Standard error.
    let errors: String
  }

  /// Where the runs work; gone when the test is.
  let folder: Folder

  /// A folder that lasts as long as somebody holds it.
  final class Folder {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("poolfuzz-maximize-" + UUID().uuidString)

    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The names of the files in it.
    var names: [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? []
    }
  }

  init() throws { folder = try Folder() }

  /// Runs `poolfuzz` in the folder with the words of `line`.
  func run(_ line: String) throws -> Result {
    let (output, errors) = (try Folder(), "errors")
    let files = try ["output", errors].map { name in
      let url = output.url.appendingPathComponent(name)
      try Data().write(to: url)
      return url
    }
    let process = Process()
    process.executableURL = try Self.location()
    process.arguments = line.split(separator: " ").map(String.init)
    process.currentDirectoryURL = folder.url
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Result(code: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// The package's build leaves it beside the test bundle.
  private static func location() throws -> URL {
    var folder = try #require(Bundle.main.executableURL).resolvingSymlinksInPath()
    for _ in 0..<5 {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent("poolfuzz")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
    }
    throw Missing()
  }

  /// A missing executable fails a test instead of skipping it.
  struct Missing: Error {}
}
