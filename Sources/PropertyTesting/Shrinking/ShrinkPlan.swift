/// The passes of a round.
public enum ShrinkPlan {
  /// All passes: deletion, then numbers, names and order, then what is dear: the pump, pairs and
  /// windows, and numbers that hang together.
  ///
  /// - Parameter pump: one whose mergers know the configuration, if there is such a one.
  public static func standard<C: TraceConfiguration, O: SlotOperation>(
    pump: Pump<C, O> = Pump()
  ) -> [any ShrinkPass<C, O>] {
    deletion() + [
      TryTinyTraces(), SimplifyConfiguration(), SimplifyAll(), SimplifyKinds(), SimplifyTogether(),
      SimplifyParameters(),
      MoveDestructions(), OrderNeighbours(), NameSlots(), pump, UnifySlots(), RemovePairs(),
      RemoveWindows(), RaiseAndRemove(), LowerPairs(), RedistributePairs(), UnifyParameters(),
      RetargetUses(),
    ]
  }

  /// Deletion of lifetimes, runs and single operations alone.
  public static func deletion<C: TraceConfiguration, O: SlotOperation>() -> [any ShrinkPass<C, O>] {
    [SeparateLifetimes(), RemoveLifetimes(), RemoveRuns(), RemoveSingles()]
  }
}
