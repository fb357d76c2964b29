/// jemalloc's utrace records: `<jemalloc>:utrace: 31532 0x800b01000 = malloc(34816)`.
struct UtraceReader: RecordedTraceReader {
  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    guard scanner.seek("utrace: "), scanner.decimal() != nil else {
      return .dropped(.otherEvent)
    }
    scanner.skipBlanks()
    if scanner.skip("malloc_init()") { return nil }
    if scanner.skip("free(") {
      return scanner.pointer().map { .free(key: $0) } ?? .dropped(.unreadableLine)
    }
    let torn = RecordedEvent.dropped(.unreadableLine)
    guard let pointer = scanner.pointer(), scanner.skip(" = ") else { return torn }
    if scanner.skip("malloc(") {
      return scanner.number().map { .allocation(key: pointer, bytes: $0, origin: .init()) } ?? torn
    }
    guard scanner.skip("realloc("), let old = scanner.pointer(), scanner.skip(", "),
      let bytes = scanner.number()
    else { return torn }
    return .reallocation(old: old, key: pointer, bytes: bytes, origin: .init())
  }
}
