import Foundation

/// A folder of a test's own, gone when the test is.
package final class Scratch {
  /// Its path.
  package let path: String

  /// Makes an empty folder.
  package init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("poolfuzz-tests-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  /// The same as a URL.
  package var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

  /// The names of what is in it, sorted.
  package var names: [String] { (try? Self.names(path)) ?? [] }

  /// The names of what is in a folder, sorted.
  package static func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Every file below a folder, with its text, by the path from there.
  package static func tree(_ folder: String) throws -> [String: String] {
    var files: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
      files[name] = String(decoding: data, as: UTF8.self)
    }
    return files
  }

  /// Runs `poolfuzz` in the folder with the words of `line`.
  package func run(_ line: String) throws -> Command.Result {
    try Command.run(line.split(separator: " ").map(String.init), in: url)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  package func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }

  /// Writes a file and returns its path.
  package func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Makes a file of zeros that takes no room on the disk, and returns its path.
  package func sparseFile(_ name: String, byteCount: UInt64) throws -> String {
    let file = try file(name, "")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.truncate(atOffset: byteCount)
    try handle.close()
    return file
  }

  /// Makes a folder and returns its path.
  package func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
    return path + "/" + name
  }

  /// The text of a file.
  package func text(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)), as: UTF8.self)
  }
}
