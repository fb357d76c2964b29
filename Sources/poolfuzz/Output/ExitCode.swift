/// How a run of the command ends.
enum ExitCode: Int32 {
  /// Everything held.
  case held = 0
  /// A violation, a bug check or an unmet expectation was found.
  case found = 1
  /// The command line is wrong.
  case usage = 2
  /// The input is wrong.
  case badInput = 3
  /// The environment failed: a disk, a file, memory.
  case environment = 4
  /// Interrupted, after saving.
  case interrupted = 130

  /// The more serious of two codes: what a run over several inputs ends with.
  func combined(with other: ExitCode) -> ExitCode {
    let order: [ExitCode] = [.held, .found, .badInput, .environment, .usage, .interrupted]
    let mine = order.firstIndex(of: self) ?? 0
    let theirs = order.firstIndex(of: other) ?? 0
    return mine >= theirs ? self : other
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
