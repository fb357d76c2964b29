/// What a generator knows: never the system under test, only a model of it.
///
/// Generation without the system means that traces can be made, counted and enumerated without
/// executing anything, and that a system which misbehaves cannot steer its own test.
public protocol TraceModel {
  /// How the system is set up.
  associatedtype Configuration: MachineConfiguration
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

/// A row of the table of kinds that a model can generate.
public struct OperationKind: Sendable, Equatable {
  /// Its name, for logs.
  public let name: String
  /// Its usual weight; 0 means that only a profile that asks for it draws it.
  public let weight: Int
  /// Whether swarm testing must never leave it out, because nothing happens without it.
  public let isEssential: Bool

  /// A kind of that name and weight; the weight is at least 0.
  public init(_ name: String, weight: Int = 1, isEssential: Bool = false) {
    precondition(weight >= 0, "a weight below zero")
    self.name = name
    self.weight = weight
    self.isEssential = isEssential
  }
}

/// Makes traces from choices with a model's help.
public struct TraceGenerator<Model: TraceModel> {
  /// What is known of the system.
  public var model: Model
  /// The slots as the operations so far leave them.
  public var slots: SlotTable
  @usableFromInline let swarm: Swarm
  @usableFromInline var lastKind: Int?

  /// The configuration that the trace begins with.
  public let configuration: Model.Configuration

  /// A generator at the beginning of a trace; what the model wants to know of the whole trace is
  /// drawn now.
  @inlinable
  public init(
    configuration: Model.Configuration, swarm: Swarm, choices: inout some ChoiceSource
  ) {
    let model = Model(configuration: configuration, choices: &choices)
    self.init(model, configuration: configuration, swarm: swarm)
  }

  /// A generator at the beginning of a trace, with a model of a fresh system.
  @inlinable
  public init(_ model: Model, configuration: Model.Configuration, swarm: Swarm) {
    precondition(swarm.weights.count == Model.kinds.count, "a weight for each kind")
    self.model = model
    self.configuration = configuration
    self.swarm = swarm
    slots = SlotTable(
      capacity: swarm.slotCapacity ?? Model.slotCapacity, policy: swarm.policy)
  }

  /// The next operation; nil when no kind is possible or the model has none.
  @inlinable
  public mutating func next(_ choices: inout some ChoiceSource) -> Model.Operation? {
    guard let kind = drawKind(&choices),
      let operation = model.propose(kind: kind, slots: slots, choices: &choices)
    else { return nil }
    lastKind = kind
    let uses = operation.slots
    if slots.admits(uses) {
      slots.apply(uses)
      model.note(operation)
    }
    return operation
  }

  /// A whole trace: as many operations as asked for, fewer if the choices or the model run out.
  @inlinable
  public static func trace(
    operationCount: Int, configuration: Model.Configuration, swarm: Swarm,
    choices: inout some ChoiceSource
  ) -> Trace<Model.Configuration, Model.Operation> {
    var generator = Self(configuration: configuration, swarm: swarm, choices: &choices)
    return Trace(
      configuration: configuration, operations: generator.operations(operationCount, &choices))
  }

  /// The next operations: as many as asked for, fewer if the choices or the model run out.
  @inlinable
  public mutating func operations(
    _ count: Int, _ choices: inout some ChoiceSource
  ) -> [Model.Operation] {
    var operations: [Model.Operation] = []
    operations.reserveCapacity(min(count, 1 << 16))
    while operations.count < count, !choices.isExhausted, let operation = next(&choices) {
      operations.append(operation)
    }
    return operations
  }

  /// The trace that a string of bytes stands for; every string stands for one.
  ///
  /// The configuration is read first, then operations with their usual weights until the bytes
  /// end, `operationLimit` at most.
  public static func trace(
    decoding bytes: [UInt8], operationLimit: Int
  ) -> Trace<Model.Configuration, Model.Operation> {
    var choices = ByteChoices(bytes)
    let configuration = Model.configuration(from: &choices)
    return trace(
      operationCount: operationLimit, configuration: configuration,
      swarm: .plain(Model.kinds), choices: &choices)
  }

  @inlinable
  mutating func drawKind(_ choices: inout some ChoiceSource) -> Int? {
    if swarm.repeatSixteenths > 0, choices.chance(swarm.repeatSixteenths, in: 16),
      let kind = lastKind, model.isPossible(kind: kind, slots: slots)
    {
      return kind
    }
    if let kind = model.leadingKind(after: lastKind, slots: slots, choices: &choices) {
      return kind
    }
    return choices.drawKind(weights: swarm.weights) { kind in
      model.isPossible(kind: kind, slots: slots)
    }
  }
}

/// The features of one trace: swarm testing leaves some out, so that others get room.
///
/// A trace that never frees fills the system; one that does every kind a little does neither.
/// (Groce et al., "Swarm Testing", 2012.) The swarm belongs to the *generation* alone: it is not
/// part of the trace, so shrinking may use what the swarm had left out. It shrinks open.
public struct Swarm: Sendable, Equatable {
  /// The weight of each kind, by its index; 0 is left out.
  public var weights: [Int]
  /// In which order lifetimes end.
  public var policy: LifetimePolicy
  /// How often, in sixteenths, the last kind is repeated: long runs of one kind reach states
  /// that independent draws almost never do.
  public var repeatSixteenths: UInt64
  /// How many slots the trace may use; nil is the model's own capacity.
  public var slotCapacity: Int?

  /// Those features.
  public init(
    weights: [Int], policy: LifetimePolicy = .anyOrder, repeatSixteenths: UInt64 = 0,
    slotCapacity: Int? = nil
  ) {
    self.weights = weights
    self.policy = policy
    self.repeatSixteenths = repeatSixteenths
    self.slotCapacity = slotCapacity
  }

  /// Every kind with its usual weight, nothing left out.
  public static func plain(_ kinds: [OperationKind]) -> Swarm {
    Swarm(weights: kinds.map(\.weight))
  }

  /// Draws the features of one trace: each kind is left out one time in four, kept with one to
  /// eight times its weight otherwise.
  ///
  /// If all would be left out, all stay.
  public static func draw(
    _ kinds: [OperationKind], from choices: inout some ChoiceSource
  ) -> Swarm {
    var swarm = plain(kinds)
    swarm.weights = weights(kinds, factors: [1, 1, 2, 4, 8], from: &choices)
    swarm.policy = choices.draw(from: LifetimePolicy.allCases)
    swarm.repeatSixteenths = choices.draw(from: [0, 0, 8, 14])
    return swarm
  }

  /// Draws the weights alone: each kind that has one is left out one time in four, kept with one of
  /// the factors otherwise. If all would be left out, all stay.
  public static func weights(
    _ kinds: [OperationKind], factors: [Int], from choices: inout some ChoiceSource
  ) -> [Int] {
    var weights = kinds.map(\.weight)
    for index in kinds.indices where weights[index] > 0 {
      let isOmitted = choices.chance(1, in: 4)
      let factor = choices.draw(from: factors)
      weights[index] *= isOmitted && !kinds[index].isEssential ? 0 : factor
    }
    return weights.allSatisfy { $0 == 0 } ? kinds.map(\.weight) : weights
  }

  /// A line for the log: the kinds kept with their weights, the policy and the repetition.
  public func summary(_ kinds: [OperationKind]) -> String {
    let kept = zip(kinds, weights).filter { $0.1 > 0 }.map { "\($0.0.name)*\($0.1)" }
    return (kept + ["\(policy)", "repeat=\(repeatSixteenths)/16"]).joined(separator: " ")
  }
}
