/// A listing with what its arithmetic says.
public struct CheckedListing: Sendable, Hashable {
  /// The listing.
  public var listing: Listing
  /// The kind of page, when it is a page and can be told.
  public var layout: PageLayout?
  /// The verdict.
  public var verdict: ListingVerdict
  /// The observations behind it.
  public var findings: [Finding]
  /// The number of blocks (for tables: of rows).
  public var blockCount: Int
}
