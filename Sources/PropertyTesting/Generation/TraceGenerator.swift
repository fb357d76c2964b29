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
