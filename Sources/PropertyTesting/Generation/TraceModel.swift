/// What a generator knows: never the system under test, only a model of it.
///
/// Generation without the system means that traces can be made, counted and enumerated without
/// executing anything, and that a system which misbehaves cannot steer its own test.
public protocol TraceModel {
  /// How the system is set up.
  associatedtype Configuration: TraceConfiguration
  /// What can be done to it.
  associatedtype Operation: SlotOperation

  /// The kinds that can be drawn; a kind is named by its index here.
  static var kinds: [OperationKind] { get }

  /// How many slots a trace may use, in `1...Slot.limit`.
  static var slotCapacity: Int { get }

  /// Draws a configuration.
  static func configuration<Choices: ChoiceSource>(
    from choices: inout Choices
  ) -> Configuration

  /// A model of a fresh system; features of the whole trace may be drawn here.
  init<Choices: ChoiceSource>(configuration: Configuration, choices: inout Choices)

  /// Whether an operation of that kind can do anything now.
  func isPossible(kind: Int, slots: SlotTable) -> Bool

  /// The kind that comes next whatever the weights say; nil leaves it to a draw by weight. What
  /// alternates in long runs has its rhythm from here. `last` is the kind before.
  mutating func leadingKind<Choices: ChoiceSource>(
    after last: Int?, slots: SlotTable, choices: inout Choices
  ) -> Int?

  /// Draws an operation of a kind; nil when there is none.
  ///
  /// A source of bytes asks for kinds that are not possible and gives slots that do not fit. The
  /// answer must still be an operation or nil; if it cannot work, it will be skipped.
  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> Operation?

  /// Takes note of an operation that became part of the trace and that the slots admit.
  mutating func note(_ operation: Operation)
}

extension TraceModel {
  /// 64 slots.
  public static var slotCapacity: Int { 64 }

  /// The defaults.
  public static func configuration<Choices: ChoiceSource>(
    from choices: inout Choices
  ) -> Configuration {
    Configuration()
  }

  /// Anything goes.
  public func isPossible(kind: Int, slots: SlotTable) -> Bool { true }

  /// No rhythm.
  @inlinable
  public mutating func leadingKind<Choices: ChoiceSource>(
    after last: Int?, slots: SlotTable, choices: inout Choices
  ) -> Int? { nil }

  /// Slots are noted by the generator; most models know no more.
  public mutating func note(_ operation: Operation) {}
}
