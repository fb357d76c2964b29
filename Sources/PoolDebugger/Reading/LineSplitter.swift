import TextDecoding

/// Cuts a stream of bytes into lines without ever holding more than one of them.
///
/// UTF-16 of either order becomes UTF-8 and byte-order marks go. A stream that is no text gives no
/// lines; `binary` says what it is. A line ends at a line feed; a carriage return before it is
/// dropped. Lines longer than `longestLineBytes` are cut there and the remainder is thrown away, so
/// that a file without line ends cannot exhaust memory.
public struct LineSplitter: Sendable {
  /// The longest line kept, in bytes; no format that is read here has lines near it.
  public static let longestLineBytes = 65_536

  /// So many first bytes tell what a stream holds.
  private static let headBytes = 18

  /// How many lines were cut at `longestLineBytes`.
  public private(set) var cutLines = 0
  /// What the stream holds where that is no text, known after its first eight bytes.
  public private(set) var binary: BinaryContent?

  /// The first bytes, until they tell the encoding; nil from then on.
  private var head: [UInt8]? = []
  private var decoder: UTF16Decoder?
  private var pending: [UInt8] = []
  private var isCut = false

  /// A splitter at the start of a stream.
  public init() {}

  /// Feeds a piece of the stream; `line` is called for every line that it completes.
  public mutating func push(
    _ chunk: some Sequence<UInt8>, line: ([UInt8]) throws -> Void
  ) rethrows {
    let isDone = try chunk.withContiguousStorageIfAvailable { bytes in
      try begin(bytes, line)
      return true
    }
    if isDone == nil { try Array(chunk).withUnsafeBufferPointer { try begin($0, line) } }
  }

  /// Collects the head; what follows it goes on.
  private mutating func begin(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    guard let known = head else { return try decode(bytes, line) }
    let missing = Self.headBytes - known.count
    head = known + bytes.prefix(missing)
    guard bytes.count >= missing else { return }
    try decodeHead(line)
    try decode(UnsafeBufferPointer(rebasing: bytes[missing...]), line)
  }

  private mutating func decodeHead(_ line: ([UInt8]) throws -> Void) rethrows {
    guard let bytes = head else { return }
    head = nil
    let (encoding, markBytes) = TextEncoding.detect(bytes)
    switch encoding {
    case .utf8: if markBytes == 0 { binary = BinaryContent.detect(bytes) }
    case .utf16(let isBigEndian): decoder = UTF16Decoder(isBigEndian: isBigEndian)
    }
    try bytes.withUnsafeBufferPointer {
      try decode(UnsafeBufferPointer(rebasing: $0[markBytes...]), line)
    }
  }

  private mutating func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    guard binary == nil else { return }
    guard let text = decoder?.decode(bytes) else { return try split(bytes, line) }
    try text.withUnsafeBufferPointer { try split($0, line) }
  }

  private mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let room = Self.longestLineBytes - pending.count
      pending.append(contentsOf: bytes[start..<min(end, start + room)])
      if end - start > room, !isCut {
        isCut = true
        cutLines += 1
      }
      if end < bytes.count { try endLine(line) }
      start = end + 1
    }
  }

  /// Ends the stream: a last line without a line feed is a line too.
  public mutating func finish(line: ([UInt8]) throws -> Void) rethrows {
    try decodeHead(line)
    if let rest = decoder?.finish() { pending += rest }
    if !pending.isEmpty { try endLine(line) }
  }

  /// Splits a text that is in memory already.
  public static func lines(of text: String) -> [[UInt8]] {
    var splitter = LineSplitter()
    var lines: [[UInt8]] = []
    splitter.push(text.utf8) { lines.append($0) }
    splitter.finish { lines.append($0) }
    return lines
  }

  private mutating func endLine(_ line: ([UInt8]) throws -> Void) rethrows {
    if pending.last == 0x0D { pending.removeLast() }
    let complete = pending
    pending.removeAll(keepingCapacity: true)
    isCut = false
    try line(complete)
  }
}
