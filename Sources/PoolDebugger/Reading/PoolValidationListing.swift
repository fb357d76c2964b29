/// The output of `!poolval`.
public struct PoolValidationListing: Sendable, Hashable {
  /// A header whose previous size contradicts the block before.
  public struct BadPreviousSize: Sendable, Hashable {
    /// The header's address.
    public var address: UInt64
    /// The previous size found, as printed.
    public var found: UInt64
    /// The previous size that the walk expects, as printed.
    public var expected: UInt64
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The page that was validated.
  public var pageAddress: UInt64?
  /// The region named by the first line.
  public var region: String?
  /// VALID or INVALID; nil when that line is missing.
  public var isValid: Bool?
  /// The debugger said in this section that symbols or kernel variables are missing.
  public var lacksSymbols = false
  /// The headers complained of.
  public var badPreviousSizes: [BadPreviousSize] = []
}
