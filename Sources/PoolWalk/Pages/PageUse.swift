import KernelPool

/// What a page, or a run of pages, is used for.
public enum PageUse: Sendable, Equatable {
  /// A page carved into small blocks.
  case smallBlocks(page: Address)
  /// The pages of a large allocation.
  case large(LargeAllocation)
  /// The pages of one of the kernel's tables.
  case table(KernelTable, address: Address, pages: UInt64)
  /// A freed run kept on a single-page list for the next request.
  case kept(address: Address, pages: UInt64)

  /// Pages of the run, in a pool with these pages.
  public var pages: UInt64 {
    switch self {
    case .smallBlocks: 1
    case .large(let allocation): allocation.pages
    case .table(_, _, let pages), .kept(_, let pages): pages
    }
  }

  /// Address of the first page.
  public var address: Address {
    switch self {
    case .smallBlocks(let page): page
    case .large(let allocation): allocation.address
    case .table(_, let address, _), .kept(let address, _): address
    }
  }
}

/// The tables that the kernel keeps in nonpaged pages.
public enum KernelTable: String, Sendable, CaseIterable {
  /// Counts for each tag.
  case tags = "tag table"
  /// The large allocations.
  case bigPages = "big-page table"
}
