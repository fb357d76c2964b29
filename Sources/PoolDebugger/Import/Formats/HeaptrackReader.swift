/// heaptrack's files. The raw one, version 3, has `+ size trace pointer` and `- pointer`, all
/// hexadecimal; the trace index stands for the call stack. The interpreted one, which heaptrack
/// writes by default, names sizes with stacks once (`a size stack`) and then only their indices,
/// `+ index` and `- index`: which of several live blocks of one index is freed, it does not say, so
/// the one that is oldest stands for it (KDE heaptrack).
struct HeaptrackReader: RecordedTraceReader {
  /// What an index of the interpreted file stands for, and its live blocks.
  private struct Allocation {
    var bytes: UInt64
    var site: [UInt8]
    var live: [UInt64] = []
    var firstLive = 0
  }

  private var isInterpreted = false
  private var allocations: [Allocation] = []
  private var nextKey: UInt64 = 1

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    guard let kind = scanner.next else { return nil }
    scanner.position += 1
    scanner.skipBlanks()
    switch kind {
    case 0x2B: return allocation(&scanner) ?? .dropped(.unreadableLine)
    case 0x2D:
      guard let pointer = scanner.hexadecimal() else { return .dropped(.unreadableLine) }
      return isInterpreted ? free(index: pointer) : .free(key: pointer)
    case 0x61:
      isInterpreted = true
      return define(&scanner) ? nil : .dropped(.unreadableLine)
    // Version, executable, command line, pages, modules, traces, strings, instruction pointers,
    // time, resident memory, comments, suppressions, attachment.
    case 0x76, 0x78, 0x58, 0x49, 0x6D, 0x74, 0x73, 0x69, 0x63, 0x52, 0x23, 0x53, 0x41: return nil
    default: return .dropped(.unreadableLine)
    }
  }

  private mutating func allocation(_ scanner: inout ByteScanner) -> RecordedEvent? {
    guard let first = scanner.hexadecimal() else { return nil }
    if isInterpreted { return scanner.isAtEnd ? allocate(index: first) : nil }
    guard scanner.skip(" ") else { return nil }
    let start = scanner.position
    guard scanner.hexadecimal() != nil else { return nil }
    let site = scanner.bytes[start..<scanner.position]
    scanner.skipBlanks()
    guard let pointer = scanner.hexadecimal() else { return nil }
    return .allocation(key: pointer, bytes: first, origin: .init(site: site))
  }

  private mutating func define(_ scanner: inout ByteScanner) -> Bool {
    guard let bytes = scanner.hexadecimal(), scanner.skip(" ") else { return false }
    let start = scanner.position
    guard scanner.hexadecimal() != nil else { return false }
    allocations.append(
      Allocation(bytes: bytes, site: Array(scanner.bytes[start..<scanner.position])))
    return true
  }

  private mutating func allocate(index: UInt64) -> RecordedEvent {
    guard index < UInt64(allocations.count) else { return .dropped(.unreadableLine) }
    let place = Int(index)
    let key = nextKey
    nextKey += 1
    allocations[place].live.append(key)
    return .allocation(
      key: key, bytes: allocations[place].bytes, origin: .init(site: allocations[place].site[...]))
  }

  private mutating func free(index: UInt64) -> RecordedEvent {
    guard index < UInt64(allocations.count) else { return .dropped(.unreadableLine) }
    let place = Int(index)
    let first = allocations[place].firstLive
    guard first < allocations[place].live.count else { return .dropped(.allocatedBefore) }
    let key = allocations[place].live[first]
    allocations[place].firstLive = first + 1
    // What is freed is forgotten, half of the list at a time.
    if allocations[place].firstLive * 2 > allocations[place].live.count {
      allocations[place].live.removeFirst(allocations[place].firstLive)
      allocations[place].firstLive = 0
    }
    return .free(key: key)
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
