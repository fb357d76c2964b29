import Foundation

/// The one file that a verb was asked to write; what fails ends the run.
struct WholeFile {
  private let file: AtomicFile

  /// Opens the file beside `path`, so that a place where nothing can be written is known at once.
  init(path: String) throws(CommandFailure) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      // A rename would put a file in the place of a device or pipe.
      throw CommandFailure(message: "\(path): not an ordinary file", code: .environment)
    }
    do throws(AtomicFile.Failure) {
      file = try AtomicFile(path: path)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// Adds bytes; a failure shows when the file is finished.
  func write(_ bytes: [UInt8]) { file.write(bytes) }

  /// Puts the file in its place.
  func finish() throws(CommandFailure) {
    do throws(AtomicFile.Failure) {
      try file.finish()
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }
}
