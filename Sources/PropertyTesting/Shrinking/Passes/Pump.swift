/// Merges two lifetimes into one of a grown creation.
///
/// Two blocks side by side often only stand for one of both sizes. No deletion and no lowering
/// can find that: each single step from the two to the one no longer fails. The pump goes up in
/// one number to come down in length. What a merged creation is, the operations know
/// (`SlotOperation.merging`).
public struct Pump<Configuration: TraceConfiguration, Operation: SlotOperation>: ShrinkPass {
  /// In statistics.
  public let name = "pump"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Of more lifetimes only neighbours, in order of creation, are merged.
  private static var manyLifetimes: Int { 6 }

  /// The pass.
  public init() {}

  /// Proposes mergers of each ordered pair, until one is accepted.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    let lifetimes = Lifetime.all(in: trace.operations)
    let reach = lifetimes.count > Self.manyLifetimes ? 1 : lifetimes.count
    for (place, kept) in lifetimes.enumerated() {
      let near = max(0, place - reach)..<min(lifetimes.count, place + reach + 1)
      for dropped in lifetimes[near] where dropped.slot != kept.slot {
        let mergers = trace.operations[kept.creation].merging(
          trace.operations[dropped.creation])
        for merger in mergers {
          for candidate in Self.candidates(trace, kept, dropped, merger) {
            if reduction.isOver || reduction.attempt(candidate) { return }
          }
        }
      }
    }
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
