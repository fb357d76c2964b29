import Foundation

/// A folder of a test's own, gone when the test is.
final class Scratch {
  /// Its path.
  let path: String

  /// Makes an empty folder.
  init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("poolfuzz-tests-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }

  /// Writes a file and returns its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Makes a file of zeros that takes no room on the disk, and returns its path.
  func sparseFile(_ name: String, byteCount: UInt64) throws -> String {
    let file = try file(name, "")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.truncate(atOffset: byteCount)
    try handle.close()
    return file
  }

  /// Makes a folder and returns its path.
  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
    return path + "/" + name
  }

  /// The text of a file.
  func text(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)), as: UTF8.self)
  }
}
