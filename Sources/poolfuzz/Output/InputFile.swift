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
