/// Tries the forms in turn; the first that fits names the line.
enum LineRecogniser {
  private static let forms: [@Sendable (ByteScanner) -> RecognisedLine?] = [
    CommandLineText.recognise, AddressLine.recognise, PoolLine.recognise, PoolUsedLine.heading,
    VirtualMemoryLine.recognise, LookasideLine.recognise, PoolMonitorLine.recognise,
    MemoryLine.recognise, BugCheckLine.recognise, MessageLine.recognise, TagTableLine.recognise,
  ]

  static func recognise(_ bytes: [UInt8]) -> RecognisedLine {
    var scanner = ByteScanner(bytes)
    scanner.skipBlanks()
    if scanner.isAtEnd { return .blank }
    let line = ByteScanner(bytes)
    for form in forms {
      if let recognised = form(line) { return recognised }
    }
    return looksLikeBlock(line) ?? .noise
  }

  /// Half a block line without an address (a wrapped or torn one).
  private static func looksLikeBlock(_ line: ByteScanner) -> RecognisedLine? {
    line.contains("previous size:") || line.contains("Pool page ")
      ? .odd("words of a block or page line, but not a whole one") : nil
  }

  /// Undoes what mail and web do to text: no-break spaces, quotation marks at the line's start and
  /// the byte order mark.
  static func normalise(_ bytes: [UInt8]) -> [UInt8] {
    var line = bytes
    if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    if line.contains(0xC2) {
      var index = 0
      while index + 1 < line.count {
        if line[index] == 0xC2, line[index + 1] == 0xA0 {
          line.replaceSubrange(index...(index + 1), with: [0x20])
        }
        index += 1
      }
    }
    while line.count >= 2, line[0] == 0x3E, line[1] == 0x20 { line.removeFirst(2) }
    return line
  }
}
