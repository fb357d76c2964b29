/// A duty that an operation type or a machine does not fulfil.
public struct LawBreach: Error, Equatable, CustomStringConvertible {
  /// The duty.
  public enum Law: String, Sendable, CaseIterable {
    /// Renaming each slot to itself gives the same operation.
    case identityRenaming = "renaming slots to themselves changes nothing"
    /// Renaming changes the slots, as told, and nothing else.
    case faithfulRenaming = "renaming changes the slots only, and as told"
    /// A parameter that is replaced by itself gives the same operation.
    case identityReplacement = "replacing a parameter by its own value changes nothing"
    /// A replaced parameter reads back, and nothing else has changed.
    case faithfulReplacement = "a replaced parameter reads back and changes nothing else"
    /// Kind, slots and parameters tell operations apart.
    case distinction = "kind, slots and parameters are equal exactly for equal operations"
    /// A merger is a creation in the same slot.
    case merger = "a merger keeps the slots and the kind of creation"
    /// The default configuration has no complexity.
    case defaults = "every parameter of the default configuration is at its origin"
    /// The same trace gives the same execution.
    case determinism = "the same trace gives the same execution"
    /// Skipped operations change nothing.
    case skipping = "without its skipped operations a trace gives the same failure"
    /// Slots are only names.
    case slotNames = "slots of other names give the same execution"
    /// A machine that took over a state goes on as the one that came to it.
    case rewinding = "a machine that became another goes on as that one does"
  }

  /// Which.
  public let law: Law
  /// The operation or trace that shows it.
  public let witness: String

  /// The duty and the witness.
  public var description: String {
    "broken law: \(law.rawValue); shown by: \(witness)"
  }
}
