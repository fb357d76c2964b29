/// Android's memory_replay: `thread: action pointer arguments`.
struct MemoryReplayReader: RecordedTraceReader {
  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.isAtEnd { return nil }
    guard let (action, position) = Self.action(in: line) else { return .dropped(.unreadableLine) }
    scanner = ByteScanner(line.bytes, at: position)
    let torn = RecordedEvent.dropped(.unreadableLine)
    guard let pointer = scanner.number() else { return torn }
    func argument() -> UInt64? {
      scanner.skipBlanks()
      return scanner.number()
    }
    switch action {
    case "thread_done": return nil
    case "free": return .free(key: pointer)
    case "malloc":
      return argument().map { .allocation(key: pointer, bytes: $0, origin: .init()) } ?? torn
    case "realloc":
      guard let old = argument(), let bytes = argument() else { return torn }
      return .reallocation(old: old, key: pointer, bytes: bytes, origin: .init())
    default:
      guard let first = argument(), let bytes = argument() else { return torn }
      let total = action == "calloc" ? Saturating.product(first, bytes) : bytes
      return .allocation(key: pointer, bytes: total, origin: .init())
    }
  }

  static func action(in line: ByteScanner) -> (String, Int)? {
    var scanner = line
    scanner.skipBlanks()
    guard scanner.decimal() != nil, scanner.skip(0x3A), scanner.skip(0x20) else { return nil }
    let name = String(decoding: scanner.word().prefix(16), as: UTF8.self)
    guard ["malloc", "calloc", "realloc", "memalign", "free", "thread_done"].contains(name) else {
      return nil
    }
    scanner.skipBlanks()
    return (name, scanner.position)
  }
}
