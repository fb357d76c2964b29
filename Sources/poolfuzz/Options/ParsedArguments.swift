import KernelPool
import Platform
import PoolTrace

/// The words of a command line, sorted by a verb's options.
struct ParsedArguments {
  private let options: [Option]
  private var values: [String: [String]] = [:]
  private var spellings: [String: String] = [:]
  /// The words that belong to no option.
  private(set) var operands: [String] = []
  /// What is written differently now, one line each.
  private(set) var hints: [String] = []

  /// Sorts `words`; throws where an option is unknown, repeated, lacks its value, or has one that is
  /// none.
  init(_ words: [String], options: [Option]) throws(CommandFailure) {
    self.options = options
    var rest = words[...]
    var optionsEnded = false
    while let word = rest.popFirst() {
      guard !optionsEnded, word.hasPrefix("-"), word.count > 1 else {
        operands.append(word)
        continue
      }
      if word == "--" {
        optionsEnded = true
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let attached = parts.count == 2 ? String(parts[1]) : nil
      try read(String(parts[0]), attached: attached, rest: &rest)
    }
  }

  private mutating func read(
    _ word: String, attached: String?, rest: inout ArraySlice<String>
  ) throws(CommandFailure) {
    var option: Option
    if let known = options.first(where: { $0.name == word || $0.shortName == word }) {
      option = known
    } else if let renamed = options.first(where: { $0.oldNames.contains(word) }) {
      option = renamed
      hints.append("\(word) is written \(option.name) now")
    } else {
      throw .usage("unknown option \(word)\(Suggestion.text(for: word, among: names))")
    }
    let value = try Self.value(of: option, word, attached: attached, rest: &rest)
    if let owner = option.ownerOfOldValue(value).flatMap(declaration) {
      option = owner
      hints.append("\(word) \(value) is written \(owner.name) \(value) now")
    }
    if !option.isRepeatable, values[option.name] != nil { throw .usage("\(word) is given twice") }
    switch option.argument {
    case .word(_, let list): try list.check(value, of: word)
    case .quantity(_, let quantity): _ = try quantity.value(of: value, for: word)
    default: break
    }
    values[option.name, default: []].append(value)
    spellings[option.name] = word
  }

  private var names: [String] { options.map(\.name) + ["--help"] }

  private func declaration(_ name: String) -> Option? { options.first { $0.name == name } }

  private static func value(
    of option: Option, _ word: String, attached: String?, rest: inout ArraySlice<String>
  ) throws(CommandFailure) -> String {
    switch option.argument {
    case .none:
      guard attached == nil else { throw .usage("\(word) takes no value") }
      return ""
    case .value(let placeholder), .word(let placeholder, _), .quantity(let placeholder, _):
      if let attached { return attached }
      guard let next = rest.popFirst() else {
        throw .usage("\(word) needs a value: \(placeholder)")
      }
      return next
    case .optionalValue(_, let isValue):
      if let attached { return attached }
      guard let next = rest.first, !next.hasPrefix("-"), isValue(next) else { return "" }
      rest.removeFirst()
      return next
    }
  }

  // MARK: Values

  /// True where the option is given.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// The option as it was typed, under its short or its old name perhaps.
  func spelling(_ name: String) -> String { spellings[name] ?? name }

  /// The option's value, the last if it may be repeated; nil where it is not given.
  func value(_ name: String) -> String? { values[name]?.last }

  /// Every value of a repeatable option.
  func values(_ name: String) -> [String] { values[name] ?? [] }

  /// The options as they would be typed, in the order of the table, those of `excluded` left out.
  func words(except excluded: Set<String>) -> [String] {
    options.filter { !excluded.contains($0.name) }.flatMap { option in
      values(option.name).flatMap { $0.isEmpty ? [option.name] : [option.name, $0] }
    }
  }

  /// The option's value as one of an enumeration's.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default standard: Choice
  ) throws(CommandFailure) -> Choice where Choice.RawValue == String {
    guard let text = value(name) else { return standard }
    guard let choice = Choice(rawValue: text) else {
      let words = Choice.allCases.map { $0.rawValue }
      throw .usage(
        "\(name) is one of \(words.joined(separator: ", ")), not '\(text)'"
          + Suggestion.text(for: text, among: words))
    }
    return choice
  }

  /// The check level of `--check`: `full` where it is not given.
  func checkLevel() throws(CommandFailure) -> CheckLevel {
    guard let text = value("--check") else { return .full }
    guard let level = CheckLevel(word: text) else {
      let words = CheckLevel.allCases.map(\.rawValue)
      throw .usage(
        "--check is one of \(words.joined(separator: ", ")), not '\(text)'"
          + Suggestion.text(for: text, among: words))
    }
    return level
  }

  /// The planted bug of `--mutant`; nil where it is not given, and the trace's own header counts.
  func mutant() throws(CommandFailure) -> Mutant? {
    has("--mutant") ? try choice("--mutant", default: Mutant.none) : nil
  }

  /// The option's value as a number, of what its declaration says.
  func number(_ name: String) throws(CommandFailure) -> UInt64? {
    guard let text = value(name) else { return nil }
    guard case .quantity(_, let quantity)? = declaration(name)?.argument else {
      return try Quantity.count().value(of: text, for: name)
    }
    return try quantity.value(of: text, for: name)
  }

  /// The option's value as a number of a range; nil where it is not given.
  func number(_ name: String, in range: ClosedRange<UInt64>) throws(CommandFailure) -> Int? {
    guard let number = try number(name) else { return nil }
    guard range.contains(number), let number = Int(exactly: number) else {
      throw .usage("\(name) is \(range.lowerBound) to \(range.upperBound), not \(number)")
    }
    return number
  }

  /// The option's value as seconds; nil where it is not given.
  func seconds(_ name: String) throws(CommandFailure) -> Double? {
    try number(name).map { Double($0) / 1000 }
  }

  /// Threads of `--jobs`: all processors where it is 0 or not given.
  func jobs() throws(CommandFailure) -> Int {
    let jobs = Int(clamping: try number("--jobs") ?? 0)
    return jobs == 0 ? Machine.processorCount : jobs
  }
}
