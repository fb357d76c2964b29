/// Lines of memory dumps, of `dt nt!_POOL_HEADER`, of `!verifier 3`, of `!poolview` and of MemProcFS.
enum MemoryLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.skip("+0x") { return field(scanner) }
    if let entry = entry(scanner) ?? numberedEntry(scanner) { return entry }
    if let head = verifierHead(scanner) { return head }
    return row(scanner).map { .memoryRow($0) }
  }

  // MARK: - Memory

  /// A row behind its address: bytes, dwords, quadwords, or one pointer with its symbol.
  static func row(_ line: ByteScanner) -> MemoryRow? {
    var scanner = line
    scanner.skipBlanks()
    guard let address = ListedAddress.scan(&scanner), scanner.next == 0x20 else { return nil }
    var bytes: [UInt8?] = []
    var unit: Int?
    while bytes.count < 16 {
      var attempt = scanner
      attempt.skipBlanks()
      // `db` puts a hyphen between its halves.
      if bytes.count == 8, unit == 1 { _ = attempt.skip(0x2D) }
      guard let (word, size) = word(&attempt), unit ?? size == size else { break }
      unit = size
      bytes += word
      scanner = attempt
    }
    guard let unit, !bytes.isEmpty, unit > 1 || bytes.count >= 8 else { return nil }
    guard isDumpEnd(scanner, unit: unit, count: bytes.count) else { return nil }
    return MemoryRow(address: address.value, width: address.width, bytes: bytes)
  }

  /// Behind a dump's words stands nothing, or their characters, or the symbol of a lone pointer; a
  /// colon or more words are a stack's.
  private static func isDumpEnd(_ scanner: ByteScanner, unit: Int, count: Int) -> Bool {
    let rest = scanner.rest
    if rest.isEmpty || count == unit { return !rest.hasPrefix(":") }
    return unit < 8 && rest.utf8.count <= count && !rest.contains("!") && !rest.hasPrefix(": ")
  }

  /// Two, eight or sixteen digits, or as many question marks.
  private static func word(_ scanner: inout ByteScanner) -> (bytes: [UInt8?], size: Int)? {
    let start = scanner.position
    var digits = 0
    var value: UInt64 = 0
    var isKnown = true
    while let byte = scanner.next, digits <= 16 {
      if byte == 0x60, digits == 8 {
        scanner.position += 1
        continue
      }
      if let digit = ByteScanner.hexadecimalDigit(byte) {
        value = value << 4 | UInt64(digit)
      } else if byte == 0x3F {
        isKnown = false
      } else {
        break
      }
      digits += 1
      scanner.position += 1
    }
    let ends = scanner.next.map { $0 == 0x20 || $0 == 0x2D } ?? true
    guard [2, 8, 16].contains(digits), ends else {
      scanner.position = start
      return nil
    }
    let count = digits / 2
    guard isKnown else { return ([UInt8?](repeating: nil, count: count), count) }
    return ((0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }, count)
  }

  // MARK: - dt

  private static let fieldNames: Set<String> = [
    "PreviousSize", "PoolIndex", "BlockSize", "PoolType", "Ulong1", "PoolTag", "ProcessBilled",
    "AllocatorBackTraceIndex", "PoolTagHash",
  ]

  /// `+0x002 BlockSize : 0y000001111 (0xf)`, behind its sign.
  private static func field(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let offset = scanner.hexadecimal() else { return nil }
    scanner.skipBlanks()
    let name = String(decoding: scanner.word(), as: UTF8.self)
    guard fieldNames.contains(name), scanner.skip(" :") else { return nil }
    scanner.skipBlanks()
    var digits = 0
    if scanner.skip("0y") {
      while let byte = scanner.next, byte == 0x30 || byte == 0x31 {
        digits += 1
        scanner.position += 1
      }
      guard scanner.skip(" (") else { return .odd("a field without its value") }
    }
    let isHexadecimal = scanner.skip("0x")
    guard let value = isHexadecimal || digits > 0 ? scanner.hexadecimal() : scanner.decimal() else {
      return nil
    }
    return .headerField(
      HeaderListing.Field(offset: offset, name: name, value: value, binaryDigits: digits))
  }

  /// `dt nt!_POOL_HEADER 0x91c26130-8`: the command's arguments; nil for another command.
  static func headerCommand(_ arguments: String) -> (isHeader: Bool, address: UInt64?)? {
    var scanner = ByteScanner(Array(arguments.utf8))
    guard scanner.skip("dt "), scanner.seek("_POOL_HEADER") else { return nil }
    scanner.skipBlanks()
    guard let address = ListedAddress.scan(&scanner) else { return (true, nil) }
    var value = address.value
    let isPlus = scanner.skip(0x2B)
    if isPlus || scanner.skip(0x2D) {
      _ = scanner.skip("0x")
      guard let distance = scanner.hexadecimal() else { return (true, nil) }
      value = isPlus ? value &+ distance : value &- distance
    }
    return (true, value)
  }

  // MARK: - Lists of allocations

  /// `86a84ebc  0x000000a0  Vfwn  f1df2fba`, or `ffff... 0x50 (Allocated) Tag1 Vs`.
  private static func entry(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let address = ListedAddress.scan(&scanner) else { return nil }
    scanner.skipBlanks()
    guard scanner.skip("0x"), let size = scanner.hexadecimal(), scanner.next == 0x20 else {
      return nil
    }
    scanner.skipBlanks()
    var entry = AllocationListing.Entry(
      address: address.value, sizeBytes: size, tag: ListedTag(""))
    let isPoolView = scanner.next == 0x28
    if isPoolView {
      if scanner.skip("(Free") {
        entry.isAllocated = false
      } else if !scanner.skip("(Allocated") {
        return nil
      }
      scanner.skipBlanks()
      guard scanner.skip(0x29) else { return nil }
      scanner.skipBlanks()
    }
    let tag = scanner.bytes[scanner.position...].prefix(4)
    guard tag.count == 4 || isPoolView, tag.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return nil
    }
    entry.tag = ListedTag(tag)
    scanner.position += tag.count
    guard scanner.isAtEnd || scanner.next == 0x20 else { return nil }
    scanner.skipBlanks()
    if isPoolView {
      let kinds = ["Vs", "Lfh", "Large", "Segment", "Backend", "Big", "Pool"]
      guard kinds.contains(where: { scanner.rest.hasPrefix($0) }) else { return nil }
    } else {
      var caller = scanner
      guard ListedAddress.scan(&caller) != nil else { return nil }
    }
    entry.caller = scanner.rest
    return .allocation(entry, isPoolView ? .poolView : .verifier)
  }

  /// `0 AfdB A ffffd582c5d02000 67000 Big NonPaged`: MemProcFS prints a number, the tag, `A` or `-`,
  /// address and size, the allocator and the pool.
  private static func numberedEntry(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let (_, digits) = scanner.hexadecimalDigits(), digits <= 8, scanner.skip(0x20) else {
      return nil
    }
    let tag = scanner.bytes[scanner.position...].prefix(4)
    guard tag.count == 4, tag.allSatisfy({ $0 >= 0x20 }) else { return nil }
    scanner.position += 4
    guard scanner.skip(0x20), let state = scanner.next, state == 0x41 || state == 0x2D else {
      return nil
    }
    scanner.position += 1
    scanner.skipBlanks()
    guard let address = ListedAddress.scan(&scanner), scanner.next == 0x20 else { return nil }
    scanner.skipBlanks()
    guard let size = scanner.hexadecimal(), scanner.next == 0x20 else { return nil }
    scanner.skipBlanks()
    let words = scanner.rest.split(separator: " ")
    guard words.count == 2, words[1].lowercased().contains("paged") else { return nil }
    var entry = AllocationListing.Entry(
      address: address.value, sizeBytes: size, tag: ListedTag(tag))
    entry.isAllocated = state == 0x41
    entry.isPaged = !words[1].lowercased().hasPrefix("non")
    return .allocation(entry, .memProcFS)
  }

  /// `86a2d4f8 Loaded 000000a0 00000854 driver.sys`.
  private static func verifierHead(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard ListedAddress.scan(&scanner) != nil else { return nil }
    scanner.skipBlanks()
    let isUnloaded = scanner.skip("Unloaded ")
    guard isUnloaded || scanner.skip("Loaded ") else { return nil }
    guard let name = scanner.rest.split(separator: " ").last, name.contains(".") else {
      return nil
    }
    return .verifiedDriver(String(name), isUnloaded: isUnloaded)
  }
}

