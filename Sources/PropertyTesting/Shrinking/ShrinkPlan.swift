/// The passes of a round.
public enum ShrinkPlan {
  /// All passes: deletion, then numbers, names and order, then what is dear: the pump, pairs and
  /// windows, and numbers that hang together.
  ///
  /// - Parameters:
  ///   - pump: one whose mergers know the configuration, if there is such a one.
  ///   - tiny: one whose letters are the subject's, if there is such a one.
  public static func standard<C: TraceConfiguration, O: SlotOperation>(
    pump: Pump<C, O> = Pump(), tiny: TryTinyTraces<C, O> = TryTinyTraces()
  ) -> [any ShrinkPass<C, O>] {
    deletion() + [
      SimplifyConfiguration(), SimplifyAll(), SimplifyKinds(),
      SimplifyTogether(longestTrace: shortTrace), SimplifyParameters(longestTrace: shortTrace),
      MoveDestructions(longestTrace: shortTrace), OrderNeighbours(longestTrace: shortTrace),
      NameSlots(), tiny, pump, UnifySlots(), RemovePairs(), RemoveWindows(),
      SimplifyTogether(), SimplifyParameters(), RaiseAndRemove(), LowerPairs(),
      RedistributePairs(), UnifyParameters(), RetargetUses(), MoveDestructions(),
      OrderNeighbours(),
    ]
  }

  /// Numbers and order of longer traces wait until the dear passes have tried to shorten them.
  private static let shortTrace = 8

  /// Deletion of lifetimes, runs and single operations alone.
  public static func deletion<C: TraceConfiguration, O: SlotOperation>() -> [any ShrinkPass<C, O>] {
    [SeparateLifetimes(), RemoveLifetimes(), RemoveRuns(), RemoveSingles()]
  }
}
