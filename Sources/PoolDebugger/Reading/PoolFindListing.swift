/// The output of `!poolfind`: blocks of one tag from all over a pool.
public struct PoolFindListing: Sendable, Hashable {
  /// An entry of the new syntax: the address behind the header and the usable bytes.
  public struct Entry: Sendable, Hashable {
    /// The address of the data.
    public var dataAddress: UInt64
    /// The tag.
    public var tag: ListedTag
    /// Usable bytes, header excluded.
    public var sizeBytes: UInt64
    /// The pool named at the end of the line.
    public var pool: String
  }

  /// The tag searched for.
  public var tag: ListedTag?
  /// The blocks of the old syntax.
  public var blocks: [ListedBlock] = []
  /// The entries of the new syntax.
  public var entries: [Entry] = []
  /// Somebody stopped the search, or the text was elided.
  public var isCutShort = false
}
