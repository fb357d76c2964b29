import Foundation

/// A file that was opened for reading, or standard input for `-`; closed with its owner.
struct OpenedFile: ~Copyable {
  /// The name in messages.
  let name: String
  /// The system's descriptor.
  let descriptor: Int32

  /// Opens the file.
  init(path: String) throws(CommandFailure) {
    name = path == "-" ? "standard input" : path
    descriptor = path == "-" ? 0 : open(path, O_RDONLY)
    guard descriptor >= 0 else { throw failure(errno) }
  }

  deinit { if descriptor > 0 { close(descriptor) } }

  /// What the system said about this file, as a failure of the run.
  func failure(_ number: Int32) -> CommandFailure {
    CommandFailure(message: "\(name): \(String(cString: strerror(number)))", code: .environment)
  }
}
