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
      if case .target(.target) = verb, progress == .running {
        throw cursor.failure("the allocator's arena before every operation", at: start)
      }
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

/// What a parser finds next.
public enum TraceItem: Equatable, Sendable {
  /// A line in the language.
  case operation(Operation)
  /// A line that is not. The parser can go on behind it.
  case failure(TraceError)
  /// A line `end`, where several traces share one stream: the next line begins another trace.
  case endOfTrace
  /// The bytes could not be read, with the system's error number. Nothing follows.
  case unreadable(errorNumber: Int32)
  /// The last byte has been read. Nothing follows.
  case finished
}

/// What a trace's first comments say of it: `# failure:`, `# mutant:`, `# target:`, `# replay:`.
///
/// They belong to the language: whoever replays the file plants the bug that it was recorded with,
/// looks for the failure that it shows, and never loads a target because a file names one. They are
/// read up to the first operation; of two lines of one name the first counts.
public struct TraceHeader: Equatable, Sendable {
  /// A value and where it stands.
  public struct Entry: Equatable, Sendable {
    /// What follows the name, without blanks around it.
    public let value: String
    /// The line, from 1 on.
    public let line: UInt64
  }

  /// The identity of the failure that the trace shows.
  public private(set) var failure: Entry?
  /// The planted bug of the model that it was found with.
  public private(set) var mutant: Entry?
  /// The allocator that it was recorded against, where that is not the model.
  public private(set) var target: Entry?
  /// The command that judges it, with `FILE` for its path.
  public private(set) var command: Entry?
  /// What it was made from, where that is a listing of pages, which tells no traffic.
  public private(set) var listed: Entry?

  /// Says nothing.
  public init() {}

  private static let names:
    [(name: StaticString, place: WritableKeyPath<TraceHeader, Entry?> & Sendable)] = [
      ("failure:", \.failure), ("mutant:", \.mutant), ("target:", \.target),
      ("replay:", \.command), ("listed:", \.listed),
    ]

  /// The planted bug that is named; nil where none is. Throws where there is no such bug.
  public func plantedBug() throws(TraceError) -> Mutant? {
    guard let mutant else { return nil }
    guard let bug = Mutant(rawValue: mutant.value) else {
      throw TraceError(
        line: mutant.line, column: 1,
        message: "expected the name of a planted bug, found '\(mutant.value)'")
    }
    return bug
  }

  /// Takes a comment line, whose `#` stands at `start`.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>, at start: Int, line: UInt64) {
    var rest = text[(start + 1)...].drop(while: LineCursor.isBlank)
    for (name, place) in Self.names {
      let count = name.utf8CodeUnitCount
      guard self[keyPath: place] == nil, rest.count > count,
        rest.prefix(count).elementsEqual(
          UnsafeBufferPointer(start: name.utf8Start, count: count))
      else { continue }
      rest = rest.dropFirst(count).drop(while: LineCursor.isBlank)
      while let last = rest.last, LineCursor.isBlank(last) { rest.removeLast() }
      guard !rest.isEmpty else { return }
      self[keyPath: place] = Entry(value: String(decoding: rest, as: UTF8.self), line: line)
      return
    }
  }
}

/// A line that is not in the language.
public struct TraceError: Error, Hashable, Sendable {
  /// The line, from 1.
  public var line: UInt64
  /// The byte of the line, from 1.
  public var column: UInt64
  /// What was expected and what stands there instead; printable ASCII, whatever the file holds.
  public var message: String

  /// An error from its place and message.
  public init(line: UInt64, column: UInt64, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  /// `FILE:LINE:COLUMN: message`.
  public func description(file: String) -> String { "\(file):\(line):\(column): \(message)" }

  /// The error of `failure` in `text`, the line without its end.
  init(_ failure: LineFailure, line: UInt64, text: UnsafeBufferPointer<UInt8>) {
    self.line = line
    column = UInt64(failure.offset) + 1
    let found = TraceError.excerpt(text, from: failure.offset)
    let word = String(found.dropFirst().prefix { $0 != "'" && $0 != "=" && $0 != "+" })
    message =
      "expected \(failure.expected), found \(found)"
      + Suggestion.text(for: word, among: failure.words)
  }

  private static let longestExcerpt = 40

  /// The field at `offset`, cut off where it is long, anything unprintable as `\xNN`.
  static func excerpt(_ text: UnsafeBufferPointer<UInt8>, from offset: Int) -> String {
    guard offset < text.count else { return "the end of the line" }
    if text[offset] == 0x20 { return "a blank" }
    var bytes: [UInt8] = [UInt8(ascii: "'")]
    var isCut = false
    for (position, byte) in text[offset...].enumerated() {
      if position > 0, LineCursor.endsField(byte) { break }
      guard position < longestExcerpt else {
        isCut = true
        break
      }
      if (0x20...0x7E).contains(byte) {
        bytes.append(byte)
      } else {
        bytes.append("\\x")
        bytes.appendHexadecimalByte(byte)
      }
    }
    bytes.append(UInt8(ascii: "'"))
    if isCut { bytes.append("...") }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Why a line is not an operation: what was expected, and where.
struct LineFailure: Error {
  /// Bytes from the start of the line.
  var offset: Int
  /// What should have stood there.
  var expected: String
  /// The words of which one was perhaps meant.
  var words: [String] = []
}
