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
  associatedtype Configuration: TraceConfiguration
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

  /// Who skips operations on busy and empty slots.
  static var slotKeeping: SlotKeeping { get }
}

extension StateMachine where Self: ~Copyable {
  /// No invariants beyond what `perform` reports.
  public mutating func check(_ violations: inout [Violation]) {}

  /// No law at the end.
  public mutating func finish(_ violations: inout [Violation]) {}

  /// The runner.
  public static var slotKeeping: SlotKeeping { .byRunner }
}
