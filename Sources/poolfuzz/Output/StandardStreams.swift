import Platform
import JSONLines

/// Standard output and standard error.
///
/// Output is collected and written in large pieces. Where the reader has gone the run goes on
/// silently and ends with its own code; after any other failed write, on a full disk say, it goes on
/// with a message, and ends with 4 unless something was found.
final class StandardStreams {
  private var pending: [UInt8] = []
  /// Why standard output takes nothing any more.
  private var failure: SystemError?
  private static let pieceBytes = 1 << 16
  /// Whether a line of progress stands on the terminal.
  private var showsProgress = false
  private var lastProgress = ContinuousClock.now
  /// Whether lines of progress are wanted: not where standard error is no terminal.
  private lazy var takesProgress = StandardDescriptor.error.isTerminal
  /// When the run began.
  private let start = ContinuousClock.now
  /// Whether nobody wants to know how far it is.
  var isQuiet = false
  /// Whether all that is printed is filed as well, as a campaign's findings are: then the exit code
  /// says what was found, whoever could read of it.
  var tellsWhatIsFiled = false

  /// Prints a line on standard output.
  func print(_ line: String) {
    pending.append(contentsOf: line.utf8)
    pending.append(UInt8(ascii: "\n"))
    if pending.count >= Self.pieceBytes { flush() }
  }

  /// Prints an object of JSON with its version as a line on standard output.
  func print(_ object: JSONValue) { print(object.versioned.text) }

  /// Prints rows of two columns, the second one in line.
  func print(columns rows: [(String, String)]) {
    let width = rows.map(\.0.count).max() ?? 0
    for (first, second) in rows {
      print(first + String(repeating: " ", count: width + 2 - first.count) + second)
    }
  }

  /// Prints bytes on standard output as they are.
  func print(bytes: [UInt8]) {
    pending.append(contentsOf: bytes)
    if pending.count >= Self.pieceBytes { flush() }
  }

  /// Shows how far the run is, in one line of a terminal that the next one takes the place of:
  /// nothing in the first two seconds, and at most four lines in a second.
  func progress(_ text: @autoclosure () -> String) {
    guard takesProgress, !isQuiet else { return }
    let now = ContinuousClock.now
    guard now - start > .seconds(2), now - lastProgress > .milliseconds(250) else { return }
    lastProgress = now
    showsProgress = true
    try? StandardDescriptor.error.write(Array("\r\u{1B}[K\(text().prefix(78))".utf8))
  }

  /// A word as a shell takes it.
  static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy {
        $0 > 0x2A && $0 < 0x7B && !";<>?[\\]^`".utf8.contains($0)
      }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }

  private func clearProgress() {
    guard showsProgress else { return }
    showsProgress = false
    try? StandardDescriptor.error.write(Array("\r\u{1B}[K".utf8))
  }

  /// Prints a line on standard error, at once. Messages quote words of the command line and of files:
  /// nothing in them steers the terminal.
  func note(_ line: String) {
    clearProgress()
    let lines = line.split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.map { PrintableText.escaped(String($0)) }.joined(separator: "\n") + "\n"
    // Where nobody can be told, the exit code still tells.
    try? StandardDescriptor.error.write(Array(text.utf8))
  }

  /// Prints an object of JSON with its version as a line on standard error.
  func note(_ object: JSONValue) { note(object.versioned.text) }

  /// The same as the method of that name, from a thread that has no streams.
  static func remark(_ text: String) {
    try? StandardDescriptor.error.write(Array("poolfuzz: \(PrintableText.escaped(text))\n".utf8))
  }

  /// Prints what a user ought to know on standard error, at once, whether or not it is a failure.
  func remark(_ text: String) { note("poolfuzz: \(text)") }

  /// Prints what went wrong on standard error, at once.
  func note(_ failure: CommandFailure) { remark(failure.message) }

  /// Writes what is pending. Where it cannot be written the run goes on without it: what was found is
  /// filed, and the exit code says what was judged.
  func flush() {
    clearProgress()
    guard !pending.isEmpty else { return }
    defer { pending.removeAll(keepingCapacity: true) }
    guard failure == nil else { return }
    do throws(SystemError) {
      try StandardDescriptor.output.write(pending)
    } catch {
      failure = error
      if !error.isClosedPipe { remark("\(error.message); nothing more is printed") }
    }
  }

  /// What became of a run whose output could not be written: what was found is worth more than that
  /// it could not be told; a reader that has gone wanted no more.
  func code(_ code: ExitCode) -> ExitCode {
    guard let failure, !failure.isClosedPipe, !tellsWhatIsFiled else { return code }
    return code.combined(with: .environment)
  }
}
