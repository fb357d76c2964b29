/// Moves ends of lifetimes as far as they will go in the direction that the order likes.
public struct MoveDestructions<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "move destructions"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: order is for those that stay.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// Proposes for each destruction the place just before the last operation, and the one just
  /// after its creation; only one of them can be smaller.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var index = 0
    while index < reduction.trace.operations.count, !reduction.isOver {
      let trace = reduction.trace
      let lifetime = Lifetime.all(in: trace.operations).first { $0.destruction == index }
      if let lifetime, index < trace.operations.count - 1 {
        reduction.attempt(Self.moving(index, to: trace.operations.count - 2, in: trace))
        reduction.attempt(Self.moving(index, to: lifetime.creation + 1, in: trace))
      }
      index += 1
    }
  }

  private static func moving(
    _ index: Int, to target: Int, in trace: Trace<Configuration, Operation>
  ) -> Trace<Configuration, Operation>? {
    guard index != target else { return nil }
    var copy = trace
    let operation = copy.operations.remove(at: index)
    copy.operations.insert(operation, at: target)
    return copy
  }
}

/// Swaps neighbours that do not depend on each other into the order that is smaller.
public struct OrderNeighbours<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "order neighbours"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: order is for those that stay.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// One sweep of adjacent swaps.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var index = 1
    while index < reduction.trace.operations.count, !reduction.isOver {
      var candidate = reduction.trace
      candidate.operations.swapAt(index - 1, index)
      // Names follow the order, or no swap of two creations would ever be smaller.
      if let renamed = SlotNaming.separated(candidate.operations) {
        candidate.operations = renamed
      }
      reduction.attempt(candidate)
      index += 1
    }
  }
}

/// Names slots in order of first use, one for each lifetime.
public struct NameSlots<Configuration: MachineConfiguration, Operation: SlotOperation>: ShrinkPass {
  /// In statistics.
  public let name = "name slots"

  /// The pass.
  public init() {}

  /// Proposes the one trace with those names.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard let renamed = SlotNaming.separated(reduction.trace.operations),
      renamed != reduction.trace.operations
    else { return }
    reduction.attempt(Trace(configuration: reduction.trace.configuration, operations: renamed))
  }
}
