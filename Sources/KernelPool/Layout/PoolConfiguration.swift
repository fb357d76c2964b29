/// The machine that a profile runs on: sizes of the regions and of the kernel's tables.
public struct PoolConfiguration: Sendable, Equatable {
  /// The version's facts.
  public var profile: Profile
  /// Pages of nonpaged pool at start.
  public var nonPagedPages: UInt64 = 512
  /// Pages of nonpaged pool at most, expansion included; `nil` means no more than at start.
  public var maximumNonPagedPages: UInt64?
  /// Pages of paged pool at most.
  public var pagedPages: UInt64 = 1024
  /// Pages of session pool at most.
  public var sessionPages: UInt64 = 256
  /// Pages for contiguous memory that the pool cannot give.
  public var contiguousPages: UInt64 = 256
  /// Depth of every lookaside list, or `nil` for the profile's; 0 turns them off.
  public var lookasideDepth: UInt16?
  /// Most pages on each nonpaged single-page list.
  public var singlePageDepth: UInt16 = 4
  /// Most pages on the paged single-page list; `nil` means as the nonpaged.
  public var pagedSinglePageDepth: UInt16?
  /// Where expansion takes its addresses.
  public var expansion: Expansion = .none
  /// Physical pages left for expansion; `nil` means enough.
  public var availablePages: UInt64?
  /// Requested entries of the tag table; 0 means the default of 2048.
  public var trackerEntries: UInt64 = 0
  /// Requested entries of the big-page table; 0 means the default of 4096.
  public var bigTableEntries: UInt64 = 0
  /// Processors, each with lookaside lists of its own: 1 to 64.
  public var processors: Int = 1
  /// Whether the kernel's own tables lie in the pool.
  public var initialisation: Initialisation = .kernel

  /// The defaults of `profile`.
  public init(profile: Profile) { self.profile = profile }

  /// Pages of nonpaged pool at most.
  public var nonPagedLimit: UInt64 { max(maximumNonPagedPages ?? nonPagedPages, nonPagedPages) }
}

/// An unbroken range of pages.
public struct PageRange: Sendable, Equatable {
  /// Address of the first page.
  public let base: Address
  /// How many pages there are.
  public let pages: UInt64
}

extension PoolConfiguration {
  /// Where nonpaged pages can lie, in the order of their numbers: the initial ones, then those of
  /// the expansion, which has a range of its own where the version maps it elsewhere. Pages of the
  /// expansion have their addresses, marks and bits even where `expansion` never maps them.
  public var nonPagedRanges: [PageRange] {
    let more = nonPagedLimit - nonPagedPages
    guard more > 0, let expansionBase = profile.expansionBase else {
      return [PageRange(base: profile.nonPagedBase, pages: nonPagedLimit)]
    }
    return [
      PageRange(base: profile.nonPagedBase, pages: nonPagedPages),
      PageRange(base: expansionBase, pages: more),
    ]
  }

  /// Pages by which the nonpaged pool can grow. Run lists leave a guard page at either end (ReactOS
  /// `MiInitializeNonPagedPool`).
  public var nonPagedGrowth: UInt64 {
    guard expansion != .none else { return 0 }
    let more = nonPagedLimit - nonPagedPages
    return profile.nonPagedPages == .bitmap ? more : max(more, 2) - 2
  }
}
