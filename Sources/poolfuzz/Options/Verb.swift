import Platform
import KernelPool
import PoolTrace

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

/// One option of a verb, as the table of the command line describes it.
struct Option: Sendable {
  /// What follows the option.
  enum Argument: Sendable {
    /// Nothing.
    case none
    /// A value; the text names it in the help.
    case value(String)
    /// A value that may be left out; what follows counts as one when it does not begin with `-`
    /// and satisfies the test.
    case optionalValue(String, isValue: @Sendable (String) -> Bool)
  }

  /// The name, with both hyphens.
  var name: String
  /// What follows.
  var argument: Argument
  /// One line for the help.
  var help: String
  /// Whether it may be given more than once.
  var isRepeatable = false
}

extension Option {
  /// How much is checked: the same words in every verb.
  static let check = Option(
    name: "--check", argument: .value("off|fast|full|complete"),
    help: "full: every rule and oracle after every operation, from what it touched; complete: the"
      + " same, walking everything; fast: the rules of what it touched, neither placement nor"
      + " refusals, everything once at the end; off: no verdict (full)")
}

/// The words of a command line, sorted by a verb's options.
struct ParsedArguments {
  private var values: [String: [String]] = [:]
  /// The words that belong to no option.
  private(set) var operands: [String] = []

  /// Sorts `words`; throws where an option is unknown, repeated or lacks its value.
  init(_ words: [String], options: [Option]) throws(CommandFailure) {
    var rest = words[...]
    var optionsEnded = false
    while let word = rest.popFirst() {
      guard !optionsEnded, word.hasPrefix("--") || (word.hasPrefix("-") && word.count > 1) else {
        operands.append(word)
        continue
      }
      if word == "--" {
        optionsEnded = true
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = options.first(where: { $0.name == name }) else {
        throw .usage("unknown option \(name)")
      }
      if !option.isRepeatable, values[name] != nil {
        throw .usage("\(name) is given twice")
      }
      let attached = parts.count == 2 ? String(parts[1]) : nil
      values[name, default: []].append(
        try Self.value(of: option, attached: attached, rest: &rest))
    }
  }

  private static func value(
    of option: Option, attached: String?, rest: inout ArraySlice<String>
  ) throws(CommandFailure) -> String {
    switch option.argument {
    case .none:
      guard attached == nil else { throw .usage("\(option.name) takes no value") }
      return ""
    case .value(let placeholder):
      if let attached { return attached }
      guard let next = rest.popFirst() else {
        throw .usage("\(option.name) needs a value: \(placeholder)")
      }
      return next
    case .optionalValue(_, let isValue):
      if let attached { return attached }
      guard let next = rest.first, !next.hasPrefix("-"), isValue(next) else { return "" }
      rest.removeFirst()
      return next
    }
  }

  /// True where the option is given.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// The option's value, the last if it may be repeated; nil where it is not given.
  func value(_ name: String) -> String? { values[name]?.last }

  /// Every value of a repeatable option.
  func values(_ name: String) -> [String] { values[name] ?? [] }

  /// The option's value as one of an enumeration's.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default standard: Choice
  ) throws(CommandFailure) -> Choice where Choice.RawValue == String {
    guard let text = value(name) else { return standard }
    guard let choice = Choice(rawValue: text) else {
      let all = Choice.allCases.map { $0.rawValue }.joined(separator: ", ")
      throw .usage("\(name) is one of \(all), not '\(text)'")
    }
    return choice
  }

  /// The check level of `--check`: `full` where it is not given.
  func checkLevel() throws(CommandFailure) -> CheckLevel {
    guard let text = value("--check") else { return .full }
    guard let level = CheckLevel(word: text) else {
      let all = CheckLevel.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage("--check is one of \(all), not '\(text)'")
    }
    return level
  }

  /// The planted bug of `--mutant`; nil where it is not given, and the trace's own header counts.
  func mutant() throws(CommandFailure) -> Mutant? {
    has("--mutant") ? try choice("--mutant", default: Mutant.none) : nil
  }

  /// The option's value as a number, decimal or `0x` hexadecimal.
  func number(_ name: String) throws(CommandFailure) -> UInt64? {
    guard let text = value(name) else { return nil }
    guard let number = Self.number(text) else {
      throw .usage("\(name) is a number, decimal or 0x hexadecimal, not '\(text)'")
    }
    return number
  }

  /// The option's value as a number of a range; nil where it is not given.
  func number(_ name: String, in range: ClosedRange<UInt64>) throws(CommandFailure) -> Int? {
    guard let number = try number(name) else { return nil }
    guard range.contains(number), let number = Int(exactly: number) else {
      throw .usage("\(name) is \(range.lowerBound) to \(range.upperBound), not \(number)")
    }
    return number
  }

  /// Threads of `--jobs`: all processors where it is 0 or not given.
  func jobs() throws(CommandFailure) -> Int {
    let jobs = Int(clamping: try number("--jobs") ?? 0)
    return jobs == 0 ? Machine.processorCount : jobs
  }

  /// A number, decimal or `0x` hexadecimal, or nil.
  static func number(_ text: String) -> UInt64? {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = isHexadecimal ? String(text.dropFirst(2)) : text
    guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
    else { return nil }
    return UInt64(digits, radix: isHexadecimal ? 16 : 10)
  }
}
