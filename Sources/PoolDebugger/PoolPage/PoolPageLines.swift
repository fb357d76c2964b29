/// Lines of `!pool`, `!poolfind`, `!poolval` and `!poolpage` that begin with words.
enum PoolLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    switch scanner.next {
    case 0x50: return page(scanner) ?? validation(scanner) ?? description(scanner)
    case 0x4F, 0x42: return description(scanner)
    case 0x53, 0x73: return search(scanner) ?? validationRemark(scanner)
    case 0x56, 0x41, 0x4E: return validation(scanner) ?? validationRemark(scanner)
    case 0x5B: return elision(scanner) ?? badPrevious(scanner)
    case 0x2E, 0xE2: return elision(scanner)
    case 0x77: return poolInfo(scanner)
    default: return nil
    }
  }

  private static func page(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard scanner.skip("Pool page ") else { return nil }
    if scanner.next == 0x5B { return nil }
    guard let address = ListedAddress.scan(&scanner), scanner.skip(" region is ") else {
      return .odd("a page line without address or region")
    }
    return .poolPage(
      address: address.value, region: scanner.rest, hasBacktick: address.hasBacktick)
  }

  private static func description(_ line: ByteScanner) -> RecognisedLine? {
    for phrase: StaticString in ["Pooltag ", "Owning component :", "Binary :"] {
      var scanner = line
      if scanner.skip(phrase) { return .description(line.rest) }
    }
    return nil
  }

  private static func search(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard
      scanner.skip("Scanning large pool allocation table for ") || scanner.skip("Searching ")
    else { return nil }
    if scanner.seek("Tag: ") {
      return .poolFindSearch(tag: ListedTag(scanner.bytes[scanner.position...].prefix(4)))
    }
    guard scanner.seek("tag 0x"), let value = scanner.hexadecimal(), value <= 0xFFFF_FFFF else {
      return .poolFindSearch(tag: nil)
    }
    return .poolFindSearch(tag: ListedTag(rawValue: UInt32(value)))
  }

  private static func validation(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    if scanner.skip("Validating Pool headers for pool page: ") {
      guard let address = ListedAddress.scan(&scanner) else {
        return .odd("a validation without an address")
      }
      return .validationStart(address.value)
    }
    guard scanner.skip("Pool page [ "), let address = ListedAddress.scan(&scanner),
      scanner.skip(" ] is ")
    else { return nil }
    // Old debuggers print `__VALID` and `__inVALID`.
    let state = scanner.rest.uppercased().filter(\.isLetter)
    guard state == "VALID" || state == "INVALID" else {
      return .odd("a validation whose result is neither valid nor invalid")
    }
    return .validationState(address.value, isValid: state == "VALID")
  }

  private static func validationRemark(_ line: ByteScanner) -> RecognisedLine? {
    for phrase: StaticString in [
      "Analyzing linked list", "Scanning for single bit errors", "None found",
    ] {
      var scanner = line
      if scanner.skip(phrase) { return .validationRemark }
    }
    return nil
  }

  private static func badPrevious(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard scanner.skip("[ "), let address = ListedAddress.scan(&scanner),
      scanner.skip(" ]: invalid previous size [ 0x"), let found = scanner.hexadecimal(),
      scanner.skip(" ] should be [ 0x"), let expected = scanner.hexadecimal()
    else { return nil }
    return .validationBadPrevious(
      PoolValidationListing.BadPreviousSize(
        address: address.value, found: found, expected: expected, line: 0))
  }

  /// Dots or `[...]`: somebody left lines out. `...terminating` ends a search.
  private static func elision(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    var dots = 0
    while let byte = scanner.next, [0x2E, 0x5B, 0x5D, 0xE2, 0x80, 0xA6].contains(byte) {
      scanner.position += 1
      dots += byte == 0x2E || byte == 0xA6 ? 1 : 0
    }
    if scanner.skip("terminating - searched pool to") { return .poolFindEnd }
    scanner.skipBlanks()
    return dots > 0 && scanner.isAtEnd ? .elision : nil
  }

  private static func poolInfo(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard scanner.skip("walking pool page @ "), let address = ListedAddress.scan(&scanner) else {
      return nil
    }
    return .poolInfoStart(address.value)
  }
}

/// `!pool`'s line for a large (page-granular) allocation.
public struct LargeAllocationLine: Sendable, Hashable {
  /// The address of the allocation.
  public var address: UInt64
  /// Its tag.
  public var tag: ListedTag
  /// Its size in bytes, as the table of large allocations has it.
  public var sizeBytes: UInt64
}

/// `!pool`'s line for an allocation in special pool, as the debugger of Windows XP prints it.
///
/// That debugger prints eight bytes too few, so that four bytes appear as fffffffc (samples 050 to
/// 052), and the end of the page instead of the block.
public struct SpecialPoolLine: Sendable, Hashable {
  /// The address as printed.
  public var address: UInt64
  /// The size as printed, in bytes.
  var printedSizeBytes: UInt64
  /// The tag.
  public var tag: ListedTag

  /// The size of the allocation in bytes: the printed one and the eight that are missing.
  public var sizeBytes: UInt64 { (printedSizeBytes &+ 8) & 0xFFFF_FFFF }
}
