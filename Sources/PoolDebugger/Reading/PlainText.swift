/// A line without the marks of forums, mail and trackers.
///
/// Backticks at the edge of a word, quotation marks, asterisks of emphasis, BBCode and HTML tags go.
/// A backtick between two groups of eight hexadecimal digits joins them to one number.
enum PlainText {
  /// Longer lines are no bug check, and are not looked at.
  static let mostBytes = 2_048

  static func strip(_ bytes: [UInt8]) -> [UInt8] {
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x60:
        // Torn halves stay apart, so that no number is made of them.
        if isBetweenDigits(bytes, index), !joins(bytes, index) { plain.append(byte) }
      case 0x2A, 0x00: break
      case 0x5B, 0x3C:
        if let end = tagEnd(bytes, index) {
          index = end
        } else {
          plain.append(byte)
        }
      case 0x3E where plain.allSatisfy { $0 == 0x20 }: break
      case 0x09: plain.append(0x20)
      default: plain.append(byte)
      }
      index += 1
    }
    return plain
  }

  private static func isBetweenDigits(_ bytes: [UInt8], _ index: Int) -> Bool {
    index > 0 && index + 1 < bytes.count && isDigit(bytes[index - 1]) && isDigit(bytes[index + 1])
  }

  private static func joins(_ bytes: [UInt8], _ index: Int) -> Bool {
    let before = bytes[..<index].reversed().prefix { isDigit($0) }.count
    let after = bytes[(index + 1)...].prefix { isDigit($0) }.count
    return before == 8 && after == 8
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    ByteScanner.hexadecimalDigit(byte) != nil
  }

  /// The end of `[B]`, `[/COLOR]`, `<b>` or `</code>`, which begins at `start`.
  private static func tagEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    let close: UInt8 = bytes[start] == 0x5B ? 0x5D : 0x3E
    guard start + 1 < bytes.count else { return nil }
    let first = bytes[start + 1]
    let isLetter = (0x41...0x5A).contains(first & 0xDF)
    guard isLetter || first == 0x2F else { return nil }
    return bytes[(start + 1)...].prefix(64).firstIndex(of: close)
  }
}

/// Debugger prompts (`3: kd> !pool fa808000`) and bare commands.
enum CommandLineText {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    let isPrompt = skipPrompt(&scanner)
    scanner.skipBlanks()
    guard scanner.skip(0x21) else {
      return isPrompt ? .command(name: "", arguments: scanner.rest) : nil
    }
    let start = scanner.position
    while let byte = scanner.next, isLetter(byte) { scanner.position += 1 }
    guard scanner.position > start, scanner.position - start <= 32 else { return nil }
    let name = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
    return .command(name: name, arguments: scanner.rest)
  }

  /// `kd>`, `lkd>`, `3: kd>`, `0: kd:x86>`.
  private static func skipPrompt(_ scanner: inout ByteScanner) -> Bool {
    var attempt = scanner
    if attempt.decimal() != nil {
      guard attempt.skip(":") else { return false }
      attempt.skipBlanks()
    }
    _ = attempt.skip(0x6C)
    guard attempt.skip("kd") else { return false }
    if attempt.skip(":") {
      while let byte = attempt.next, isLetter(byte) || (0x30...0x39).contains(byte) {
        attempt.position += 1
      }
    }
    guard attempt.skip(0x3E) else { return false }
    scanner = attempt
    return true
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
  }
}

/// The debugger's sentences about what it could not read, as tables.
///
/// The wordings are those of the debuggers of the last two decades; the older ones (`Bad previous
/// allocation size`) are accepted although no public listing with them was found.
enum MessageLine {
  typealias Sentence = (StaticString, DebuggerMessage.Kind)

  /// Sentences that begin with an address.
  static let behindAddress: [Sentence] = [
    ("doesn't look like a valid small pool", .implausibleSmallBlock),
    ("is not a valid small pool allocation", .implausibleSmallBlock),
    ("is not a valid large pool allocation", .notLargeAllocation),
    ("is not valid pool", .notPool),
    ("is freed (or corrupt) pool", .freedOrCorrupt),
    // The suite's own printer.
    (": size is zero; the chain", .badSize), (": block ends ", .badSize),
    (": previous size is ", .badPreviousSize),
  ]

