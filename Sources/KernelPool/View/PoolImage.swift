/// The memory of a machine that does not run here, as a view of it: what a crash dump holds.
///
/// Ranges have addresses and no bytes at first. Pages are put in one by one and can be taken out
/// again, so that pools larger than this machine's memory are walked a piece at a time. A page that
/// is not in reads as not mapped.
public final class PoolImage {
  /// Addresses that may have pages.
  public struct Range: Sendable, Equatable {
    /// First address, that of a page.
    public let base: Address
    /// Bytes, whole pages.
    public let byteCount: UInt64
    /// The pool whose pages these are, or nil for the kernel's own data.
    public let kind: PoolKind?
    /// True where the pages have page frames, whose marks mean something.
    public let hasFrames: Bool

    /// A range from its parts.
    public init(base: Address, byteCount: UInt64, kind: PoolKind?, hasFrames: Bool) {
      self.base = base
      self.byteCount = byteCount
      self.kind = kind
      self.hasFrames = hasFrames
    }
  }

  /// Gives the host's memory behind pages back that were taken out.
  public typealias Discarder = (UnsafeMutableRawPointer, Int) -> Void

  /// The kernel's variables, as far as they are known.
  public var variables: KernelVariables {
    get { variablesPointer.pointee }
    set { variablesPointer.pointee = newValue }
  }
  /// The lookaside lists, in the order of `PoolView.lookaside(at:)`; empty where not known.
  public var lookasides: UnsafeMutableBufferPointer<LookasideList>

  private let profile: UnsafeMutablePointer<Profile>
  private let configuration: UnsafeMutablePointer<PoolConfiguration>
  private let variablesPointer: UnsafeMutablePointer<KernelVariables>
  private let descriptors: UnsafeMutableBufferPointer<DescriptorRoot>
  private let regions: UnsafeMutableBufferPointer<MemoryRegion>
  private let reserved: ReservedBytes
  private let discard: Discarder?

  /// An image without pages; nil where there is no memory for it. The sum of the ranges is reserved,
  /// so `reserve` should cost nothing until it is touched.
  public init?(
    _ configuration: PoolConfiguration, ranges: [Range], descriptors: [DescriptorRoot],
    reserve: ReservedBytes.Reserver, discard: Discarder? = nil
  ) {
    let shift = UInt64(configuration.profile.pageBytes.trailingZeroBitCount)
    // Host pages, so that one can be given back without its neighbours.
    let hostMask: UInt64 = 0xFFF
    let marks = ranges.reduce(0) { $0 + $1.byteCount >> shift }
    let firstByte = (marks + hostMask) & ~hostMask
    let total = ranges.reduce(firstByte) { $0 + ($1.byteCount + hostMask) & ~hostMask }
    guard total <= UInt64(Int.max / 2), let reserved = reserve(Int(total)) else { return nil }
    self.reserved = reserved
    self.discard = discard
    var (mark, byte) = (UInt64(0), firstByte)
    var list: [MemoryRegion] = []
    for range in ranges {
      list.append(
        MemoryRegion(
          base: range.base, byteCount: range.byteCount, kind: range.kind,
          hasFrames: range.hasFrames, alwaysMappedPages: 0, host: reserved.base + Int(byte),
          marksPointer: (reserved.base + Int(mark)).assumingMemoryBound(to: UInt8.self),
          pageShift: shift, stamps: nil))
      mark += range.byteCount >> shift
      byte += (range.byteCount + hostMask) & ~hostMask
    }
    profile = .allocate(capacity: 1)
    profile.initialize(to: configuration.profile)
    self.configuration = .allocate(capacity: 1)
    self.configuration.initialize(to: configuration)
    variablesPointer = .allocate(capacity: 1)
    variablesPointer.initialize(to: KernelVariables())
    self.descriptors = .allocate(capacity: descriptors.count)
    _ = self.descriptors.initialize(from: descriptors)
    regions = .allocate(capacity: list.count)
    _ = regions.initialize(from: list)
    let owners =
      configuration.processors + (configuration.profile.sharedLookaside == .separate ? 1 : 0)
    lookasides = .allocate(
      capacity: owners * PoolKind.count * Int(configuration.profile.lookasideClasses))
    lookasides.initialize(repeating: LookasideList(depth: 0))
  }

