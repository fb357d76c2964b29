/// Linux kernel memory events: `kmalloc`, `kmem_cache_alloc`, `kfree`, `kmem_cache_free` and their
/// `_node` forms, as `trace-cmd report`, `perf script` and babeltrace (LTTng) print them. The call
/// site becomes the tag. A free of the null pointer is ordinary there and left out.
struct KmemReader: RecordedTraceReader {
  enum Event { case allocation, free }

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.isAtEnd || scanner.next == 0x23 { return nil }
    guard let (event, position) = Self.event(in: line) else { return .dropped(.otherEvent) }
    let fields = ByteScanner(line.bytes, at: position)
    var pointer = fields
    guard pointer.seek(" ptr = ") else { return .dropped(.unreadableLine) }
    guard let address = pointer.pointer() else { return .dropped(.hiddenAddress) }
    guard event == .allocation else { return .free(key: address) }
    var size = fields
    guard size.seek("bytes_req = "), let bytes = size.decimal() else {
      return .dropped(.unreadableLine)
    }
    var site = fields
    var name = site.seek("call_site = ") ? site.word() : nil
    if name?.last == 0x2C { name?.removeLast() }
    return .allocation(key: address, bytes: bytes, origin: .init(site: name))
  }

  /// The event's kind and where its fields begin.
  static func event(in line: ByteScanner) -> (Event, Int)? {
    var scanner = line
    while scanner.seek(":") {
      // The name stands before a colon, behind a blank or the subsystem's colon.
      var start = scanner.position - 1
      while start > 0, isNameByte(line.bytes[start - 1]) { start -= 1 }
      let name = ByteScanner(line.bytes, at: start)
      if let event = event(named: name, end: scanner.position - 1) {
        return (event, scanner.position)
      }
    }
    return nil
  }

  private static let names: [(StaticString, Event)] = [
    ("kmalloc_node:", .allocation), ("kmalloc:", .allocation),
    ("kmem_cache_alloc_node:", .allocation), ("kmem_cache_alloc:", .allocation),
    ("kfree:", .free), ("kmem_cache_free:", .free), ("kmem_kmalloc_node:", .allocation),
    ("kmem_kmalloc:", .allocation), ("kmem_kfree:", .free),
  ]

  private static func event(named name: ByteScanner, end: Int) -> Event? {
    for (wanted, event) in names where wanted.utf8CodeUnitCount == end - name.position + 1 {
      var scanner = name
      if scanner.skip(wanted) { return event }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || byte == 0x5F
  }
}
