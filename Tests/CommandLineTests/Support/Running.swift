import Foundation
import PoolTestSupport
import Testing

/// A run of `poolfuzz` that a test does something to.
final class Running {
  private let process = Process()
  private let scratch: Scratch

  /// Starts a run, in a folder where one is named.
  init(_ arguments: [String], in folder: String? = nil) throws {
    scratch = try Scratch()
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.executableURL = try Command.executable()
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(
      forWritingTo: URL(fileURLWithPath: try scratch.file("errors", "")))
    try process.run()
  }

  deinit { if process.isRunning { kill() } }

  /// Standard error so far.
  func errors() throws -> String { try scratch.text("errors") }

  /// Waits until standard error holds a text; fails the test after a minute.
  func waitForErrors(_ text: String) throws {
    for _ in 0..<6000 {
      if try errors().contains(text) { return }
      usleep(10_000)
    }
    Issue.record("never told '\(text)': \(try errors())")
  }

  /// Waits until the state of a campaign is written, or the run has ended.
  func waitForASave(in folder: String) {
    func saved() -> [Date] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasSuffix(".campaign") }.compactMap {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + $0)
        return attributes?[.modificationDate] as? Date
      }
    }
    let before = saved()
    while saved() == before, process.isRunning { usleep(2000) }
  }

  /// The signal that nobody can handle.
  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// A user's interrupt.
  func interrupt() { Foundation.kill(process.processIdentifier, SIGINT) }

  /// Waits for the end; returns the exit code.
  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }
}
