/// valgrind's `--trace-malloc=yes`: `--123-- malloc(64) = 0x4A5B040` and the like, C++ operators
/// by their mangled names.
struct ValgrindReader: RecordedTraceReader {
  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    guard let (name, position) = Self.call(in: line) else { return .dropped(.otherEvent) }
    var scanner = ByteScanner(line.bytes, at: position)
    let origin = RecordedEvent.Origin()
    let torn = RecordedEvent.dropped(.unreadableLine)
    if name == "free" || name == "cfree" || name.hasPrefix("_Zd") {
      return scanner.pointer().map { .free(key: $0) } ?? torn
    }
    if name == "realloc" {
      guard let old = scanner.pointer(), scanner.skip(","), let bytes = scanner.number(),
        let pointer = Self.result(scanner)
      else { return torn }
      return .reallocation(old: old, key: pointer, bytes: bytes, origin: origin)
    }
    if name == "memalign" { _ = scanner.seek("size") }
    scanner.skipBlanks()
    guard var bytes = scanner.number() else { return torn }
    if name == "calloc" {
      guard scanner.skip(","), let size = scanner.number() else { return torn }
      bytes = Saturating.product(bytes, size)
    }
    guard let pointer = Self.result(scanner) else { return torn }
    return .allocation(key: pointer, bytes: bytes, origin: origin)
  }

  private static func result(_ line: ByteScanner) -> UInt64? {
    var scanner = line
    guard scanner.seek(" = ") else { return nil }
    return scanner.pointer()
  }

  /// The function's name and where its arguments begin.
  static func call(in line: ByteScanner) -> (String, Int)? {
    var scanner = line
    guard scanner.skip("--"), scanner.decimal() != nil, scanner.skip("-- ") else { return nil }
    let start = scanner.position
    guard let bracket = scanner.bytes[start...].prefix(64).firstIndex(of: 0x28) else { return nil }
    let name = String(decoding: scanner.bytes[start..<bracket], as: UTF8.self)
    let isKnown =
      ["malloc", "calloc", "realloc", "memalign", "free", "cfree"].contains(name)
      || name.hasPrefix("_Zn") || name.hasPrefix("_Zd")
    return isKnown ? (name, bracket + 1) : nil
  }
}
