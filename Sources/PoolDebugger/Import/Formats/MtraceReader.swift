/// glibc's mtrace: `+ pointer size`, `- pointer`, a reallocation as `< old` then `> new size`, and
/// `! pointer size` for one that failed; `@ place` may stand before each (malloc/mtrace-impl.c).
struct MtraceReader: RecordedTraceReader {
  private var reallocated: UInt64?

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.isAtEnd || scanner.next == 0x3D { return nil }
    var origin = RecordedEvent.Origin()
    if scanner.skip("@ ") { origin.site = skipPlace(&scanner) }
    guard let sign = scanner.next else { return .dropped(.unreadableLine) }
    scanner.position += 1
    scanner.skipBlanks()
    guard let pointer = scanner.pointer() else { return .dropped(.unreadableLine) }
    scanner.skipBlanks()
    let bytes = scanner.number()
    switch (sign, bytes) {
    case (0x2B, let bytes?): return .allocation(key: pointer, bytes: bytes, origin: origin)
    case (0x2D, _): return .free(key: pointer)
    case (0x3C, _):
      reallocated = pointer
      return nil
    case (0x3E, let bytes?):
      defer { reallocated = nil }
      return .reallocation(old: reallocated ?? 0, key: pointer, bytes: bytes, origin: origin)
    case (0x21, _):
      reallocated = nil
      return .dropped(.failedAllocation)
    default: return .dropped(.unreadableLine)
    }
  }

  /// A place ends with the bracketed address of the caller; a path in it may hold blanks.
  private func skipPlace(_ scanner: inout ByteScanner) -> ArraySlice<UInt8> {
    let start = scanner.position
    if let bracket = scanner.bytes[start...].lastIndex(of: 0x5D) {
      scanner.position = bracket + 1
    } else {
      _ = scanner.word()
    }
    let place = scanner.bytes[start..<scanner.position]
    scanner.skipBlanks()
    return place
  }
}
