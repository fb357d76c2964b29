import Platform
import PoolDebugger
import PoolTrace
import TextDecoding

extension CommandFailure {
  /// What the system said ends the run: the environment failed.
  init(_ error: SystemError) {
    let hint = error.isAbsence ? Self.hint(where: error.path) : ""
    self.init(message: error.message + hint, code: .environment)
  }

  /// What is missing where nothing has the path: the folder, or a file whose name is near.
  private static func hint(where path: String) -> String {
    let folder = PathText.folder(of: path)
    guard folder.isEmpty || Files.isFolder(folder) else {
      return "; there is no folder '\(PrintableText.escaped(folder))'"
    }
    let names = (try? Files.names(in: folder.isEmpty ? "." : folder)) ?? []
    return Suggestion.text(
      for: PathText.name(of: path), among: names.map(PrintableText.escaped).sorted())
  }
}

extension CommandFailure {
  /// A file is no trace. Where its first bytes are of a debugger, who reads those is said.
  init(_ error: TraceError, of path: String, beginningWith head: some Sequence<UInt8>) {
    let text = String(decoding: TextEncoding.utf8(of: Array(head)), as: UTF8.self)
    let isOfDebugger = !ListingReader.read(text, source: path).listings.isEmpty
    let hint =
      isOfDebugger
      ? "; this is a debugger's output: 'poolfuzz inspect \(StandardStreams.quoted(path))' reads it"
      : ""
    self.init(message: error.description(file: path) + hint, code: .badInput)
  }
}

/// Does what the system may refuse; a refusal ends the run.
func answered<Value: ~Copyable>(
  _ body: () throws(SystemError) -> Value
) throws(CommandFailure) -> Value {
  do throws(SystemError) { return try body() } catch { throw CommandFailure(error) }
}

/// The text of a file that must be there.
func textOfFile(_ path: String) throws(CommandFailure) -> String {
  ProcessLimits.begin(input: path)
  guard let bytes = try answered({ () throws(SystemError) in try Files.contents(of: path) }) else {
    throw CommandFailure(SystemError.absence(of: path))
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// A file, or standard input for `-`, read piece by piece.
struct InputFile: ~Copyable {
  private let file: OpenedFile
  /// Who is told how far it is read; nil for nobody.
  private let streams: StandardStreams?

  /// Opens the file. `streams` shows how far it is read.
  init(path: String, _ streams: StandardStreams? = nil) throws(CommandFailure) {
    self.streams = streams
    file = try answered { () throws(SystemError) in try OpenedFile(path: path) }
    ProcessLimits.begin(input: path)
  }

  /// The name in messages.
  var name: String { file.name }

  /// Calls `body` with one piece after the other to the end of the file.
  func forEachPiece(_ body: (ArraySlice<UInt8>) -> Void) throws(CommandFailure) {
    let whole = streams == nil ? nil : try? file.byteCount()
    var count: UInt64 = 0
    do throws(SystemError) {
      try file.forEachPiece { piece in
        body(piece)
        count += UInt64(piece.count)
        streams?.progress(progress(count, of: whole))
      }
    } catch {
      throw CommandFailure(error)
    }
  }

  /// How far it is read, in words.
  private func progress(_ count: UInt64, of whole: UInt64?) -> String {
    guard let whole, whole > 0 else { return "\(name): \(count >> 20) MiB read" }
    return "\(name): \(min(100, count * 100 / whole)) %"
  }
}

/// The one file that a verb was asked to write; what fails ends the run.
struct WholeFile {
  private let file: AtomicFile
  private let path: String
  /// Who is told that it is written; nil where a report says so.
  private let streams: StandardStreams?

  /// Opens the file beside `path`, so that a place where nothing can be written is known at once.
  init(path: String, telling streams: StandardStreams? = nil) throws(CommandFailure) {
    self.path = path
    self.streams = streams
    let kind = try answered({ () throws(SystemError) in try Files.kind(of: path) })
    guard kind == nil || kind == .file else {
      throw CommandFailure(message: "\(path): not an ordinary file", code: .environment)
    }
    file = try answered { () throws(SystemError) in try AtomicFile(path: path) }
  }

  /// Adds bytes; a failure shows when the file is finished.
  func write(_ bytes: [UInt8]) { file.write(bytes) }

  /// Puts the file in its place.
  func finish() throws(CommandFailure) {
    let file = file
    try answered { () throws(SystemError) in try file.finish() }
    if let streams, !streams.isQuiet { streams.note("written to \(path)") }
  }
}

/// Where a trace goes piece by piece.
protocol TracePlace {
  /// Adds bytes; a failure shows when the trace is finished.
  func write(_ bytes: [UInt8])
  /// Puts what was written in its place.
  func finish() throws(CommandFailure)
}

extension WholeFile: TracePlace {}

/// Standard output as the place of a trace.
struct StreamedTrace: TracePlace {
  private let streams: StandardStreams

  init(_ streams: StandardStreams) { self.streams = streams }

  func write(_ bytes: [UInt8]) { streams.print(bytes: bytes) }

  func finish() { streams.flush() }
}

extension StandardStreams {
  /// Where `--output` says that a trace goes: standard output for `-`, and where it is not given.
  func place(of arguments: ParsedArguments) throws(CommandFailure) -> any TracePlace {
    try place(arguments.value("--output") ?? "-")
  }

  /// The file of a path; `-` is standard output.
  func place(_ path: String) throws(CommandFailure) -> any TracePlace {
    path == "-" ? StreamedTrace(self) : try WholeFile(path: path, telling: self)
  }
}
