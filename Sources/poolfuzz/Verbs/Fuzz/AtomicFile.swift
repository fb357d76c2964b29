import Foundation

/// Writes files whole or not at all: beside the target, flushed, then renamed over it.
enum AtomicFile {
  /// Why a file could not be written.
  struct Failure: Error {
    /// The path.
    let path: String
    /// The system's error number.
    let code: Int32

    /// Path and reason.
    var message: String { "\(path): \(String(cString: strerror(code)))" }
  }

  /// Writes a text; creates the folder where it is missing.
  static func write(_ text: String, to path: String) throws(Failure) {
    let folder = (path as NSString).deletingLastPathComponent
    if !folder.isEmpty {
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    }
    let temporary = path + ".tmp\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
    var failure: Int32?
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count, failure == nil {
      let count = bytes[written...].withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 { written += count } else if errno != EINTR { failure = errno }
    }
    if failure == nil, fsync(descriptor) != 0 { failure = errno }
    close(descriptor)
    if failure == nil, rename(temporary, path) != 0 { failure = errno }
    guard let failure else { return }
    unlink(temporary)
    throw Failure(path: path, code: failure)
  }
}
