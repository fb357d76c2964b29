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
