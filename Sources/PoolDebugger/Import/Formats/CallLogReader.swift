/// Calls as ltrace and its like print them: `malloc(64) = 0x55d0c8`, `free(0x55d0c8) = <void>`,
/// behind whatever stands in front (process, time), `->` and library names included.
struct CallLogReader: RecordedTraceReader {
  enum Call { case malloc, calloc, realloc, memalign, free }

  private static let names: [(StaticString, Call)] = [
    ("malloc(", .malloc), ("calloc(", .calloc), ("realloc(", .realloc), ("memalign(", .memalign),
    ("aligned_alloc(", .memalign), ("free(", .free), ("operator new(", .malloc),
  ]

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    if line.rest.isEmpty { return nil }
    guard let (call, position) = Self.call(in: line) else { return .dropped(.otherEvent) }
    var scanner = ByteScanner(line.bytes, at: position)
    var values: [UInt64] = []
    while let value = scanner.argument() {
      values.append(value)
      guard scanner.skip(", ") else { break }
    }
    let torn = RecordedEvent.dropped(.unreadableLine)
    guard scanner.skip(" )") else { return torn }
    if call == .free { return values.first.map { .free(key: $0) } ?? torn }
    guard scanner.skip(" = "), let result = scanner.pointer() else { return torn }
    let origin = RecordedEvent.Origin()
    switch (call, values.count) {
    case (.malloc, 1): return .allocation(key: result, bytes: values[0], origin: origin)
    case (.calloc, 2):
      return .allocation(
        key: result, bytes: Saturating.product(values[0], values[1]), origin: origin)
    case (.memalign, 2): return .allocation(key: result, bytes: values[1], origin: origin)
    case (.realloc, 2):
      return .reallocation(old: values[0], key: result, bytes: values[1], origin: origin)
    default: return torn
    }
  }

  /// The call and where its arguments begin; a name must not be the end of a longer one.
  static func call(in line: ByteScanner) -> (Call, Int)? {
    for (name, call) in names {
      var scanner = line
      guard scanner.seek(name) else { continue }
      let start = scanner.position - name.utf8CodeUnitCount
      if start > 0, isNameByte(line.bytes[start - 1]) || line.bytes[start - 1] == 0x22 { continue }
      // ltrace prints the result behind an equals sign.
      guard ByteScanner(line.bytes, at: scanner.position).contains(" = ") else { continue }
      return (call, scanner.position)
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
      || (0x30...0x39).contains(byte)
  }
}

extension ByteScanner {
  /// A number or pointer among a call's arguments, perhaps with its name in front.
  mutating func argument() -> UInt64? {
    skipBlanks()
    if skip("nil") || skip("NULL") { return 0 }
    return number() ?? pointer()
  }
}
