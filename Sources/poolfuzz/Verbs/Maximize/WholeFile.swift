import Foundation

/// A file that appears whole or not at all: it is written beside its place, flushed and renamed.
final class WholeFile {
  private let path: String
  private let temporaryPath: String
  private var descriptor: Int32
  private var isDone = false
  /// The system's error number of the first write that failed.
  private var failure: Int32?

  /// Opens the file beside `path`, so that a place where nothing can be written is known at once.
  init(path: String) throws(CommandFailure) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      // A rename would put a file in the place of a device or pipe.
      throw CommandFailure(message: "\(path): not an ordinary file", code: .environment)
    }
    self.path = path
    temporaryPath = "\(path).\(getpid()).partial"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path, errno) }
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
      let count = bytes.withUnsafeBytes {
        Foundation.write(
          descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        failure = errno
      }
    }
  }

  /// Puts the file in its place.
  func finish() throws(CommandFailure) {
    if failure == nil, fsync(descriptor) != 0, errno != EINVAL { failure = errno }
    if failure == nil, rename(temporaryPath, path) != 0 { failure = errno }
    if let failure { throw Self.failure(path, failure) }
    close(descriptor)
    isDone = true
  }

  private static func failure(_ path: String, _ number: Int32) -> CommandFailure {
    CommandFailure(message: "\(path): \(String(cString: strerror(number)))", code: .environment)
  }
}
