import KernelPool
import PoolDebugger

/// A listed page as a row of pieces without gaps, in units.
struct ReconstructedPage {
  /// What a piece is at the end.
  enum Use: Equatable {
    case allocated
    case free
    /// Freed and parked on a lookaside list.
    case parked
    /// Not listed: it only has to fill the room.
    case filler
  }

  /// One block.
  struct Piece: Equatable {
    var offset: UInt64
    var units: UInt64
    var use: Use
    var tag: PoolTag
  }

  /// The page's address.
  let address: Address
  /// Where on the page the `Frag` block lies, in bytes, if a large allocation ends there.
  let fragmentOffset: UInt64?
  /// Whether a listing shows it, or only the allocation before it is known.
  let isListed: Bool
  /// The blocks in the order of their addresses.
  private(set) var pieces: [Piece] = []

  /// The tag of what a listing does not name.
  static let unknownTag = PoolTag("????")

  /// The page of a listing; throws where no requests can lead there.
  init(
    _ listing: PoolListing, address: Address, _ profile: Profile
  ) throws(ReconstructionError) {
    self.address = address
    isListed = true
    let unit = profile.unitBytes
    var blocks = listing.blocksByAddress[...]
    if let first = blocks.first, Self.isFragment(first, profile) {
      guard profile.largeTail == .fragment else {
        throw Self.error(
          address, "\(profile.name) leaves no Frag block behind a large allocation")
      }
      fragmentOffset = first.address & (profile.pageBytes - 1)
      blocks.removeFirst()
    } else {
      fragmentOffset = nil
    }
    var end = fragmentOffset.map { $0 + unit } ?? 0
    for block in blocks {
      let start = block.address & (profile.pageBytes - 1)
      guard block.address & ~(profile.pageBytes - 1) == address, start % unit == 0,
        block.sizeBytes % unit == 0, block.sizeBytes > 0, start >= end,
        start + block.sizeBytes <= profile.pageBytes
      else { throw Self.error(address, "its blocks overlap, or are no multiples of \(unit) bytes") }
      try fill(from: end, to: start, last: block.previousSizeBytes, unit)
      pieces.append(Self.piece(block, at: start, unit))
      end = start + block.sizeBytes
    }
    guard !pieces.isEmpty || fragmentOffset != nil else {
      throw Self.error(address, "no block is listed")
    }
    try fill(from: end, to: profile.pageBytes, last: nil, unit)
    try check(profile)
  }

  /// The page on which a large allocation ends, all behind its `Frag` block free; nil where the
  /// version gives the rest of the page to nobody, or no block fits there.
  init?(behindLarge allocation: Address, bytes: UInt64, _ profile: Profile) {
    let unit = profile.unitBytes
    let end = allocation + (bytes + unit - 1) / unit * unit
    let offset = end & (profile.pageBytes - 1)
    let freeUnits = (profile.pageBytes - offset) / unit - 1
    guard profile.largeTail == .fragment, offset > 0, freeUnits > 0 else { return nil }
    isListed = false
    address = end - offset
    fragmentOffset = offset
    pieces = [Piece(offset: offset + unit, units: freeUnits, use: .free, tag: .fragment)]
  }

  /// The mark at the end of a large allocation (Windows 7; Mandt 2011).
  private static func isFragment(_ block: ListedBlock, _ profile: Profile) -> Bool {
    block.tag?.rawValue == PoolTag.fragment.word && block.state == .allocated
      && block.previousSizeBytes == 0 && block.sizeBytes == profile.unitBytes
      && block.address & (profile.pageBytes - 1) > 0
  }

  static func error(_ page: Address, _ reason: String) -> ReconstructionError {
    ReconstructionError("page \(String(page, radix: 16)): \(reason)")
  }

  private static func piece(_ block: ListedBlock, at offset: UInt64, _ unit: UInt64) -> Piece {
    let use: Use =
      switch block.state {
      case .allocated: .allocated
      // poolinfo calls parked blocks free but shows that they keep their pool type.
      case .free: block.poolType ?? 0 == 0 ? .free : .parked
      case .freeOnLookaside: .parked
      }
    let tag = PoolTag(word: block.tag?.rawValue ?? unknownTag.word).unprotected
    return Piece(
      offset: offset, units: block.sizeBytes / unit, use: use,
      tag: block.isProtected ? PoolTag(word: tag.word | PoolTag.protectedBit) : tag)
  }

  /// Fills a gap, its last piece as large as the next block says.
  private mutating func fill(
    from start: UInt64, to end: UInt64, last: UInt64?, _ unit: UInt64
  ) throws(ReconstructionError) {
    guard end > start else { return }
    let last = last ?? end - start
    guard last > 0, last <= end - start, last % unit == 0 else {
      throw Self.error(address, "a previous size reaches before the block that ends there")
    }
    for (offset, bytes) in [(start, end - start - last), (end - last, last)] where bytes > 0 {
      pieces.append(
        Piece(
          offset: offset, units: bytes / unit, use: bytes == unit ? .free : .filler,
          tag: Self.unknownTag))
    }
  }

  private func check(_ profile: Profile) throws(ReconstructionError) {
    for (index, piece) in pieces.enumerated() {
      let next = index + 1 < pieces.count ? pieces[index + 1] : nil
      if piece.use == .free, let next, next.use == .free {
        throw Self.error(
          address, "two free blocks lie side by side, which a free would have joined")
      }
      guard piece.units < profile.smallestListedUnits else { continue }
      // A rest too small for a list comes from a split: before the block that was taken from the
      // room's back, or behind the only block of a page.
      guard piece.use == .free, index > 0, next != nil || index == 1 else {
        throw Self.error(address, "a block of \(piece.units) units cannot be made by requests here")
      }
    }
    guard fragmentOffset != nil || pieces.contains(where: { $0.use != .free }) else {
      throw Self.error(address, "nothing on it is in use, so it would have been given back")
    }
  }
}

/// Why a listing cannot be turned into a trace.
public struct ReconstructionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, in words for the user.
  public let message: String

  /// An error from its words.
  public init(_ message: String) { self.message = message }

  /// The words.
  public var description: String { message }
}
