import PoolBounds

/// A program that makes a pool hold many pages, written for one geometry, policy and cap.
///
/// It streams: operations go to the target one by one and nothing is kept but the handles of live
/// blocks. Whoever wants a trace runs it on a ``RecordingTarget``.
public protocol Adversary: Sendable {
  /// A short name for tables.
  var name: String { get }
  /// The pool it is written for.
  var geometry: PoolGeometry { get }
  /// The policy it is written for.
  var rules: PlacementRules { get }
  /// The most units it ever has live.
  var peakLiveUnits: Int { get }
  /// The most pages that the pool will hold, worked out without running; nil if the program's
  /// arithmetic does not fit the geometry or the rules.
  var predictedPages: Int? { get }
  /// Runs the program on an empty target.
  func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target)
}

extension Adversary {
  /// Runs the program on an empty abstract pool.
  public func outcome() -> AdversaryOutcome {
    var target = CountingTarget(geometry: geometry, rules: rules)
    run(on: &target)
    return AdversaryOutcome(
      footprint: target.footprint, operations: target.operations,
      predictedPages: predictedPages)
  }
}
