/// heaptrack's raw file, version 3: `+ size trace pointer` and `- pointer`, all hexadecimal; the
/// trace index stands for the call stack (KDE heaptrack).
struct HeaptrackReader: RecordedTraceReader {
  private var isInterpreted = false

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    guard let kind = scanner.next else { return nil }
    scanner.position += 1
    scanner.skipBlanks()
    switch kind {
    case 0x2B:
      if isInterpreted { return .dropped(.interpretedFile) }
      guard let bytes = scanner.hexadecimal(), scanner.skip(" ") else { break }
      let start = scanner.position
      guard scanner.hexadecimal() != nil else { break }
      let site = scanner.bytes[start..<scanner.position]
      scanner.skipBlanks()
      guard let pointer = scanner.hexadecimal() else { break }
      return .allocation(key: pointer, bytes: bytes, origin: .init(site: site))
    case 0x2D:
      if isInterpreted { return .dropped(.interpretedFile) }
      guard let pointer = scanner.hexadecimal() else { break }
      return .free(key: pointer)
    case 0x61:
      isInterpreted = true
      return nil
    // Version, executable, command line, pages, modules, traces, strings, instruction pointers,
    // time, resident memory, comments, suppressions, attachment.
    case 0x76, 0x78, 0x58, 0x49, 0x6D, 0x74, 0x73, 0x69, 0x63, 0x52, 0x23, 0x53, 0x41: return nil
    default: break
    }
    return .dropped(.unreadableLine)
  }

  /// `v 10550 3`: program version and file version.
  static func isVersionLine(_ line: ByteScanner) -> Bool {
    var scanner = line
    guard scanner.skip("v "), scanner.hexadecimal() != nil, scanner.skip(0x20),
      scanner.hexadecimal() != nil
    else { return false }
    return scanner.rest.isEmpty
  }
}
