/// What the page-frame database says of one page.
public struct PageMarks: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt8
  /// Marks from their bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The first page of an allocation (`StartOfAllocation`).
  public static let start = PageMarks(rawValue: 1)
  /// The last page of an allocation (`EndOfAllocation`).
  public static let end = PageMarks(rawValue: 2)
  /// The page is backed by memory: an access does not fault.
  public static let mapped = PageMarks(rawValue: 4)
  /// The page is carved into small blocks.
  public static let smallBlocks = PageMarks(rawValue: 8)
  /// The page's bytes have been looked at: a page that has never been touched is zero, or waits
  /// for the stamp of its free run.
  public static let touched = PageMarks(rawValue: 16)
}
