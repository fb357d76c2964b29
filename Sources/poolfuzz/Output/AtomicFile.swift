import Foundation

/// A file that appears whole or not at all: it is written beside its place, flushed and renamed.
final class AtomicFile {
  /// Why a file could not be written.
  struct Failure: Error {
    /// The path.
    let path: String
    /// The system's error number.
    let code: Int32

    /// Path and reason.
    var message: String { "\(path): \(String(cString: strerror(code)))" }
  }

  /// What stands between a file's name and the writer's process in the name of a file that is
  /// being written.
  private static let marker = ".tmp"

  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isDone = false
  /// The system's error number of the first write that failed.
  private var failure: Int32?

  /// Opens the file beside `path`, so that a place where nothing can be written is known at once.
  init(path: String) throws(Failure) {
    self.path = path
    temporaryPath = path + Self.marker + "\(getpid())"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
  }

  deinit {
    guard !isDone else { return }
    close(descriptor)
    unlink(temporaryPath)
  }

  /// Adds bytes; a failure shows when the file is finished.
  func write(_ bytes: [UInt8]) {
    var written = 0
    while failure == nil, written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 { written += count } else if errno != EINTR { failure = errno }
    }
  }

  /// Puts the file in its place.
  func finish() throws(Failure) {
    if failure == nil, fsync(descriptor) != 0, errno != EINVAL { failure = errno }
    if failure == nil, rename(temporaryPath, path) != 0 { failure = errno }
    if let failure { throw Failure(path: path, code: failure) }
    close(descriptor)
    isDone = true
  }

  /// Writes a text; creates the folder where it is missing.
  static func write(_ text: String, to path: String) throws(Failure) {
    let folder = PathText.folder(of: path)
    if !folder.isEmpty {
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    }
    let file = try AtomicFile(path: path)
    file.write(Array(text.utf8))
    try file.finish()
  }

  /// Removes what writers that were killed have left in a folder and the folders in it.
  static func removeLeftovers(in folder: String) {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return }
    for case let name as String in names {
      guard let range = name.range(of: marker, options: .backwards),
        let process = pid_t(name[range.upperBound...]), process != getpid(),
        kill(process, 0) != 0
      else { continue }
      unlink(folder + "/" + name)
    }
  }
}
