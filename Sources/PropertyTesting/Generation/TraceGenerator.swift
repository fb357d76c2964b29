/// Makes traces from choices with a model's help.
public struct TraceGenerator<Model: TraceModel> {
  @usableFromInline var model: Model
  @usableFromInline var slots: SlotTable
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
    precondition(swarm.weights.count == Model.kinds.count, "a weight for each kind")
    self.configuration = configuration
    self.swarm = swarm
    slots = SlotTable(capacity: Model.slotCapacity, policy: swarm.policy)
    model = Model(configuration: configuration, choices: &choices)
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
    var operations: [Model.Operation] = []
    operations.reserveCapacity(min(operationCount, 1 << 16))
    while operations.count < operationCount, !choices.isExhausted,
      let operation = generator.next(&choices)
    {
      operations.append(operation)
    }
    return Trace(configuration: configuration, operations: operations)
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
    let model = self.model
    let slots = self.slots
    return choices.drawKind(weights: swarm.weights) { kind in
      model.isPossible(kind: kind, slots: slots)
    }
  }
}
