/// What one `!pool` (or poolinfo's `!poolpage`) says of one page.
public struct PoolListing: Sendable, Hashable {
  /// The page, 4,096-aligned; nil when no line named an address.
  public var pageAddress: UInt64?
  /// The address asked for, from the line `Pool page ... region is ...`.
  public var requestedAddress: UInt64?
  /// The region that this line names (`Nonpaged pool`, `Unknown`, ...).
  public var region: String?
  /// The blocks in the order of the listing, repeated lines left out.
  public var blocks: [ListedBlock] = []
  /// The large allocation the page belongs to, if the listing says so.
  public var large: LargeAllocationLine?
  /// The special pool allocation, if the listing says so.
  public var special: SpecialPoolLine?
  /// What the debugger could not read or believe.
  public var messages: [DebuggerMessage] = []
  /// The description of the marked block (`Pooltag ...` or `Owning component ...`).
  public var tagDescription: String?
  /// An address had a backtick in it, which `!pool` never prints: the text was made up or edited.
  public var hasBackticks = false
  /// The debugger said in this section that symbols or kernel variables are missing.
  public var lacksSymbols = false
  /// A block line was torn, or dots stand where lines were left out.
  public var isElided = false

  /// The debugger looked for the address in every pool and named none.
  var isOutsidePools: Bool { region.map { $0.hasPrefix("Unknown") } ?? false }

  /// The blocks in the order of their addresses.
  public var blocksByAddress: [ListedBlock] { blocks.sorted { $0.address < $1.address } }
}
