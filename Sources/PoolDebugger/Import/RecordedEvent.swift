/// What one line of a recording says happened.
enum RecordedEvent {
  /// An allocation; the key identifies the block until it is freed (mostly its address).
  case allocation(key: UInt64, bytes: UInt64, origin: Origin)
  case free(key: UInt64)
  /// A reallocation that gave `key`; `old` may be zero (an allocation) or the same.
  case reallocation(old: UInt64, key: UInt64, bytes: UInt64, origin: Origin)
  case dropped(DropReason)

  /// What is known of the one who allocates.
  struct Origin {
    /// The pool in the words of the trace language.
    var pool: String?
    var tag: ListedTag?
    /// The call site, from which a tag is made when there is none.
    var site: ArraySlice<UInt8>?
  }
}
