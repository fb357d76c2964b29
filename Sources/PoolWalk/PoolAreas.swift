import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView

/// The pools that have pages of their own.
///
/// Memory that cannot be executed has descriptors of its own but lies in nonpaged pages, so it
/// belongs to the nonpaged family here.
public enum PoolFamily: String, Sendable, CaseIterable {
  /// Nonpaged pool.
  case nonPaged = "nonpaged"
  /// Paged pool, without the session's.
  case paged
  /// The session's paged pool.
  case session

  /// The family of a pool.
  public init(_ kind: PoolKind) {
    switch kind {
    case .nonPaged, .nonPagedNoExecute: self = .nonPaged
    case .paged: self = .paged
    case .session: self = .session
    }
  }

  /// The pool whose pages the family has.
  public var kind: PoolKind {
    switch self {
    case .nonPaged: .nonPaged
    case .paged: .paged
    case .session: .session
    }
  }

  /// How a debugger calls the region (`!pool`).
  public var regionName: String {
    switch self {
    case .nonPaged: "Nonpaged pool"
    case .paged: "Paged pool"
    case .session: "Paged session pool"
    }
  }
}

/// A range of pages that belongs to one pool.
public struct PoolArea: Sendable, Equatable {
  /// The pool.
  public let family: PoolFamily
  /// Address of the first page.
  public let base: Address
  /// Pages of the range, used or not.
  public let pages: UInt64

  /// Every range of a view: nonpaged pool and its expansion, paged pool, session pool.
  public static func all(in view: PoolView) -> [PoolArea] {
    let variables = view.variables
    var areas = view.configuration.nonPagedRanges.map {
      PoolArea(family: .nonPaged, base: $0.base, pages: $0.pages)
    }
    for (bitmap, family) in [
      (variables.pagedBitmap, PoolFamily.paged), (variables.sessionBitmap, .session),
    ] where bitmap.pages != 0 {
      guard let region = view.region(of: bitmap.base) else { continue }
      let limit = region.byteCount / view.profile.pageBytes
      areas.append(PoolArea(family: family, base: bitmap.base, pages: min(bitmap.pages, limit)))
    }
    return areas
  }
}

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
