/// What a generator wants of a slot.
public enum SlotWish: Sendable, CaseIterable {
  /// One that holds nothing: something begins.
  case empty
  /// One that holds something, which is used and stays.
  case live
  /// One that holds something which is about to end: the lifetime policy has a say.
  case leaving
  /// Any, empty or not: stale pointers.
  case any
}
