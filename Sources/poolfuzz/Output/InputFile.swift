import Foundation

/// A file, or standard input for `-`, read piece by piece.
struct InputFile: ~Copyable {
  private let file: OpenedFile
  private static let pieceBytes = 1 << 16

  /// Opens the file.
  init(path: String) throws(CommandFailure) { file = try OpenedFile(path: path) }

  /// The name in messages.
  var name: String { file.name }

  /// Calls `body` with one piece after the other to the end of the file.
  func forEachPiece(_ body: (ArraySlice<UInt8>) -> Void) throws(CommandFailure) {
    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      let count = read(file.descriptor, &piece, piece.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw file.failure(errno)
      }
      body(piece[..<count])
    }
  }
}

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

/// The parts of a path, by its text alone: a name of one letter is a name like any other.
enum PathText {
  /// The folder that holds what the path names: empty for a name alone, `/` for one in the root.
  static func folder(of path: String) -> String {
    let trimmed = trimmed(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "" }
    let folder = Self.trimmed(trimmed[..<slash])
    return folder.isEmpty ? "/" : String(folder)
  }

  /// The last name of the path; `/` for the root.
  static func name(of path: String) -> String {
    let trimmed = trimmed(path)
    guard let slash = trimmed.lastIndex(of: "/") else {
      return trimmed.isEmpty && path.hasPrefix("/") ? "/" : String(trimmed)
    }
    return String(trimmed[trimmed.index(after: slash)...])
  }

  /// Without slashes at its end.
  private static func trimmed(_ path: some StringProtocol) -> Substring {
    var rest = Substring(path)
    while rest.hasSuffix("/") { rest.removeLast() }
    return rest
  }
}
