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
  ]

  /// The usage text: examples first, then the options.
  var help: String {
    var text = "poolfuzz \(name): \(summary)\n\nExamples\n"
    for example in examples {
      text += "  \(example.command)\n      \(example.purpose)\n"
    }
    text += "\nUsage: poolfuzz \(name) [options] \(operands)\n\nOptions\n"
    for option in options + Verb.common {
      let argument: String
      switch option.argument {
      case .none: argument = ""
      case .value(let placeholder): argument = " " + placeholder
      case .optionalValue(let placeholder, _): argument = " [" + placeholder + "]"
      }
      let left = option.name + argument
      let padding = String(repeating: " ", count: max(1, 28 - left.count))
      text += "  \(left)\(padding)\(option.help)\n"
    }
    return text
  }
}
