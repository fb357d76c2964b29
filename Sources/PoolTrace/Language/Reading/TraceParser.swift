import KernelPool

/// Reads a trace as a stream: any number of lines, in memory that depends on none of them.
///
/// Ask for one item after the other until `.finished` or `.unreadable`. A line that is not in the
/// language is an item too, and the parser goes on behind it; whoever asks decides when to stop.
/// UTF-16 of either order is read like UTF-8; columns count the bytes of the latter.
///
///     var parser = TraceParser(.fileDescriptor(0))
///     while true {
///       switch parser.next() { ... }
///     }
public struct TraceParser: ~Copyable {
  /// Whether a stream holds one trace or several.
  public enum Stream: Sendable {
    /// One; a line `end` is an error.
    case oneTrace
    /// Several, each ended by a line `end`.
    case manyTraces
  }

  /// The most bytes of a line, its end excluded.
  public static let longestLineBytes = 1 << 20

  /// The line of the item that was found last, from 1 on; it counts through a whole stream.
  public private(set) var line: UInt64 = 0

  /// What the comments before the first operation say of the trace.
  public private(set) var header = TraceHeader()

  private var lines: LineBuffer
  private let stream: Stream
  private let longestLine: Int
  private var progress = Progress.start
  /// The header is that of a trace that has ended; the next line begins another.
  private var isHeaderStale = false

  /// How far a trace has come: its configuration may only be its first operation.
  private enum Progress {
    case start, configured, running
  }

  /// A parser of `source`.
  public init(
    _ source: TraceSource, stream: Stream = .oneTrace,
    longestLineBytes: Int = TraceParser.longestLineBytes
  ) {
    self.stream = stream
    longestLine = longestLineBytes
    lines = LineBuffer(source.decoded(), limit: longestLineBytes)
  }

  /// A parser of a string.
  public init(_ text: String, stream: Stream = .oneTrace) {
    self.init(.text(text), stream: stream)
  }

  /// The next item.
  public mutating func next() -> TraceItem {
    while true {
      switch lines.next() {
      case .line(let text):
        line &+= 1
        do throws(LineFailure) {
          if let item = try parse(text) { return item }
        } catch {
          return .failure(TraceError(error, line: line, text: text))
        }
      case .tooLong:
        line &+= 1
        let message = "expected a line of at most \(longestLine) bytes, found a longer one"
        return .failure(
          TraceError(line: line, column: UInt64(longestLine) + 1, message: message))
      case .failed(let errorNumber): return .unreadable(errorNumber: errorNumber)
      case .end: return .finished
      }
    }
  }

  /// The item of a line, or nil where it is blank.
  @inline(__always)
  private mutating func parse(
    _ text: UnsafeBufferPointer<UInt8>
  ) throws(LineFailure) -> TraceItem? {
    if isHeaderStale {
      header = TraceHeader()
      isHeaderStale = false
    }
    var cursor = LineCursor(text)
    if line == 1 { cursor.skipByteOrderMark() }
    guard cursor.moveToField() else {
      try cursor.checkComment()
      if progress != .running, cursor.position < cursor.end {
        header.read(text, at: cursor.position, line: line)
      }
      return nil
    }
    let start = cursor.position
    let verb = try cursor.word(LineCursor.verbs, "an operation")
    switch verb {
    case .config: return try configuration(&cursor, at: start)
    case .endOfTrace: return try endOfTrace(&cursor, at: start)
    default:
      progress = .running
      let operation = try cursor.operation(verb)
      try cursor.finish()
      return .operation(operation)
    }
  }

  private mutating func configuration(
    _ cursor: inout LineCursor, at start: Int
  ) throws(LineFailure) -> TraceItem {
    switch progress {
    case .start: progress = .configured
    case .configured:
      throw cursor.failure("one configuration in a trace", at: start)
    case .running:
      throw cursor.failure("the configuration to be the first operation", at: start)
    }
    let configuration = try cursor.configuration()
    try cursor.finish()
    return .operation(.config(configuration))
  }

  private mutating func endOfTrace(
    _ cursor: inout LineCursor, at start: Int
  ) throws(LineFailure) -> TraceItem {
    guard stream == .manyTraces else { throw cursor.failure("an operation", at: start) }
    try cursor.finish()
    progress = .start
    isHeaderStale = true
    return .endOfTrace
  }
}

extension TraceParser {
  /// All operations of a trace in memory, or its first error.
  public static func operations(in text: String) throws(TraceError) -> [Operation] {
    try operations(in: .text(text))
  }

  /// All operations of a trace, or its first error. For a source that cannot fail to be read.
  public static func operations(in source: TraceSource) throws(TraceError) -> [Operation] {
    var parser = TraceParser(source)
    var operations: [Operation] = []
    while true {
      switch parser.next() {
      case .operation(let operation): operations.append(operation)
      case .failure(let error): throw error
      case .finished: return operations
      case .unreadable(let errorNumber):
        throw TraceError(
          line: parser.line + 1, column: 1, message: "reading failed: error \(errorNumber)")
      case .endOfTrace: preconditionFailure("the stream holds one trace")
      }
    }
  }
}

extension LineCursor {
  /// Skips the mark that some editors put before UTF-8.
  mutating func skipByteOrderMark() {
    guard end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF else { return }
    position = 3
  }
}
