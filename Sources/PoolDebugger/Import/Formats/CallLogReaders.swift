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
