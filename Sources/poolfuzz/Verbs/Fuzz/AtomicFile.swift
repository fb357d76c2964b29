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

  /// What stands between a file's name and the writer's process in the name of a file that is
  /// being written.
  private static let marker = ".tmp"

  /// Writes a text; creates the folder where it is missing.
  static func write(_ text: String, to path: String) throws(Failure) {
    let folder = (path as NSString).deletingLastPathComponent
    if !folder.isEmpty {
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    }
    let temporary = path + marker + "\(getpid())"
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

/// The hash by which files of the same content get the same name (FNV-1a).
enum ContentHash {
  /// Sixteen hexadecimal digits.
  static func of(_ text: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