  /// Sentences that hold an address further on, or none.
  static let anywhere: [Sentence] = [
    ("Unable to read large session pool table", .sessionTableUnreadable),
    ("could not be read. It may be a freed", .unreadableMemory),
    ("Failed to read heap key", .heapKeyUnreadable),
    ("Unable to get MiVisibleState", .debuggerNotReady),
    ("Unable to get NonPagedPool", .debuggerNotReady),
    ("Unable to get PagedPool", .debuggerNotReady),
    ("unable to get nt!Mm", .debuggerNotReady),
    ("unable to get pool big page table", .debuggerNotReady),
    ("HeapDbgInitExtension Failed", .debuggerNotReady),
    ("unable to read from", .debuggerNotReady),
    ("Unable to read MiSystemVaType", .debuggerNotReady),
    ("Bad previous allocation size", .badPreviousSize),
    ("Bad allocation size", .badSize),
  ]

  /// The letters that such a sentence begins with: most lines are dismissed by their first one.
  private static let initials: Set<UInt8> = Set("UuFHGABi".utf8)

  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var start = line
    start.skipBlanks()
    guard let first = start.next, initials.contains(first) else { return nil }
    for (phrase, kind) in anywhere where line.contains(phrase) {
      return .message(kind, address(in: line))
    }
    if line.contains("if the entire page is actually part of") { return .validationRemark }
    return nil
  }

  private static func address(in line: ByteScanner) -> UInt64? {
    var scanner = line
    while !scanner.isAtEnd {
      scanner.skipBlanks()
      _ = scanner.skip(0x40)
      if let address = ListedAddress.scan(&scanner) { return address.value }
      _ = scanner.word()
    }
    return nil
  }
}

/// A sentence with which the debugger says that it could not read or believe something.
public struct DebuggerMessage: Sendable, Hashable {
  /// Which sentence it is.
  public enum Kind: Sendable, Hashable {
    /// The block header is implausible; the page may belong to a large allocation.
    case implausibleSmallBlock
    /// The address is not in the table of large allocations.
    case notLargeAllocation
    /// The dump holds no session data.
    case sessionTableUnreadable
    /// Nothing matched: the address is no pool.
    case notPool
    /// The memory is not in the dump.
    case unreadableMemory
    /// An old debugger met a pool that the segment heap serves.
    case heapKeyUnreadable
    /// Symbols or kernel variables are missing.
    case debuggerNotReady
    /// Old wording: the previous size at an address contradicts the block before.
    case badPreviousSize
    /// Old wording: the size at an address is zero or too large.
    case badSize
    /// Old wording: freed or corrupt pool.
    case freedOrCorrupt
  }

  /// Which sentence it is.
  public var kind: Kind
  /// The address it names, if any.
  public var address: UInt64?
  /// The line it stands on, from 1.
  public var line: Int
}

/// An address as it is printed: eight digits on x86, sixteen on x64.
///
/// `!pool` prints no backtick in the middle of an address; other commands do, and so do invented
/// examples, so one is accepted and remembered.
struct ListedAddress: Equatable {
  var value: UInt64
  var width: PointerWidth
  var hasBacktick: Bool

  /// Reads eight to sixteen digits that end at something else than a letter or digit.
  static func scan(_ scanner: inout ByteScanner) -> ListedAddress? {
    var attempt = scanner
    _ = attempt.skip("0x")
    guard var (value, digits) = attempt.hexadecimalDigits() else { return nil }
    var hasBacktick = false
    if digits == 8, attempt.next == 0x60 {
      var low = attempt
      _ = low.skip(0x60)
      if let second = low.hexadecimalDigits(), second.digits == 8 {
        value = value << 32 | second.value
        digits = 16
        hasBacktick = true
        attempt = low
      }
    }
    guard digits >= 8 else { return nil }
    scanner = attempt
    return ListedAddress(
      value: value, width: digits > 8 ? .bits64 : .bits32, hasBacktick: hasBacktick)
  }
}
