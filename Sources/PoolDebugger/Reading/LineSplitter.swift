/// Cuts a stream of bytes into lines without ever holding more than one of them.
///
/// A line ends at a line feed; a carriage return before it is dropped. Lines longer than
/// `longestLineBytes` are cut there and the remainder is thrown away, so that a file without line
/// ends cannot exhaust memory.
public struct LineSplitter: Sendable {
  /// The longest line kept, in bytes; no format that is read here has lines near it.
  public static let longestLineBytes = 65_536

  /// How many lines were cut at `longestLineBytes`.
  public private(set) var cutLines = 0

  private var pending: [UInt8] = []
  private var isCut = false

  /// A splitter at the start of a stream.
  public init() {}

  /// Feeds a piece of the stream; `line` is called for every line that it completes.
  public mutating func push(
    _ chunk: some Sequence<UInt8>, line: ([UInt8]) throws -> Void
  ) rethrows {
    let isDone = try chunk.withContiguousStorageIfAvailable { bytes in
      try split(bytes, line)
      return true
    }
    if isDone == nil { try Array(chunk).withUnsafeBufferPointer { try split($0, line) } }
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
