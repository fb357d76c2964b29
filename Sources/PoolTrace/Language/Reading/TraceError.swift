/// A line that is not in the language.
public struct TraceError: Error, Hashable, Sendable {
  /// The line, from 1.
  public var line: UInt64
  /// The byte of the line, from 1.
  public var column: UInt64
  /// What was expected and what stands there instead; printable ASCII, whatever the file holds.
  public var message: String

  /// An error from its place and message.
  public init(line: UInt64, column: UInt64, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  /// `FILE:LINE:COLUMN: message`.
  public func description(file: String) -> String { "\(file):\(line):\(column): \(message)" }

  /// The error of `failure` in `text`, the line without its end.
  init(_ failure: LineFailure, line: UInt64, text: UnsafeBufferPointer<UInt8>) {
    self.line = line
    column = UInt64(failure.offset) + 1
    message =
      "expected \(failure.expected), found " + TraceError.excerpt(text, from: failure.offset)
  }

  private static let longestExcerpt = 40

  /// The field at `offset`, cut off where it is long, anything unprintable as `\xNN`.
  static func excerpt(_ text: UnsafeBufferPointer<UInt8>, from offset: Int) -> String {
    guard offset < text.count else { return "the end of the line" }
    if text[offset] == 0x20 { return "a blank" }
    var bytes: [UInt8] = [UInt8(ascii: "'")]
    var isCut = false
    for (position, byte) in text[offset...].enumerated() {
      if position > 0, LineCursor.endsField(byte) { break }
      guard position < longestExcerpt else {
        isCut = true
        break
      }
      if (0x20...0x7E).contains(byte) {
        bytes.append(byte)
      } else {
        bytes.append("\\x")
        bytes.appendHexadecimalByte(byte)
      }
    }
    bytes.append(UInt8(ascii: "'"))
    if isCut { bytes.append("...") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
