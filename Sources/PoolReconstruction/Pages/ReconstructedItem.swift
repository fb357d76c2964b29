import KernelPool
import PoolDebugger

/// What a listing shows at one place of a pool.
enum ReconstructedItem {
  /// A page of small blocks.
  case page(ReconstructedPage)
  /// A large allocation.
  case large(address: Address, bytes: UInt64, tag: PoolTag)

  /// What a listing of one page shows; throws where no requests can lead there.
  init(
    _ listing: PoolListing, address: Address, _ profile: Profile
  ) throws(ReconstructionError) {
    guard listing.blocks.isEmpty, let large = listing.large else {
      self = .page(try ReconstructedPage(listing, address: address, profile))
      return
    }
    guard large.sizeBytes > profile.largestSmallRequest, large.sizeBytes < 1 << 40,
      large.address & (profile.pageBytes - 1) == 0
    else {
      throw ReconstructedPage.error(
        address, "no request gets a large allocation of \(large.sizeBytes) bytes there")
    }
    self = .large(
      address: address, bytes: large.sizeBytes,
      tag: PoolTag(word: large.tag.rawValue).unprotected)
  }

  /// Where it begins.
  var address: Address {
    switch self {
    case .page(let page): page.address
    case .large(let address, _, _): address
    }
  }

  /// Pages that it takes.
  func pages(_ pageBytes: UInt64) -> UInt64 {
    switch self {
    case .page: 1
    case .large(_, let bytes, _): (bytes + pageBytes - 1) / pageBytes
    }
  }

  /// Its small blocks.
  var pieces: [ReconstructedPage.Piece] {
    switch self {
    case .page(let page): page.pieces
    case .large: []
    }
  }
}
