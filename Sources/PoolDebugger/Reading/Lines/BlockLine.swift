/// `!pool`'s and old `!poolfind`'s line for one block, in whatever spacing it arrives.
struct BlockLine: Equatable {
  /// What the next line may still hold.
  enum Missing: Equatable { case nothing, tag, process }

  var block: ListedBlock
  var hasBacktick = false
  var oddity: String?
  var missing = Missing.nothing

  /// Width of the state field `(Allocated) ` in an intact listing; mark and tag follow it.
  private static let stateColumns = 12

  /// Reads what follows an address; nil when it is no block line or not a whole one.
  static func parse(
    _ scanner: ByteScanner, address: ListedAddress, isMarked: Bool
  ) -> BlockLine? {
    var scanner = scanner
    guard scanner.skip(" size:") else { return nil }
    let sizeStart = scanner.position
    scanner.skipBlanks()
    guard let size = scanner.hexadecimal() else { return nil }
    let isIntact = scanner.position - sizeStart >= 5
    guard scanner.skip(" previous size: "), let previous = scanner.hexadecimal() else {
      return nil
    }
    scanner.skipBlanks()
    let stateStart = scanner.position
    guard let state = state(&scanner) else { return nil }
    var line = BlockLine(
      block: ListedBlock(
        address: address.value, width: address.width, sizeBytes: size,
        previousSizeBytes: previous, state: state, isMarked: isMarked),
      hasBacktick: address.hasBacktick)
    line.moveToTag(&scanner, stateStart: stateStart, isIntact: isIntact)
    line.readTag(&scanner)
    line.readRemarks(&scanner)
    return line
  }

  private static func state(_ scanner: inout ByteScanner) -> ListedBlock.State? {
    if scanner.skip("(Allocated)") { return .allocated }
    if scanner.skip("(Free") {
      let parked = scanner.skip(0x20)
      guard scanner.skip(0x29) else { return nil }
      return parked ? .freeOnLookaside : .free
    }
    return nil
  }

  /// A tag may begin with blanks, so in an intact listing it is found by its column: behind the
  /// state field and the mark, which only `!pool` prints.
  private mutating func moveToTag(
    _ scanner: inout ByteScanner, stateStart: Int, isIntact: Bool
  ) {
    let bytes = scanner.bytes
    let column = block.state == .freeOnLookaside ? stateStart + 8 : stateStart + Self.stateColumns
    if isIntact, column < bytes.count, bytes[scanner.position..<column].allSatisfy({ $0 == 0x20 }) {
      scanner.position = column
      if bytes[column] == 0x20 { scanner.position += 1 }
    } else {
      scanner.skipBlanks()
    }
    if scanner.skip(0x2A) { block.isMarked = true }
  }

  private mutating func readTag(_ scanner: inout ByteScanner) {
    let start = scanner.position
    var end = start
    while end < scanner.bytes.count, end - start < 4 {
      if scanner.bytes[end] == 0x09 { break }
      if scanner.bytes[end] == 0x20 {
        var ahead = ByteScanner(scanner.bytes, at: end)
        ahead.skipBlanks()
        if ahead.isAtEnd || ahead.skip("Process:") || ahead.skip("(Protected)") { break }
      }
      end += 1
    }
    let bytes = scanner.bytes[start..<end]
    scanner.position = end
    if bytes.isEmpty && scanner.isAtEnd {
      missing = .tag
    } else {
      block.tag = ListedTag(bytes)
    }
  }

  private mutating func readRemarks(_ scanner: inout ByteScanner) {
    scanner.skipBlanks()
    if scanner.skip("(Protected)") { block.isProtected = true }
    scanner.skipBlanks()
    if scanner.skip("Process:") {
      scanner.skipBlanks()
      if let process = ListedAddress.scan(&scanner) {
        block.process = process.value
      } else {
        missing = .process
      }
    }
    scanner.skipBlanks()
    if !scanner.isAtEnd, missing == .nothing {
      oddity = "text behind the block: \(scanner.rest)"
    }
  }
}
