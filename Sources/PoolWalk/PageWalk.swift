import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct KernelPool.Profile

/// What a block is to the pool at this moment.
public enum BlockState: UInt8, Sendable, CaseIterable {
  /// Handed out to a caller.
  case allocated
  /// Free and on a list.
  case free
  /// Free but too small for list links: a header that waits for a neighbour to be freed.
  case orphan
  /// Freed by its caller and parked on a lookaside list; its header still says in use.
  case lookaside
  /// Freed by its caller and waiting for the next batch of deferred frees.
  case deferred
  /// The one-unit block behind a large allocation (Mandt 2011, Windows 7).
  case fragment

  /// True where no caller owns the bytes and a request could get them without a neighbour's help.
  public var isFree: Bool { self == .free || self == .orphan }

  /// True where the caller has freed the block and the lists have not got it yet.
  public var isParked: Bool { self == .lookaside || self == .deferred }
}

/// A small block as a walk over its page found it.
public struct PoolBlock: Sendable, Equatable {
  /// The header's fields.
  public let header: BlockHeader
  /// What the block is.
  public let state: BlockState
  /// Its size, header included.
  public let byteCount: UInt64
  /// The stored size of the block before.
  public let previousByteCount: UInt64
  /// The process that pays for the block, or zero.
  public let process: Address

  /// Address of the header.
  public var address: Address { header.address }
  /// Address behind the last byte.
  public var end: Address { header.address &+ byteCount }

  /// True where `address` lies in the block, header included.
  public func contains(_ address: Address) -> Bool { address &- header.address < byteCount }
}

/// The blocks of one page, from header to header, as a debugger walks them: everything that a
/// ``HeaderChain`` comes by, with every fault that it saw.
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
    for step in HeaderChain(view, page: page, fromUnit: startOffset / profile.unitBytes) {
      guard let fields = step.fields, let header = BlockHeader(view, at: step.address, fields)
      else {
        faults.append(ChainFault(address: step.address, defect: .unreadable))
        return
      }
      if header.previousUnits != step.previousUnits {
        let defect = ChainFault.Defect.previousSize(
          expected: step.previousUnits * profile.unitBytes,
          found: header.previousUnits * profile.unitBytes)
        faults.append(ChainFault(address: step.address, defect: defect))
      }
      if let end = step.end {
        faults.append(ChainFault(address: step.address, defect: Self.defect(end, step, profile)))
        return
      }
      blocks.append(Self.block(view, header, parked))
    }
  }

  /// The first block that contains `address`, or nil.
  public func block(containing address: Address) -> PoolBlock? {
    blocks.first { $0.contains(address) }
  }

  private static func defect(
    _ end: HeaderChain.End, _ step: HeaderChain.Step, _ profile: Profile
  ) -> ChainFault.Defect {
    switch end {
    case .unreadable: return .unreadable
    case .zeroSize: return .zeroSize
    case .pastPageEnd:
      let units = step.unit + (step.fields?.units ?? 0)
      return .pastPageEnd(byBytes: units * profile.unitBytes - profile.pageBytes)
    }
  }

  private static func block(
    _ view: PoolView, _ header: BlockHeader, _ parked: ParkedBlocks
  ) -> PoolBlock {
    let profile = view.profile
    let state = state(of: header, profile, parked)
    return PoolBlock(
      header: header, state: state, byteCount: header.units * profile.unitBytes,
      previousByteCount: header.previousUnits * profile.unitBytes,
      process: state == .allocated ? billedProcess(view, header) : 0)
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

  // MARK: Quota

  /// The process that pays for an allocated block, or zero where there is none.
  ///
  /// Sources: ReactOS `ExAllocatePoolWithQuotaTag` (last pointer of the block), Mandt 2011 (header
  /// on x64), SSTIC 2020 (hidden with a cookie and the block's address on Windows 8).
  private static func billedProcess(_ view: PoolView, _ header: BlockHeader) -> Address {
    let profile = view.profile
    guard isCharged(header.storedType, profile) else { return 0 }
    let inHeader = profile.header.processBilledOffset.flatMap {
      view.pointer(header.address &+ UInt64($0))
    }
    switch profile.quotaPointer {
    case .lastSlot, .lastSlotEncoded:
      let end = header.address &+ header.units &* profile.unitBytes
      let stored = view.pointer(end &- profile.wordBytes) ?? 0
      guard profile.quotaPointer.isHidden, stored != 0 else { return stored }
      return stored ^ (view.variables.quotaCookie & 0xFFFF_FFFF) ^ header.address
    case .processBilled: return inHeader ?? 0
    case .processBilledEncoded:
      guard let hidden = inHeader, hidden != 0 else { return 0 }
      return hidden ^ view.variables.quotaCookie ^ header.address
    }
  }

  /// Whether the stored type of a block in use has the quota bit (Volatility type tables).
  private static func isCharged(_ stored: UInt32, _ profile: Profile) -> Bool {
    let quota: UInt32 = 8
    return switch profile.storedPoolType {
    case .plusOne: (stored &- 1) & quota != 0
    case .plusOneInUse: ((stored & ~4) &- 1) & quota != 0
    case .orTwo: stored & quota != 0
    }
  }
}

extension PageWalk {
  /// Offset of the one-unit `Frag` header behind a large allocation in its last page, or nil where
  /// there is none (Mandt 2011, Windows 7: that header, then ordinary blocks).
  ///
  /// The big-page table tells the bytes in use; a header that is not what it should be there does
  /// not count, so that an overrun large allocation is not taken for blocks.
  static func offset(_ view: PoolView, ofTailOf allocation: LargeAllocation) -> UInt64? {
    let profile = view.profile
    guard profile.largeTail == .fragment, allocation.pages != 0 else { return nil }
    let used = allocation.byteCount % profile.pageBytes
    guard used != 0 else { return nil }
    let offset = (used + profile.unitBytes - 1) / profile.unitBytes * profile.unitBytes
    guard offset + profile.unitBytes < profile.pageBytes else { return nil }
    let lastPage = allocation.address &+ (allocation.pages - 1) &* profile.pageBytes
    guard let header = BlockHeader(view, at: lastPage &+ offset) else { return nil }
    let isFragment =
      header.tag == .fragment && header.units == 1 && header.previousUnits == 0
      && header.storedType != 0
    return isFragment ? offset : nil
  }
}
