import FragmentationSearch
import KernelPool
import PoolDebugger
import PoolFuzzing
import PoolTrace

/// One option of a verb, as the table of the command line describes it: parsing, the help, the
/// completions and the suggestions read this and nothing else.
struct Option: Sendable {
  /// What follows the option.
  enum Argument: Sendable {
    /// Nothing.
    case none
    /// A value; the text names it in the help.
    case value(String)
    /// A word of a list; the text names it in the help.
    case word(String, WordList)
    /// A number of something; the text names it in the help.
    case quantity(String, Quantity)
    /// A value that may be left out; what follows counts as one when it does not begin with `-`
    /// and satisfies the test.
    case optionalValue(String, isValue: @Sendable (String) -> Bool)
  }

  /// The name, with both hyphens.
  var name: String
  /// What follows.
  var argument: Argument
  /// A line for the help.
  var help: String
  /// Whether it may be given more than once.
  var isRepeatable = false
  /// A name of one letter, with its hyphen; nil without one.
  var shortName: String?
  /// Names that it had before and that go on working, with a hint.
  var oldNames: [String] = []
  /// The option that a value belongs to which was given here before and goes on working, with a
  /// hint; nil for the option's own values.
  var ownerOfOldValue: @Sendable (String) -> String? = { _ in nil }

  /// The option and what follows it, as the help shows them.
  var usage: String {
    let names = shortName.map { "\($0), \(name)" } ?? name
    return switch argument {
    case .none: names
    case .value(let placeholder), .word(let placeholder, _), .quantity(let placeholder, _):
      "\(names) \(placeholder)"
    case .optionalValue(let placeholder, _): "\(names) [\(placeholder)]"
    }
  }

  /// The names that it has now.
  var names: [String] { [name] + (shortName.map { [$0] } ?? []) }

  /// Whether a value must follow.
  var takesValue: Bool {
    switch argument {
    case .none, .optionalValue: false
    case .value, .word, .quantity: true
    }
  }

  /// The words that can follow, so far as they are a finite list.
  var words: [String] {
    switch argument {
    case .word(_, let list): list.words
    // Capitals stand for any text.
    case .value(let placeholder)
    where placeholder.contains("|") && placeholder == placeholder.lowercased():
      placeholder.split(separator: "|").map(String.init)
    default: []
    }
  }
}

/// The words that an option takes.
struct WordList: Sendable {
  /// What one of them is called.
  let noun: String
  /// All of them.
  let words: [String]
  /// Words that are taken and shown nowhere: those of earlier versions.
  var silentWords: [String] = []
  /// The command that lists them with what they mean; nil where the list is short.
  var command: String?
  /// Beginnings of words that name what is there and not covered, and why.
  var uncovered: (beginnings: [String], why: String) = ([], "")

  /// Throws, with what was probably meant, where `word` is none of them.
  func check(_ word: String, of option: String) throws(CommandFailure) {
    guard words.contains(word) || silentWords.contains(word) else {
      throw refusal(of: word, for: option)
    }
  }

  /// What is said of a word that is none of them.
  func refusal(of word: String, for option: String) -> CommandFailure {
    if uncovered.beginnings.contains(where: word.lowercased().hasPrefix) {
      return .usage("\(option): '\(word)': \(uncovered.why)")
    }
    guard let command, words.count > 12 else {
      let suggestion = Suggestion.text(for: word, among: words)
      return .usage(
        "\(option) is one of \(words.joined(separator: ", ")), not '\(word)'\(suggestion)")
    }
    let suggestion = Suggestion.text(for: word, among: words, listedBy: command)
    return .usage("\(option): there is no \(noun) '\(word)'\(suggestion)")
  }

  /// The systems.
  static let systems = WordList(
    noun: "system", words: Profile.all.map(\.name), command: "poolfuzz profiles",
    uncovered: (
      ["windows-11", "windows-10-19", "windows-10-2", "windows-2022", "windows-2025"],
      "its kernel has the segment heap, which is not modelled; 'poolfuzz inspect' reads what a"
        + " debugger prints of it"
    ))
  /// The kinds of traffic that the generator makes.
  static let mixes = WordList(
    noun: "mix", words: GeneratorProfile.all.map(\.name),
    silentWords: [GeneratorProfile.canary.name], command: "poolfuzz profiles --mixes")
  /// The planted bugs.
  static let mutants = WordList(
    noun: "planted bug", words: Mutant.allCases.map(\.rawValue),
    command: "poolfuzz mutants --list")

  /// The words of an enumeration.
  static func cases<Choice: RawRepresentable & CaseIterable>(
    of type: Choice.Type, _ noun: String
  ) -> WordList where Choice.RawValue == String {
    WordList(noun: noun, words: type.allCases.map { $0.rawValue })
  }
}

extension Option {
  /// How much is checked: the same words in every verb.
  static let check = Option(
    name: "--check", argument: .value("off|fast|full|complete"),
    help: "full: every rule and oracle after every operation, from what it touched; complete: the"
      + " same, walking everything; fast: the rules of what it touched, neither placement nor"
      + " refusals, everything once at the end; off: no verdict (full)")

  /// The file that a verb writes.
  static func output(_ help: String, oldNames: [String] = []) -> Option {
    Option(
      name: "--output", argument: .value("FILE"), help: help, shortName: "-o", oldNames: oldNames)
  }

  /// The system whose pool it is.
  static func profile(_ help: String, isRepeatable: Bool = false) -> Option {
    Option(
      name: "--profile", argument: .word("SYSTEM", .systems), help: help,
      isRepeatable: isRepeatable)
  }

  /// The kinds of traffic that are generated.
  static func mix(_ help: String, oldNames: [String] = []) -> Option {
    Option(
      name: "--mix", argument: .word("NAME", .mixes), help: help, isRepeatable: true,
      oldNames: oldNames)
  }

  /// A planted bug.
  static func mutant(
    _ help: String = "plants a bug in the model", isRepeatable: Bool = false
  ) -> Option {
    Option(
      name: "--mutant", argument: .word("NAME", .mutants), help: help, isRepeatable: isRepeatable)
  }
}
