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
