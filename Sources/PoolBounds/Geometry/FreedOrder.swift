/// Where a freed block goes on the list of its size.
public enum FreedOrder: String, Sendable, Hashable, CaseIterable {
  /// To the front: Windows and ReactOS.
  case head
  /// To the end (first-in first-out): a remedy to compare with.
  case tail
}
