/// Bug checks in the forms in which people paste them.
enum BugCheckLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.skip("BugCheck ") { return braces(scanner) }
    if scanner.skip("BUGCHECK_CODE: ") {
      return scanner.hexadecimal().map { .bugCheckCode($0) }
    }
    if scanner.skip("BUGCHECK_P") || scanner.skip("Arg") { return parameter(scanner) }
    switch scanner.next {
    case 0x2A,
      0x53 where scanner.contains("STOP: 0x"):
      return stop(scanner)
    case 0x42, 0x4B, 0x44, 0x53: return title(scanner) ?? vector(scanner)
    default: return vector(scanner)
    }
  }

  /// `BugCheck C2, {7, 4a424b43, 40a0018, ffffa0068e4956f0}`.
  private static func braces(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let code = scanner.hexadecimal(), scanner.skip(", {") else { return nil }
    return parameters(&scanner, code: code, separator: ",")
  }

  /// `*** STOP: 0x00000019 (0x00000020,0x...,0x...,0x...)`.
  private static func stop(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard scanner.seek("STOP: 0x"), let code = scanner.hexadecimal(), scanner.skip(" (") else {
      return nil
    }
    return parameters(&scanner, code: code, separator: ",")
  }

  /// `BAD_POOL_HEADER (19)` heads the text of `!analyze`.
  private static func title(_ line: ByteScanner) -> RecognisedLine? {
    for name: StaticString in [
      "BAD_POOL_HEADER (", "BAD_POOL_CALLER (", "KERNEL_MODE_HEAP_CORRUPTION (",
      "DRIVER_CORRUPTED_MMPOOL (", "DRIVER_CORRUPTED_EXPOOL (",
      "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION (",
    ] {
      var scanner = line
      guard scanner.skip(name), let code = scanner.hexadecimal(), scanner.skip(")") else {
        continue
      }
      return .bugCheckCode(code)
    }
    return nil
  }

  private static func parameter(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let index = scanner.decimal(), (1...4).contains(index), scanner.skip(": "),
      let value = scanner.hexadecimal()
    else { return nil }
    return .bugCheckParameter(index: Int(index), value: value)
  }

  /// `19|20|p2|p3|p4|system|remark|source`: a table of vectors.
  private static func vector(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let code = scanner.hexadecimal(), code <= 0xFFFF_FFFF, scanner.skip("|") else {
      return nil
    }
    return parameters(&scanner, code: code, separator: "|")
  }

  private static func parameters(
    _ scanner: inout ByteScanner, code: UInt64, separator: StaticString
  ) -> RecognisedLine? {
    var listing = BugCheckListing(code: code)
    for index in 0..<4 {
      scanner.skipBlanks()
      _ = scanner.skip("0x")
      guard let value = scanner.hexadecimal() else {
        return index == 0 ? nil : .odd("a bug check with fewer than four parameters")
      }
      listing.parameters[index] = value
      if index < 3, !scanner.skip(separator) {
        return .odd("a bug check with fewer than four parameters")
      }
    }
    _ = scanner.skip("|") || scanner.skip("}") || scanner.skip(")")
    listing.remark = scanner.rest
    return .bugCheck(listing)
  }
}
