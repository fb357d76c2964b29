import KernelPool
import PoolBounds
import PoolTrace

/// The kernel model as an allocator that adversaries and searches drive.
///
/// Held pages are what the nonpaged descriptor's own counters say, so a figure reached here was
/// booked by the kernel. A request that the kernel refuses, or after which it stopped, is not a
/// trap: ``failure`` tells of the first one, its handle names nothing, and the run goes on.
public struct KernelTarget: ~Copyable, AllocatorTarget {
  /// The sizes.
  public let geometry: PoolGeometry
  /// What is held and what is live, the first by the kernel's counters.
  public private(set) var footprint = Footprint()
  /// The first request or release that the kernel did not carry out.
  public private(set) var failure: String?
  /// The pool, for whoever audits it; valid as long as the target.
  public let view: PoolView

  private var pool: KernelPool
  private let root: DescriptorRoot
  private let layout: DescriptorLayout
  private let linkBit: UInt64
  private var blocks: [Block] = []
  private var unused: [Int32] = []

  private struct Block {
    var address: Address
    var units: Int
  }

  private static let tag = PoolTag("Frag")

  /// An empty pool on a machine of the contest.
  ///
  /// - Throws: ``KernelContest/Failure`` where the machine's memory cannot be reserved.
  public init(
    _ contest: KernelContest, geometry: PoolGeometry
  ) throws(KernelContest.Failure) {
    do {
      pool = try KernelPool.boot(
        contest.configuration.pool, reserve: MappedMemory.reserve)
    } catch {
      throw .machine(error.message)
    }
    self.geometry = geometry
    view = pool.view
    layout = view.profile.descriptor
    root = view.descriptors[0]
    linkBit = view.profile.linkEncoding == .lowBitSet ? 1 : 0
  }

  /// Takes a block of `units`, header included.
  public mutating func allocate(units: Int) -> BlockHandle {
    let bytes = UInt64(geometry.payloadBytes(units: units))
    let outcome = pool.allocate(.nonPaged, bytes: bytes, tag: Self.tag)
    guard case .address(let address) = outcome else {
      fail("a request for \(units) units came to \(outcome)")
      return store(Block(address: 0, units: 0))
    }
    footprint.liveUnits &+= units
    footprint.liveBlocks &+= 1
    countPages()
    noteLivePeak()
    return store(Block(address: address, units: units))
  }

  /// Gives a live block back.
  public mutating func free(_ handle: BlockHandle) {
    let block = blocks[Int(handle.index)]
    blocks[Int(handle.index)].address = 0
    guard block.address != 0 else { return }
    unused.append(handle.index)
    let outcome = pool.free(block.address, tag: Self.tag)
    guard outcome == .freed else { return fail("a release came to \(outcome)") }
    footprint.liveUnits &-= block.units
    footprint.liveBlocks &-= 1
    countPages()
  }

  /// Units from the start of its page to a live block.
  public func offset(of handle: BlockHandle) -> Int {
    let start = blocks[Int(handle.index)].address &- UInt64(geometry.headerBytes)
    return Int(start & (view.profile.pageBytes &- 1)) / geometry.unitBytes
  }

  /// The address of a live block's page; 0 for a handle that names nothing.
  public func page(of handle: BlockHandle) -> Address {
    blocks[Int(handle.index)].address & ~(view.profile.pageBytes &- 1)
  }

  /// Units of the largest listed free block, found through the list heads.
  public var largestFreeUnits: Int {
    var units = geometry.pageUnits
    while units > 0, !hasFreeBlock(units: units) { units -= 1 }
    return units
  }

  /// Whether the list of exactly `units` is used.
  public func hasFreeBlock(units: Int) -> Bool {
    guard (1...geometry.pageUnits).contains(units) else { return false }
    let head = root.listHeads &+ UInt64(units &- 1) &* 2 &* view.profile.wordBytes
    guard let link = view.pointer(head) else { return false }
    return link & ~linkBit != head
  }

  // MARK: Books

  private mutating func store(_ block: Block) -> BlockHandle {
    if let index = unused.popLast() {
      blocks[Int(index)] = block
      return BlockHandle(index: index)
    }
    blocks.append(block)
    return BlockHandle(index: Int32(blocks.count - 1))
  }

  private mutating func countPages() {
    let small = view.word32(root.address &+ layout.totalPages) ?? 0
    let large = view.word32(root.address &+ layout.totalBigPages) ?? 0
    footprint.pagesHeld = Int(small) + Int(large)
    if footprint.pagesHeld > footprint.peakPagesHeld {
      footprint.peakPagesHeld = footprint.pagesHeld
      footprint.liveUnitsAtPeakPages = footprint.liveUnits
    }
  }

  private mutating func noteLivePeak() {
    guard footprint.liveUnits > footprint.peakLiveUnits else { return }
    footprint.peakLiveUnits = footprint.liveUnits
    footprint.pagesHeldAtPeakLive = footprint.pagesHeld
  }

  private mutating func fail(_ text: String) {
    if failure == nil { failure = text }
  }
}
