/// Reads debugger output line by line and says what it recognised.
///
/// The text may be any mixture of outputs with prompts, prose and noise between them, wrapped by a
/// mail program or with its blanks collapsed by a forum. Lines are recognised one by one; a block
/// line, or a value line of `!vm`, that ends too early is tried again together with the next line.
/// A block enters a listing only when one line (or the joined one) names its address, size,
/// previous size and state: nothing is ever inferred. Memory grows with what is recognised, never
/// with what is not.
public struct ListingReader: Sendable {
  /// So many oddities are kept; more are only counted.
  public static let mostOddities = 1_000

  private struct Pending {
    var bytes: [UInt8]
    var recognised: RecognisedLine
    var line: Int
    var joins = 0
  }

  private var assembler: ListingAssembler
  private var pending: Pending?
  private var lineNumber = 0

  /// A reader for one source; the name appears in oddities and listings.
  public init(source: String) {
    assembler = ListingAssembler(source: source)
  }

  /// Reads the next line, without its line end.
  public mutating func read(line raw: [UInt8]) {
    lineNumber += 1
    let bytes = LineRecogniser.normalise(raw)
    let recognised = LineRecogniser.recognise(bytes)
    if let waiting = pending {
      pending = nil
      if join(waiting, with: bytes, recognised) { return }
      flush(waiting)
    }
    let next = Pending(bytes: bytes, recognised: recognised, line: lineNumber)
    if Self.isUnfinished(recognised) {
      pending = next
    } else {
      assembler.add(recognised, bytes: bytes, line: lineNumber)
    }
  }

  /// Ends the text and gives everything that was read; the reader is not used afterwards.
  public mutating func finish() -> Reading {
    if let waiting = pending { flush(waiting) }
    pending = nil
    return assembler.finish(lines: lineNumber)
  }

  /// Reads a whole text that is in memory.
  public static func read(_ text: String, source: String) -> Reading {
    var reader = ListingReader(source: source)
    for line in LineSplitter.lines(of: text) { reader.read(line: line) }
    return reader.finish()
  }

  private static func isUnfinished(_ recognised: RecognisedLine) -> Bool {
    switch recognised {
    case .brokenBlock, .brokenValue: true
    case .block(let block): block.missing != .nothing
    default: false
    }
  }

  /// Tries the waiting line and this one as one; true when they made one line.
  private mutating func join(
    _ waiting: Pending, with bytes: [UInt8], _ recognised: RecognisedLine
  ) -> Bool {
    switch recognised {
    case .noise, .odd: break
    default: return false
    }
    let joinedBytes = waiting.bytes + [0x20] + bytes
    guard joinedBytes.count <= 512 else { return false }
    let joined = LineRecogniser.recognise(joinedBytes)
    switch (waiting.recognised, joined) {
    case (.brokenBlock, .block(let block)) where block.oddity == nil: break
    case (.brokenBlock, .special), (.brokenValue, .virtualMemoryValue): break
    case (.brokenBlock, .brokenBlock) where waiting.joins < 2,
      (.brokenValue, .brokenValue) where waiting.joins < 2:
      pending = Pending(
        bytes: joinedBytes, recognised: joined, line: waiting.line, joins: waiting.joins + 1)
      return true
    case (.block(let before), .block(let block)):
      guard block.oddity == nil else { return false }
      if before.missing == .tag, !Self.isTagTail(bytes) { return false }
      if before.missing == .process, block.missing == .process { return false }
    default: return false
    }
    if Self.isUnfinished(joined) {
      pending = Pending(
        bytes: joinedBytes, recognised: joined, line: waiting.line, joins: waiting.joins + 1)
    } else {
      assembler.add(joined, bytes: joinedBytes, line: waiting.line)
    }
    return true
  }

  /// A tag alone on its line, perhaps with its mark and what may follow a tag.
  private static func isTagTail(_ bytes: [UInt8]) -> Bool {
    var scanner = ByteScanner(bytes)
    scanner.skipBlanks()
    _ = scanner.skip(0x2A)
    let tag = scanner.word()
    scanner.skipBlanks()
    return tag.count <= 4
      && (scanner.isAtEnd || scanner.contains("(Protected)") || scanner.contains("Process:"))
  }

  private mutating func flush(_ waiting: Pending) {
    assembler.add(waiting.recognised, bytes: waiting.bytes, line: waiting.line)
  }
}
