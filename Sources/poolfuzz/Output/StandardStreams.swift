import Foundation
import JSONLines

/// Standard output and standard error.
///
/// Output is collected and written in large pieces. Where the reader has gone the run goes on
/// silently and ends with its own code; any other failed write, a full disk say, ends it with a
/// message.
final class StandardStreams {
  private var pending: [UInt8] = []
  /// Whether the reader of standard output has gone.
  private var isClosed = false
  private static let pieceBytes = 1 << 16

  /// Prints a line on standard output.
  func print(_ line: String) {
    pending.append(contentsOf: line.utf8)
    pending.append(UInt8(ascii: "\n"))
    if pending.count >= Self.pieceBytes { flush() }
  }

  /// Prints bytes on standard output as they are.
  func print(bytes: [UInt8]) {
    pending.append(contentsOf: bytes)
    if pending.count >= Self.pieceBytes { flush() }
  }

  /// Prints a line on standard error, at once.
  func note(_ line: String) {
    _ = Self.writeAll(Array((line + "\n").utf8), to: 2)
  }

  /// Writes what is pending.
  func flush() {
    guard !pending.isEmpty else { return }
    guard !isClosed else { return pending.removeAll(keepingCapacity: true) }
    let failure = Self.writeAll(pending, to: 1)
    pending.removeAll(keepingCapacity: true)
    guard let failure else { return }
    if failure == EPIPE {
      isClosed = true
      return
    }
    note("poolfuzz: standard output: \(String(cString: strerror(failure)))")
    exit(ExitCode.environment.rawValue)
  }

  /// Writes every byte; returns the system's error number where that fails.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
