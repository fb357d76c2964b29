import Platform
import KernelPool
import PoolOracles
import PoolTrace

/// An open trace, read operation by operation.
struct TraceFile: ~Copyable {
  private let file: OpenedFile
  private var parser: TraceParser
  /// An operation that was read while looking for the configuration.
  private var held: PoolTrace.Operation?
  private var heldLine: UInt64 = 0
  /// Whether a line has been one.
  private var hasOperations = false
  /// Who is told how far it is read; nil for nobody.
  private let streams: StandardStreams?
  /// What it is read for, where it is read more than once; with a blank at its end.
  private let purpose: String

  /// Opens a file; `-` is standard input. `streams` shows how far it is read, and for what `purpose`.
  init(
    path: String, _ streams: StandardStreams? = nil, purpose: String = ""
  ) throws(CommandFailure) {
    self.streams = streams
    self.purpose = purpose
    file = try answered { () throws(SystemError) in try OpenedFile(path: path) }
    ProcessLimits.begin(input: path)
    parser = TraceParser(.fileDescriptor(file.descriptor))
  }

  /// The path, as messages name it.
  var path: String { file.name }

  /// The line of the last operation.
  private(set) var line: UInt64 = 0

  /// What the comments before the first operation say. Ask after the configuration.
  var header: TraceHeader { parser.header }

  /// The planted bug that an option asks for, else the one that the comments name, else none. Throws
  /// where there is no such bug.
  func plantedBug(unless option: Mutant? = nil) throws(CommandFailure) -> Mutant {
    if let option { return option }
    do throws(TraceError) {
      return try header.plantedBug() ?? .none
    } catch {
      throw CommandFailure(message: error.description(file: path), code: .badInput)
    }
  }

  /// Says which of the file's comments a verb does not obey that compares healthy models.
  func tellWhatIsPassedOver(by verb: String, _ streams: StandardStreams) {
    for (name, entry) in [
      ("mutant", header.mutant), ("failure", header.failure), ("target", header.target),
    ] {
      guard let entry else { continue }
      streams.note(
        "\(path):\(entry.line): '# \(name): \(entry.value)' is passed over: \(verb) compares"
          + " requests on the healthy model and judges no failure")
    }
  }

  /// The configuration that the trace begins with; nil where it begins otherwise. Ask before the
  /// first operation.
  mutating func configuration() throws(CommandFailure) -> TraceConfiguration? {
    let first = try next()
    guard case .config(let own)? = first else {
      hold(first)
      return nil
    }
    // The comments go on to the first operation.
    hold(try next())
    return own
  }

  private mutating func hold(_ operation: PoolTrace.Operation?) {
    held = operation
    heldLine = parser.line
  }

  /// The next operation; nil at the end. Throws on a line that is not in the language.
  mutating func next() throws(CommandFailure) -> PoolTrace.Operation? {
    if let operation = held {
      held = nil
      line = heldLine
      return operation
    }
    defer { line = parser.line }
    if let streams, parser.line & 255 == 255 { streams.progress(progress) }
    switch parser.next() {
    case .operation(let operation):
      hasOperations = true
      return operation
    case .finished: return nil
    case .endOfTrace:
      throw CommandFailure(
        message: "\(path):\(parser.line): 'end' belongs to --batch", code: .badInput)
    case .failure(let error):
      throw CommandFailure(error, of: path, beginningWith: hasOperations ? [] : head)
    case .unreadable(let number):
      throw CommandFailure(SystemError(path: path, number: number))
    }
  }

  /// The first bytes of an ordinary file; none of a pipe.
  private var head: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = bytes.withUnsafeMutableBytes { (try? file.read(into: $0, at: 0)) ?? 0 }
    return Array(bytes.prefix(count))
  }

  /// How far it is read, in words.
  private var progress: String {
    guard let whole = try? file.byteCount(), whole > 0, let position = file.position else {
      return "\(purpose)\(path): line \(parser.line)"
    }
    return "\(purpose)\(path): \(min(100, position * 100 / whole)) %, line \(parser.line)"
  }

  /// The traces that operands name: files as they are, folders with every trace below them in the
  /// order of their names.
  static func expand(
    _ operands: [String], where isTrace: (String) -> Bool = { $0.hasSuffix(".trace") }
  ) throws(CommandFailure) -> [String] {
    var paths: [String] = []
    for operand in operands {
      guard Files.isFolder(operand) else {
        paths.append(operand)
        continue
      }
      var unseen: [SystemError] = []
      let below = try answered { () throws(SystemError) in
        try Files.paths(below: operand) { unseen.append($0) }
      }
      if let error = unseen.first { throw CommandFailure(error) }
      let traces = below.filter(isTrace)
      guard !traces.isEmpty else {
        throw CommandFailure(message: "\(operand): no .trace file below", code: .badInput)
      }
      let folder = operand.hasSuffix("/") ? String(operand.dropLast()) : operand
      paths += traces.map { folder + "/" + $0 }
    }
    return paths
  }
}

extension ReplaySession {
  /// Runs a trace to its end, or to where it fails; returns the line of the operation that the
  /// outcome is about. `observe` sees every operation that was run, with what came of it.
  mutating func run(
    _ file: inout TraceFile,
    observe: (borrowing ReplaySession, PoolTrace.Operation, StepResult) -> Void = { _, _, _ in }
  ) throws(CommandFailure) -> UInt64 {
    var line: UInt64 = 0
    var limits = TraceLimits()
    while let operation = try file.next() {
      try limits.allow(operation, replayer.slots, in: file)
      guard let result = step(operation, line: file.line) else {
        if case .expect = operation { line = file.line }
        break
      }
      switch operation {
      case .expect, .config: continue
      default: break
      }
      line = file.line
      observe(self, operation, result)
    }
    finish()
    return line
  }
}
