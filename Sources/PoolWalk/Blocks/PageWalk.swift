import KernelPool

/// The blocks of one page, from header to header, as a debugger walks them.
///
/// The walk trusts nothing. It takes at most as many steps as the page has units, stops where a
/// size leads nowhere, and keeps every fault it saw. A wrong previous size is a fault but no
/// reason to stop: the sizes still tile the page.
public struct PageWalk: Sendable, Equatable {
  /// Address of the page.
  public let page: Address
  /// Offset of the first header: zero but for the tail of a large allocation.
  public let startOffset: UInt64
  /// The blocks in address order.
  public private(set) var blocks: [PoolBlock] = []
  /// What was wrong, in address order.
  public private(set) var faults: [ChainFault] = []

  /// True where the blocks tile the page to its end, whatever their previous sizes say.
  public var isComplete: Bool { !faults.contains { $0.defect.endsWalk } }

  /// Walks the page at `page` from `startOffset` bytes on.
  public init(_ view: PoolView, page: Address, from startOffset: UInt64 = 0, parked: ParkedBlocks) {
    self.page = page
    self.startOffset = startOffset
    let profile = view.profile
    var offset = startOffset
    var previousUnits: UInt64 = 0
    while offset < profile.pageBytes {
      let address = page &+ offset
      guard let header = BlockHeader(view, at: address) else {
        faults.append(ChainFault(address: address, defect: .unreadable))
        return
      }
      if header.previousUnits != previousUnits {
        let defect = ChainFault.Defect.previousSize(
          expected: previousUnits * profile.unitBytes,
          found: header.previousUnits * profile.unitBytes)
        faults.append(ChainFault(address: address, defect: defect))
      }
      if let defect = Self.sizeDefect(header, at: offset, profile) {
        faults.append(ChainFault(address: address, defect: defect))
        return
      }
      blocks.append(Self.block(view, header, parked))
      previousUnits = header.units
      offset += header.units * profile.unitBytes
    }
  }

  /// The first block that contains `address`, or nil.
  public func block(containing address: Address) -> PoolBlock? {
    blocks.first { $0.contains(address) }
  }

  private static func sizeDefect(
    _ header: BlockHeader, at offset: UInt64, _ profile: Profile
  ) -> ChainFault.Defect? {
    guard header.units != 0 else { return .zeroSize }
    let end = offset + header.units * profile.unitBytes
    return end > profile.pageBytes ? .pastPageEnd(byBytes: end - profile.pageBytes) : nil
  }

  private static func block(
    _ view: PoolView, _ header: BlockHeader, _ parked: ParkedBlocks
  ) -> PoolBlock {
    let profile = view.profile
    let state = state(of: header, profile, parked)
    return PoolBlock(
      header: header, state: state, byteCount: header.units * profile.unitBytes,
      previousByteCount: header.previousUnits * profile.unitBytes,
      process: state == .allocated ? BilledProcess.read(view, header) : 0)
  }

  private static func state(
    of header: BlockHeader, _ profile: Profile, _ parked: ParkedBlocks
  ) -> BlockState {
    if let state = parked.state(ofHeaderAt: header.address) { return state }
    if header.storedType == 0 {
      return header.units < profile.smallestListedUnits ? .orphan : .free
    }
    let isFragment =
      profile.largeTail == .fragment && header.units == 1 && header.tag == .fragment
    return isFragment ? .fragment : .allocated
  }
}
