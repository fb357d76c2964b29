/// The passes of a round.
public enum ShrinkPlan {
  /// All passes: deletion, then the pump and pairs, then numbers, then names and order.
  public static func standard<C: TraceConfiguration, O: SlotOperation>() -> [any ShrinkPass<C, O>] {
    deletion() + [
      Pump(), UnifySlots(), RemovePairs(), RemoveWindows(), SimplifyConfiguration(),
      SimplifyTogether(), SimplifyParameters(), RaiseAndRemove(), LowerPairs(), RedistributePairs(),
      UnifyParameters(), RetargetUses(), MoveDestructions(), OrderNeighbours(), NameSlots(),
    ]
  }

  /// Deletion of lifetimes, runs and single operations alone.
  public static func deletion<C: TraceConfiguration, O: SlotOperation>() -> [any ShrinkPass<C, O>] {
    [SeparateLifetimes(), RemoveLifetimes(), RemoveRuns(), RemoveSingles()]
  }
}
