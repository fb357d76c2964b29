/// The malloc lab's `.rep`: four header numbers, then `a id bytes`, `r id bytes` and `f id`.
struct MalloclabReader: RecordedTraceReader {
  private var headerLines = 0

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    guard let kind = scanner.next else { return nil }
    if headerLines < 4, (0x30...0x39).contains(kind) {
      headerLines += 1
      return nil
    }
    scanner.position += 1
    scanner.skipBlanks()
    // Ids begin at zero, which is kept for the null pointer.
    guard let id = scanner.decimal(), id < UInt64.max else { return .dropped(.unreadableLine) }
    let key = id + 1
    scanner.skipBlanks()
    let bytes = scanner.decimal()
    switch (kind, bytes) {
    case (0x61, let bytes?): return .allocation(key: key, bytes: bytes, origin: .init())
    case (0x72, let bytes?):
      return .reallocation(old: key, key: key, bytes: bytes, origin: .init())
    case (0x66, _): return .free(key: key)
    default: return .dropped(.unreadableLine)
    }
  }
}