  deinit {
    profile.deinitialize(count: 1)
    profile.deallocate()
    configuration.deinitialize(count: 1)
    configuration.deallocate()
    variablesPointer.deinitialize(count: 1)
    variablesPointer.deallocate()
    descriptors.deallocate()
    regions.deallocate()
    lookasides.deallocate()
    reserved.giveBack()
  }

  /// The view; valid as long as this image lives.
  public var view: PoolView {
    PoolView(
      profilePointer: UnsafePointer(profile), configurationPointer: UnsafePointer(configuration),
      regions: regionsStart, regionCount: regions.count,
      variablesPointer: UnsafePointer(variablesPointer),
      descriptorsPointer: start(descriptors), descriptorCount: descriptors.count,
      lookasidesPointer: start(lookasides))
  }

  private var regionsStart: UnsafePointer<MemoryRegion> { start(regions) }

  /// A buffer of no elements may have no address; nobody reads there.
  private func start<Element>(_ buffer: UnsafeMutableBufferPointer<Element>)
    -> UnsafePointer<Element>
  {
    guard let base = buffer.baseAddress else { preconditionFailure("buffers were allocated") }
    return UnsafePointer(base)
  }

  // MARK: Pages

  private func place(of page: Address) -> (region: MemoryRegion, index: Int)? {
    for region in regions where region.contains(page) {
      return (region, Int((page &- region.base) >> region.pageShift))
    }
    return nil
  }

  /// True where a page lies in a range.
  public func covers(_ page: Address) -> Bool { place(of: page) != nil }

  /// True where a page is in.
  public func has(_ page: Address) -> Bool {
    guard let (region, index) = place(of: page) else { return false }
    return PageMarks(rawValue: region.marksPointer[index]).contains(.mapped)
  }

  /// Puts a page in: its bytes, at most a page, and its marks. Nothing happens outside of the ranges.
  public func put(_ bytes: UnsafeRawBufferPointer, at page: Address, marks: PageMarks) {
    guard let (region, index) = place(of: page) else { return }
    let room = min(
      UInt64(1) << region.pageShift, region.byteCount - UInt64(index) << region.pageShift)
    if let source = bytes.baseAddress {
      (region.host + index << Int(region.pageShift)).copyMemory(
        from: source, byteCount: min(bytes.count, Int(room)))
    }
    region.marksPointer[index] = marks.union([.mapped, .touched]).rawValue
  }

  /// Sets the marks of a page that is in, or is not mapped.
  public func mark(_ page: Address, _ marks: PageMarks) {
    guard let (region, index) = place(of: page) else { return }
    let kept = region.marksPointer[index] & PageMarks([.mapped, .touched]).rawValue
    region.marksPointer[index] = kept | marks.subtracting([.mapped, .touched]).rawValue
  }

  /// Takes pages out whose bytes are not needed any more; their other marks stay.
  public func takeOut(_ pages: UInt64, from page: Address) {
    guard pages > 0, let (region, index) = place(of: page) else { return }
    let count = min(pages, region.byteCount >> region.pageShift - UInt64(index))
    for place in index..<index + Int(count) {
      region.marksPointer[place] &= ~PageMarks([.mapped, .touched]).rawValue
    }
    discard?(region.host + index << Int(region.pageShift), Int(count << region.pageShift))
  }
}

extension PoolView {
  /// The memory regions, in no particular order: what a dump of the machine is written from.
  public var memoryRegions: UnsafeBufferPointer<MemoryRegion> {
    UnsafeBufferPointer(start: regions, count: regionCount)
  }
}
