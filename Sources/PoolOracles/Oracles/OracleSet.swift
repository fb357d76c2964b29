import PoolTrace

/// Which oracles watch a run.
public struct OracleSet: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt16
  /// A set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Invariants of what each operation touched.
  public static let cheapInvariants = OracleSet(rawValue: 1)
  /// Every invariant after every operation, worked out from what it touched.
  public static let fullInvariants = OracleSet(rawValue: 2)
  /// Every invariant at the end of the trace.
  public static let finalInvariants = OracleSet(rawValue: 4)
  /// The shadow allocator: what a caller may rely on, from the calls alone.
  public static let shadow = OracleSet(rawValue: 8)
  /// A refusal is only allowed when nothing fits.
  public static let refusals = OracleSet(rawValue: 16)
  /// Which block and which page the published rules choose.
  public static let placement = OracleSet(rawValue: 32)
  /// An emptied pool equals a fresh one.
  public static let emptied = OracleSet(rawValue: 64)
  /// What misuse must come to.
  public static let verdicts = OracleSet(rawValue: 128)
  /// No run holds more pages than are proved possible.
  public static let bound = OracleSet(rawValue: 256)
  /// What follows after misuse is watched by the invariants, and a stop is a failure however well
  /// documented: for traces of drivers. Without it a trace ends with its misuse.
  public static let afterMisuse = OracleSet(rawValue: 512)
  /// Every invariant after every operation, by walking everything.
  public static let completeInvariants = OracleSet(rawValue: 1024)
  /// The reference allocator: what every call must come to, from the calls alone.
  public static let reference = OracleSet(rawValue: 2048)

  /// All of them, every invariant after every operation.
  public static let everything: OracleSet = [
    .fullInvariants, .finalInvariants, .shadow, .refusals, .placement, .emptied, .verdicts,
    .bound, .reference,
  ]
  /// All of them, and what follows after misuse: how traces in files are judged and reduced.
  public static let replayed: OracleSet = everything.union(.afterMisuse)
  /// The fast ones after every operation, the rest at the end.
  public static let fast: OracleSet = [
    .cheapInvariants, .finalInvariants, .shadow, .emptied, .verdicts, .bound,
  ]
  /// None: what a run costs without them.
  public static let none: OracleSet = []

  /// Whether anything is worked out before an operation: a trace that ends with its misuse needs at
  /// least the verdict.
  var predict: Bool {
    !isDisjoint(with: [.verdicts, .placement, .refusals]) || !contains(.afterMisuse)
  }

  /// Those that need an audit.
  static let whatAudits: OracleSet = [
    .cheapInvariants, .fullInvariants, .completeInvariants, .finalInvariants, .verdicts,
  ]

  /// The oracles of a check level.
  public init(_ level: CheckLevel) {
    switch level {
    case .off: self = .none
    case .fast: self = .fast
    case .full: self = .everything
    case .complete:
      self = OracleSet.everything.subtracting(.fullInvariants).union(.completeInvariants)
    }
  }
}
