/// What an operation does with a slot, and so when it means anything.
public enum SlotEffect: Int, Sendable, CaseIterable {
  /// Needs an empty slot and fills it: the beginning of a lifetime.
  case creates
  /// Needs a live slot and leaves it live.
  case uses
  /// Needs a live slot and empties it: the end of a lifetime.
  case destroys
  /// Means something whatever the slot holds: the stale pointer of a negative operation.
  case mentions
}
