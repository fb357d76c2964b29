/// One slot and what is done with it.
public struct SlotUse: Sendable, Equatable {
  /// The slot.
  public let slot: Slot
  /// What is done with it.
  public let effect: SlotEffect

  /// That effect on that slot.
  @inlinable
  public init(_ slot: Slot, _ effect: SlotEffect) {
    self.slot = slot
    self.effect = effect
  }
}
