import ContentHash
import KernelPool
import PoolInvariants

/// A reference workload with checks after every operation: what checking costs over the model, with
/// nothing between the two but the books of what callers hold.
public struct AuditedRun: ~Copyable {
  /// The pool.
  public var pool: KernelPool
  /// FNV-1a over the addresses relative to the nonpaged pool, all ones for a failed request.
  public var checksum: UInt64 { hash.value }
  private var hash = ContentHash()
  /// The first violation that was found.
  public private(set) var violation: Violation?
  private let level: CheckLevel
  private let view: PoolView
  private var live = LiveAllocations()
  private var audit: IncrementalAudit
  private var generator = WorkloadGenerator()
  private let sizes: ReferenceWorkload.Sizes
  private let addresses: UnsafeMutableBufferPointer<Address>
  private let base: Address
  private let tag = PoolTag("Bnch")

  /// Boots the machine and fills every slot.
  public init(
    _ workload: ReferenceWorkload, profile: Profile, level: CheckLevel
  ) throws(ConfigurationError) {
    let configuration = workload.configuration(profile: profile)
    pool = try KernelPool.boot(configuration, reserve: MappedMemory.reserve)
    self.level = level
    view = pool.view
    let journal = level == .full ? pool.startJournal(reserve: MappedMemory.reserve) : nil
    audit = IncrementalAudit(view, journal: journal)
    base = configuration.profile.nonPagedBase
    sizes = workload.sizes
    addresses = .allocate(capacity: workload.live)
    addresses.initialize(repeating: 0)
    for slot in 0..<workload.live { allocate(slot) }
  }

  deinit { addresses.deallocate() }

  /// Runs so many steps, each a free and an allocation.
  @inline(never)
  public mutating func run(steps: Int) { advance(steps: steps) }

  /// The same under a name that is not counted.
  @inline(never)
  public mutating func warmUp(steps: Int) { advance(steps: steps) }

  /// Walks everything; nil where nothing was found now or before.
  public mutating func finish() -> Violation? {
    violation ?? audit.full(view, live).first
  }

  @inline(__always)
  private mutating func advance(steps: Int) {
    for _ in 0..<steps {
      let slot = Int(generator.below(UInt64(addresses.count)))
      if addresses[slot] != 0 { free(addresses[slot]) }
      allocate(slot)
    }
  }

  @inline(__always) private mutating func free(_ address: Address) {
    _ = pool.free(address, tag: tag)
    guard level != .off, let allocation = live.remove(address) else { return }
    audit.recordFree(view, at: address, allocation)
    check(.release(address, allocation))
  }

  @inline(__always) private mutating func allocate(_ slot: Int) {
    let bytes = sizes.next(&generator)
    let outcome = pool.allocate(.nonPaged, bytes: bytes, tag: tag)
    var offset = UInt64.max
    addresses[slot] = 0
    if case .address(let address) = outcome {
      addresses[slot] = address
      offset = address &- base
      if level != .off { book(slot, address, bytes: bytes) }
    }
    hash.add(offset)
  }

  @inline(__always)
  private mutating func book(_ slot: Int, _ address: Address, bytes: UInt64) {
    let allocation = LiveAllocation(
      slot: UInt32(truncatingIfNeeded: slot), requestedBytes: bytes, type: .nonPaged, tag: tag,
      patternSeed: nil)
    live.insert(address, allocation)
    audit.recordAllocation(view, at: address, allocation)
    check(.allocation(address, allocation))
  }

  @inline(__always) private mutating func check(_ touched: TouchedByOperation) {
    let violations =
      level == .fast ? audit.cheap(view, live, touched) : audit.check(view, live)
    if violation == nil, let first = violations.first { violation = first }
  }
}
