/// A machine that can be put into the state of another: what an enumeration needs to go on from a
/// state instead of from the beginning.
///
/// All traces up to a length form a tree. Whoever has a machine for each depth executes every
/// operation of the tree once; whoever has not executes each trace from its start, as many times as
/// it is long.
public protocol RewindableMachine: StateMachine, ~Copyable {
  /// Becomes what `other` is. Both were made with the same configuration.
  ///
  /// Afterwards neither sees anything that is done to the other (`MachineLaws` checks it).
  mutating func become(_ other: borrowing Self)
}

extension RewindableMachine {
  /// A machine that can be copied is rewound by a copy.
  public mutating func become(_ other: borrowing Self) { self = copy other }
}
