/// Why a line of a recording does not appear in the trace.
public enum DropReason: String, Sendable, Hashable, CaseIterable {
  /// A free of a block that was allocated before the recording began.
  case allocatedBefore = "free of a block allocated before the recording"
  /// A free of the null pointer.
  case nullFree = "free of the null pointer"
  /// An allocation that failed.
  case failedAllocation = "failed allocation"
  /// The address is missing or was hidden by the kernel.
  case hiddenAddress = "no usable address"
  /// The number of bytes cannot be meant.
  case absurdSize = "absurd size"
  /// An event of another kind, or a line that describes the recording.
  case otherEvent = "other event"
  /// A line that does not follow the format.
  case unreadableLine = "unreadable line"
}
