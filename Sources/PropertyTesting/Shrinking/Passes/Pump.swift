/// Merges two lifetimes into one of a grown creation.
///
/// Two blocks side by side often only stand for one of both sizes. No deletion and no lowering
/// can find that: each single step from the two to the one no longer fails. The pump goes up in
/// one number to come down in length. What a merged creation is, the operations know
/// (`SlotOperation.merging`).
public struct Pump<Configuration: MachineConfiguration, Operation: SlotOperation>: ShrinkPass {
  /// In statistics.
  public let name = "pump"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Of more lifetimes only neighbours, in order of creation, are merged.
  private static var manyLifetimes: Int { 6 }

  private let merging: @Sendable (Operation, Operation, Configuration) -> [Operation]

  /// The pass, with the mergers that the operations themselves know.
  public init() {
    merging = { kept, dropped, _ in kept.merging(dropped) }
  }

  /// The pass, with mergers that depend on the configuration: the creation that is kept, the one
  /// that goes, and creations that could stand for both, the best guess first.
  public init(
    merging: @escaping @Sendable (Operation, Operation, Configuration) -> [Operation]
  ) {
    self.merging = merging
  }

  /// Proposes mergers of each ordered pair; goes on with what is left after a success, since a
  /// row of small things often becomes one.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var lifetimes = Lifetime.all(in: reduction.trace.operations)
    var place = 0
    while place < lifetimes.count, !reduction.isOver {
      if mergeOne(place, lifetimes, &reduction) {
        lifetimes = Lifetime.all(in: reduction.trace.operations)
      } else {
        place += 1
      }
    }
  }

  /// Merges some other lifetime into the one at a place; false if none was accepted.
  private func mergeOne(
    _ place: Int, _ lifetimes: [Lifetime],
    _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    let trace = reduction.trace
    let kept = lifetimes[place]
    let reach = lifetimes.count > Self.manyLifetimes ? 1 : lifetimes.count
    let near = max(0, place - reach)..<min(lifetimes.count, place + reach + 1)
    for dropped in lifetimes[near] where dropped.slot != kept.slot {
      let mergers = merging(
        trace.operations[kept.creation], trace.operations[dropped.creation], trace.configuration)
      for merger in mergers {
        for candidate in Self.candidates(trace, kept, dropped, merger) {
          if reduction.attempt(candidate) { return true }
        }
      }
    }
    return false
  }

  /// The merged lifetime ends where the kept one ended, or where the dropped one did.
  private static func candidates(
    _ trace: Trace<Configuration, Operation>, _ kept: Lifetime, _ dropped: Lifetime,
    _ merger: Operation
  ) -> [Trace<Configuration, Operation>] {
    var grown = trace
    grown.operations[kept.creation] = merger
    let count = trace.operations.count
    let plain = grown.removing(IndexSelection(dropped.operations, of: count))
    guard let end = dropped.destruction, end > kept.creation else { return [plain] }
    grown.operations[end] = grown.operations[end].renamingSlots {
      $0 == dropped.slot ? kept.slot : $0
    }
    var removed = IndexSelection(dropped.operations.filter { $0 != end }, of: count)
    if let own = kept.destruction { removed.insert(own) }
    return [plain, grown.removing(removed)]
  }
}
