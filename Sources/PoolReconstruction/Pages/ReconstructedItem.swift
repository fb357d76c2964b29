import KernelPool
import PoolDebugger

/// What a listing shows at one place of a pool.
enum ReconstructedItem {
  /// A page of small blocks.
  case page(ReconstructedPage)
  /// A large allocation, and where the version cuts blocks from its last page, those.
  case large(address: Address, bytes: UInt64, tag: PoolTag, tail: ReconstructedPage?)

  /// What a listing of one page shows; throws where no requests can lead there.
  init(
    _ listing: PoolListing, address: Address, _ profile: Profile
  ) throws(ReconstructionError) {
    guard listing.blocks.isEmpty, let large = listing.large else {
      let page = try ReconstructedPage(listing, address: address, profile)
      guard let offset = page.fragmentOffset else {
        self = .page(page)
        return
      }
      // The listing shows only the end of the allocation; two pages are the least that have one.
      self = .large(
        address: address - profile.pageBytes,
        bytes: profile.pageBytes + offset,
        tag: ReconstructedPage.unknownTag, tail: page)
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
      tag: PoolTag(word: large.tag.rawValue).unprotected,
      tail: ReconstructedPage(behindLarge: address, bytes: large.sizeBytes, profile))
  }

  /// Items in the order of their addresses; an allocation whose tail is listed apart is one item.
  static func joined(
    _ items: [ReconstructedItem], _ profile: Profile
  ) throws(ReconstructionError) -> [ReconstructedItem] {
    var result: [ReconstructedItem] = []
    for item in items {
      if case .large(_, _, _, let listed?) = item,
        case .large(let address, let bytes, let tag, let expected?)? = result.last,
        listed.address == expected.address
      {
        guard listed.fragmentOffset == expected.fragmentOffset else {
          throw ReconstructedPage.error(
            listed.address,
            "the Frag block is not where the allocation of \(bytes) bytes before it ends")
        }
        result[result.count - 1] = .large(address: address, bytes: bytes, tag: tag, tail: listed)
      } else {
        result.append(item)
      }
    }
    return result
  }

  /// Where it begins.
  var address: Address {
    switch self {
    case .page(let page): page.address
    case .large(let address, _, _, _): address
    }
  }

  /// Where a debugger shows what was listed: of a large allocation its start, and of a listed tail
  /// the `Frag` block, as the start of its page belongs to the allocation.
  var listedAddresses: [Address] {
    guard case .large(let address, _, _, let tail?) = self, tail.isListed,
      let offset = tail.fragmentOffset
    else { return [address] }
    return [address, tail.address + offset]
  }

  /// Pages that it takes.
  func pages(_ pageBytes: UInt64) -> UInt64 {
    switch self {
    case .page: 1
    case .large(_, let bytes, _, _): (bytes + pageBytes - 1) / pageBytes
    }
  }

  /// Its small blocks.
  var pieces: [ReconstructedPage.Piece] {
    switch self {
    case .page(let page): page.pieces
    case .large(_, _, _, let tail): tail?.pieces ?? []
    }
  }
}
