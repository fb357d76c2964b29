import Platform

/// How a run of the command ends: one table for every verb.
struct ExitCode: Equatable, Sendable {
  /// What the system gets.
  let rawValue: Int32

  /// What was to be judged was judged, and held; or the work was done.
  static let held = ExitCode(rawValue: 0)
  /// Something was found.
  static let found = ExitCode(rawValue: 1)
  /// The command line is wrong.
  static let usage = ExitCode(rawValue: 2)
  /// The content cannot be understood, or there was nothing to judge.
  static let badInput = ExitCode(rawValue: 3)
  /// The environment failed: a disk, a file, memory.
  static let environment = ExitCode(rawValue: 4)
  /// Ended by a signal, after saving: 128 and its number.
  static var interrupted: ExitCode { ExitCode(rawValue: 128 + Interruption.signalNumber) }

  /// The table as `help` and the manual show it.
  static let table: [(code: String, meaning: String)] = [
    ("0", "judged, and held; or done, where nothing is judged"),
    ("1", "something was found: a violation, a bug check, an unmet expectation, a difference"),
    ("2", "the command line is wrong"),
    ("3", "the content cannot be understood, or there was nothing to judge"),
    ("4", "the environment failed: a file that is missing or cannot be opened, a disk, memory"),
    ("128+n", "ended by signal n, after saving"),
  ]

  /// What a run over several inputs ends with: an end by a signal or by wrong usage before all else,
  /// then what was found, then the environment, then input that could not be judged.
  func combined(with other: ExitCode) -> ExitCode {
    rank >= other.rank ? self : other
  }

  private var rank: Int {
    switch self {
    case .held: 0
    case .badInput: 1
    case .environment: 2
    case .found: 3
    case .usage: 4
    default: 5
    }
  }
}

/// Ends a run with a message and a code.
struct CommandFailure: Error {
  /// What is wrong and what was expected.
  var message: String
  /// The code.
  var code: ExitCode

  /// The command line is wrong.
  static func usage(_ message: String) -> CommandFailure {
    CommandFailure(message: message, code: .usage)
  }
}

/// A count with its noun: `1 operation`, `2 operations`.
func counted(
  _ count: some BinaryInteger, _ noun: String, _ plural: String? = nil
) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
}

extension String {
  /// The text without such a character at its end, however many.
  func trimmingSuffix(_ character: Character) -> String {
    var text = self[...]
    while text.last == character { text.removeLast() }
    return String(text)
  }
}
