/// Misuse that a profile of its own ends its traces with; the verdict oracle knows what each must
/// come to.
public enum NegativeOperation: String, Sendable, CaseIterable {
  /// The last address of a slot is freed again.
  case doubleFree = "double-free"
  /// A live block is freed with another tag.
  case wrongTag = "wrong-tag"
  /// An address that is no block's is freed: within one, beside one, or nobody's.
  case foreignFree = "foreign-free"
  /// One to sixteen bytes are stored right behind a live allocation's block.
  case overflow
  /// A pointer's worth of bytes is stored through a stale pointer.
  case writeAfterFree = "write-after-free"
  /// Paged memory is asked for, or given back, at dispatch level.
  case interruptLevel = "interrupt-level"
}
