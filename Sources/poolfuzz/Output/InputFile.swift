import Foundation

/// A file, or standard input for `-`, read piece by piece.
struct InputFile: ~Copyable {
  /// The name in messages.
  let name: String
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private static let pieceBytes = 1 << 16

  /// Opens the file.
  init(path: String) throws(CommandFailure) {
    name = path == "-" ? "standard input" : path
    ownsDescriptor = path != "-"
    descriptor = path == "-" ? 0 : open(path, O_RDONLY)
    guard descriptor >= 0 else { throw Self.failure(name) }
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  /// Calls `body` with one piece after the other to the end of the file.
  func forEachPiece(_ body: (ArraySlice<UInt8>) -> Void) throws(CommandFailure) {
    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.failure(name)
      }
      body(piece[..<count])
    }
  }

  private static func failure(_ name: String) -> CommandFailure {
    CommandFailure(message: "\(name): \(String(cString: strerror(errno)))", code: .environment)
  }
}
