/// How much is checked after each operation: one vocabulary for every verb.
public enum CheckLevel: String, Sendable, CaseIterable {
  /// Nothing: no verdict is asked for, and bug checks and faults are no failures either.
  case off
  /// The invariants of what the operation touched, what callers may rely on, and what misuse must
  /// come to; every invariant at the end of the trace. Not: which block and page the published rules
  /// choose, and whether a refusal was right.
  case fast
  /// Every rule and oracle, after every operation. What an operation did not touch is known to be
  /// as it was; at the end of a trace, and now and then before, everything is walked.
  case full
  /// The same, with everything walked after every operation: what `full` is held against.
  case complete

  /// The level of a word; `cheap` is an older one for `fast`.
  public init?(word: String) {
    self.init(rawValue: word == "cheap" ? CheckLevel.fast.rawValue : word)
  }

  /// True where every rule is checked after every operation.
  public var isThorough: Bool { self == .full || self == .complete }

  /// What this level leaves out, for reports; empty where nothing is.
  public var omissions: String {
    switch self {
    case .off: "nothing was checked"
    case .fast:
      "not checked: placement, refusals, and between operations what they did not touch"
    case .full, .complete: ""
    }
  }
}
