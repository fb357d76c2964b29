/// One verb of the command line: its place in the help, its options, what it does.
struct Verb: Sendable {
  /// The word.
  var name: String
  /// What stands behind it in a usage line.
  var operands: String
  /// One line for the list of verbs.
  var summary: String
  /// Commands that a user can copy, each with what it is for.
  var examples: [(command: String, purpose: String)]
  /// The options.
  var options: [Option]
  /// Runs it.
  var run: @Sendable (ParsedArguments, StandardStreams) throws -> ExitCode

  /// Options that every verb has.
  static let common: [Option] = [
    Option(name: "--json", argument: .none, help: "one JSON object a line on standard output"),
    Option(name: "--quiet", argument: .none, help: "no progress and no prose"),
    Option(
      name: "--seed", argument: .value("N"),
      help: "the seed of everything random; without effect where nothing is"),
    .memoryLimit, .timeout,
  ]

  /// All options: a verb's own word for something stands for the common one.
  var allOptions: [Option] {
    options + Verb.common.filter { common in !options.contains { $0.name == common.name } }
  }

  /// The usage text: examples first, then the options.
  var help: String {
    var text = "poolfuzz \(name): \(summary)\n\nExamples\n"
    for example in examples {
      text += "  \(example.command)\n      \(example.purpose)\n"
    }
    text +=
      "\nUsage: poolfuzz \(name) [options]\(operands.isEmpty ? "" : " " + operands)\n\nOptions\n"
    var notes: [String] = []
    for option in allOptions {
      text += Self.lines("  \(option.usage) ", option.help)
      if case .quantity(_, let quantity) = option.argument, let note = quantity.note,
        !notes.contains(note)
      {
        notes.append(note)
      }
    }
    if !notes.isEmpty { text += "\n\(notes.joined(separator: "\n"))\n" }
    return text
  }

  /// Columns of the help, and the one that descriptions begin in.
  private static let (lastColumn, helpColumn) = (100, 30)

  /// What an option is, behind how it is written, in lines that fit.
  private static func lines(_ usage: String, _ help: String) -> String {
    var text = ""
    var line = usage + String(repeating: " ", count: max(0, helpColumn - usage.count))
    var isEmpty = true
    for word in help.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > lastColumn {
        text += line + "\n"
        line = String(repeating: " ", count: helpColumn)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return text + line + "\n"
  }
}
