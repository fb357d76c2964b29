import KernelPool

/// Reads the fields of one line, byte by byte.
///
/// The line is without its end; fields end at a blank, at `#` or with the line. No read goes
/// beyond `end`: the position only moves where there is a byte.
struct LineCursor {
  let bytes: UnsafePointer<UInt8>
  let end: Int
  var position = 0

  init(_ line: UnsafeBufferPointer<UInt8>) {
    // An empty buffer may have no address; a line without bytes is never dereferenced.
    bytes = line.baseAddress ?? UnsafePointer(LineCursor.nothing)
    end = line.count
  }

  nonisolated(unsafe) private static let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func endsField(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == UInt8(ascii: "#")
  }

  /// True where no byte of the field is left.
  @inline(__always)
  var atFieldEnd: Bool { position == end || LineCursor.endsField(bytes[position]) }

  @inline(__always)
  mutating func skipBlanks() {
    while position < end, LineCursor.isBlank(bytes[position]) { position &+= 1 }
  }

  /// Moves to the next field; false where only a comment or nothing is left.
  @inline(__always)
  mutating func moveToField() -> Bool {
    skipBlanks()
    return position < end && bytes[position] != UInt8(ascii: "#")
  }

  /// The bytes of the field at the position, which moves behind it.
  @inline(__always)
  mutating func field() -> UnsafeBufferPointer<UInt8> {
    let start = position
    while position < end, !LineCursor.endsField(bytes[position]) { position &+= 1 }
    return UnsafeBufferPointer(start: bytes + start, count: position &- start)
  }

  /// The meaning of the next field in `table`.
  @inline(__always)
  mutating func word<Value>(
    _ table: WordTable<Value>, _ expected: StaticString
  ) throws(LineFailure) -> Value {
    skipBlanks()
    let start = position
    guard let value = table.find(field()) else { throw failure(expected, at: start) }
    return value
  }

  /// Demands that nothing but a comment follows.
  @inline(__always)
  mutating func finish() throws(LineFailure) {
    guard moveToField() else { return try checkComment() }
    throw failure("the end of the line", at: position)
  }

  /// Demands that a comment, if there is one, is UTF-8.
  func checkComment() throws(LineFailure) {
    guard position < end else { return }
    let comment = UnsafeBufferPointer(start: bytes + position, count: end &- position)
    guard let offset = comment.firstInvalidUTF8 else { return }
    throw failure("UTF-8 text", at: position &+ offset)
  }

  func failure(_ expected: StaticString, at offset: Int) -> LineFailure {
    LineFailure(offset: offset, expected: expected.description)
  }

  func failure(_ expected: String, at offset: Int) -> LineFailure {
    LineFailure(offset: offset, expected: expected)
  }
}
