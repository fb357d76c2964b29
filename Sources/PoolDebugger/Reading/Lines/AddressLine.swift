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
