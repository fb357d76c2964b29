/// Where the unused part of a split block goes on the list of its size.
public enum RemainderOrder: String, Sendable, Hashable, CaseIterable {
  /// To the front, as freed blocks do: the textbook's last-in first-out.
  case head
  /// To the end: Windows (Mandt 2011) and ReactOS `ExAllocatePoolWithTag`.
  case tail
  /// The adversary picks among free blocks of equal size: an upper limit of both.
  case relaxed
}
