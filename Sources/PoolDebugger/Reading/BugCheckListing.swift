/// A bug check's code and parameters, from `!analyze`, a blue screen or a table of vectors.
public struct BugCheckListing: Sendable, Hashable {
  /// The code, for example 0x19 (BAD_POOL_HEADER).
  public var code: UInt64
  /// The four parameters; nil where the text lacks one.
  public var parameters: [UInt64?] = [nil, nil, nil, nil]
  /// The words that stand beside it (operating system, circumstances).
  public var remark = ""
}
