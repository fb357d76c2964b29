/// `!pool`'s and old `!poolfind`'s line for one block, in whatever spacing it arrives.
struct BlockLine: Equatable {
  /// What the next line may still hold.
  enum Missing: Equatable { case nothing, tag, process }

  var block: ListedBlock
  var hasBacktick = false
  var warning: String?
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
      warning = "text behind the block: \(scanner.rest)"
    }
  }
}

/// One block of a page as a listing shows it.
public struct ListedBlock: Sendable, Hashable {
  /// What the listing says of the block's use.
  public enum State: Sendable, Hashable {
    /// `(Allocated)`.
    case allocated
    /// `(Free)`: on a free list.
    case free
    /// `(Free )`, with a blank: freed but parked on a lookaside list.
    case freeOnLookaside
  }

  /// The address of the block's header, as printed.
  public var address: UInt64
  /// The digits of the printed address tell x86 from x64.
  public var width: PointerWidth
  /// Size in bytes, header included.
  public var sizeBytes: UInt64
  /// Size in bytes of the block before, as this block's header says it; 0 for the first.
  public var previousSizeBytes: UInt64
  /// Allocated or free.
  public var state: State
  /// The tag; nil when the copy lost it.
  public var tag: ListedTag?
  /// The block that holds the address asked for (an asterisk).
  public var isMarked = false
  /// The tag was allocated with the protected bit (`(Protected)`, up to Windows 8.1).
  public var isProtected = false
  /// The process charged for the block (`Process:`), where one is.
  public var process: UInt64?
  /// The pool descriptor's index; only poolinfo's `!poolpage` prints it.
  public var poolIndex: UInt8?
  /// The stored pool type; only poolinfo's `!poolpage` prints it.
  public var poolType: UInt8?
  /// The line of the source it stands on, from 1.
  public var line = 0

  /// The address just behind the block; saturates for absurd sizes.
  var endAddress: UInt64 {
    let (sum, overflow) = address.addingReportingOverflow(sizeBytes)
    return overflow ? UInt64.max : sum
  }

  /// The offset of the header in its 4,096-byte page.
  var pageOffset: UInt64 { address & 0xFFF }

  /// The address of the page that holds the header.
  public var pageAddress: UInt64 { address & ~0xFFF }

  /// In use: neither on a free list nor parked on a lookaside list.
  public var isAllocated: Bool { state == .allocated }
}
