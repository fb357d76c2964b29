/// A system under test, driven by operations and watched by its invariants.
///
/// The machine holds the real system and, if wanted, a model to compare it with. It never traps on
/// a violation: a trap would take the shrinker with it. It reports typed violations and goes on.
///
/// Duties, all checked by `MachineLaws`:
/// - the same trace always gives the same answers: no clock, no global generator, no addresses;
/// - an operation that is skipped changes nothing;
/// - any sub-sequence of a trace can be executed.
public protocol StateMachine: ~Copyable, SendableMetatype {
  /// How the system is set up.
  associatedtype Configuration: MachineConfiguration
  /// What can be done to it.
  associatedtype Operation: SlotOperation
  /// A broken rule, with what is needed to explain it.
  associatedtype Violation: Sendable

  /// A fresh system.
  init(configuration: Configuration)

  /// Does one operation, and reports what its result shows to be wrong.
  mutating func perform(_ operation: Operation, _ violations: inout [Violation]) -> StepEffect

  /// Checks the invariants, after each operation that was not skipped.
  mutating func check(_ violations: inout [Violation])

  /// Checks what must hold at the end, such as that nothing leaks; the machine is then dropped.
  mutating func finish(_ violations: inout [Violation])

  /// What makes a violation the same as another.
  ///
  /// `operation`: the one that showed it; nil at the end of a run.
  static func identity(
    of violation: Violation, after operation: Operation?
  ) -> FailureIdentity

  /// A violation in words, with the values that show it: what a failure's message says.
  static func words(for violation: Violation) -> String

  /// What the last operation gave, in words; asked when a failure is explained. Nil or nothing says
  /// nothing.
  var answer: String? { get }

  /// A word under which the last operation is counted, such as "found"; nil is not counted.
  var label: String? { get }

  /// Who skips operations on busy and empty slots.
  static var slotKeeping: SlotKeeping { get }
}

extension StateMachine where Self: ~Copyable {
  /// No invariants beyond what `perform` reports.
  public mutating func check(_ violations: inout [Violation]) {}

  /// No law at the end.
  public mutating func finish(_ violations: inout [Violation]) {}

  /// The violation as it describes itself.
  public static func words(for violation: Violation) -> String { "\(violation)" }

  /// Nothing is said.
  public var answer: String? { nil }

  /// Nothing is counted.
  public var label: String? { nil }

  /// The runner.
  public static var slotKeeping: SlotKeeping { .byRunner }
}

/// What became of an operation.
public enum StepEffect: Sendable {
  /// It was done.
  case performed
  /// It was done and properly refused, as when memory is short: what it would have created does
  /// not exist.
  case refused
  /// It means nothing now and changed nothing, so the trace is the same without it.
  case skipped
}

/// What makes two failures the same one: the subject's own words, on one line.
///
/// A shrinker that only asks "does it still fail?" slips from one bug to another. The identity
/// should name the broken rule and the kind of operation that showed it, and nothing that a
/// smaller trace changes: no addresses, sizes or slots.
public struct FailureIdentity: Sendable, Hashable, CustomStringConvertible {
  /// The words, without line breaks.
  public let description: String

  /// The identity of those words; a line break in them becomes a blank.
  public init(_ words: String) {
    description = String(words.map { $0.isNewline ? " " : $0 })
  }
}

/// Who knows which slots are live while a trace is executed.
public enum SlotKeeping: Sendable {
  /// The runner: it skips what the effects do not allow, and the machine is never asked.
  case byRunner
  /// The machine, because its rules differ from those of `SlotEffect`: it answers `skipped`.
  case byMachine
}

/// How often the invariants are checked; what `perform` itself reports always counts.
public enum CheckFrequency: Sendable, CaseIterable {
  /// After each operation that was not skipped.
  case everyStep
  /// Once, after the last operation.
  case atEnd
}

/// What came of executing a trace, up to its first failing step.
public struct Execution: Sendable, Equatable {
  /// The first step that showed something wrong.
  public struct Failure: Sendable, Equatable {
    /// The index of the operation; the number of operations when it was the end of the run.
    public let step: Int
    /// What was wrong, in the order reported; never empty.
    public let identities: [FailureIdentity]

    /// Those failures at that step.
    public init(step: Int, identities: [FailureIdentity]) {
      self.step = step
      self.identities = identities
    }
  }

  /// The failure, or nil when nothing is wrong.
  public let failure: Failure?
  /// The indices of the operations that were skipped, in order.
  public let skippedSteps: [Int]
  /// How many operations were executed, skipped ones included.
  public let operationCount: Int

  /// An outcome, for machines that bring a runner of their own.
  public init(failure: Failure?, skippedSteps: [Int], operationCount: Int) {
    self.failure = failure
    self.skippedSteps = skippedSteps
    self.operationCount = operationCount
  }

  /// Whether this failure was among those of the failing step.
  public func shows(_ identity: FailureIdentity) -> Bool {
    failure?.identities.contains(identity) ?? false
  }
}