/// Lines that begin with an address: blocks, large allocations, poolinfo rows, memory contents and
/// some of the debugger's complaints.
enum AddressLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    let isMarked = scanner.skip(0x2A)
    scanner.skipBlanks()
    guard let address = ListedAddress.scan(&scanner) else { return nil }
    if let block = sized(scanner, address: address, isMarked: isMarked) { return block }
    if let other = colon(scanner, address: address, isMarked: isMarked) { return other }
    if let words = contents(scanner) { return words }
    return complaint(scanner, address: address.value)
  }

  private static func sized(
    _ scanner: ByteScanner, address: ListedAddress, isMarked: Bool
  ) -> RecognisedLine? {
    var probe = scanner
    guard probe.skip(" size:") else { return nil }
    if let block = BlockLine.parse(scanner, address: address, isMarked: isMarked) {
      return .block(block)
    }
    probe.skipBlanks()
    if let size = probe.hexadecimal() {
      probe.skipBlanks()
      _ = probe.skip("non-")
      if probe.skip("paged special pool, Tag is ") {
        return .special(
          SpecialPoolLine(
            address: address.value, printedSizeBytes: size,
            tag: ListedTag(probe.bytes[probe.position...].prefix(4))))
      }
    }
    return .brokenBlock
  }

  private static func colon(
    _ scanner: ByteScanner, address: ListedAddress, isMarked: Bool
  ) -> RecognisedLine? {
    var scanner = scanner
    guard scanner.skip(" :") else { return nil }
    scanner.skipBlanks()
    if scanner.skip("large page allocation,") { return large(scanner, address.value) }
    if scanner.skip("tag ") { return foundEntry(scanner, address.value) }
    return PoolInfoLine.block(scanner, address: address, isMarked: isMarked)
  }

  private static func large(_ scanner: ByteScanner, _ address: UInt64) -> RecognisedLine {
    var scanner = scanner
    scanner.skipBlanks()
    let broken = RecognisedLine.odd("a large allocation without tag or size")
    guard scanner.skip("tag is ") || scanner.skip("Tag is ") else { return broken }
    let tag = ListedTag(scanner.bytes[scanner.position...].prefix { $0 != 0x2C })
    guard scanner.seek("size is 0x"), let size = scanner.hexadecimal() else { return broken }
    return .large(LargeAllocationLine(address: address, tag: tag, sizeBytes: size))
  }

  private static func foundEntry(_ scanner: ByteScanner, _ address: UInt64) -> RecognisedLine {
    var scanner = scanner
    let tag = ListedTag(scanner.bytes[scanner.position...].prefix { $0 != 0x2C }.prefix(4))
    guard scanner.seek(", size "), scanner.skip("0x") || scanner.next == 0x30,
      let size = scanner.hexadecimal()
    else { return .odd("a !poolfind entry without a size") }
    _ = scanner.skip(",")
    return .poolFindEntry(
      PoolFindListing.Entry(
        dataAddress: address, tag: tag, sizeBytes: size, pool: scanner.rest))
  }

  /// `!pool` with flag 1 and `dd` print four words a line.
  private static func contents(_ scanner: ByteScanner) -> RecognisedLine? {
    var scanner = scanner
    for _ in 0..<4 {
      scanner.skipBlanks()
      guard let word = scanner.hexadecimalDigits(), word.digits == 8 else { return nil }
    }
    scanner.skipBlanks()
    return scanner.isAtEnd ? .contents : nil
  }

  private static func complaint(_ scanner: ByteScanner, address: UInt64) -> RecognisedLine? {
    for (phrase, kind) in MessageLine.behindAddress {
      var copy = scanner
      copy.skipBlanks()
      if copy.skip(phrase) { return .message(kind, address) }
    }
    return nil
  }
}
