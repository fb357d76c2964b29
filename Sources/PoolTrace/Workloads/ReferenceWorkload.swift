import ContentHash
import KernelPool

/// The request sequences by which the model's speed is compared with the recorded reference, and
/// its addresses with the reference's checksums.
///
/// Slots are filled in order; then each step frees a random slot and fills it again. Two numbers
/// are drawn for a step: the slot, then, after the free, the size.
public struct ReferenceWorkload: Sendable {
  /// The name in reports.
  public let name: String
  /// Slots that are always full.
  public let live: Int
  /// Depth of every lookaside list.
  public let lookasideDepth: UInt16
  /// Pages of nonpaged pool.
  public let pages: UInt64
  /// How sizes are drawn.
  let sizes: Sizes

  /// Sizes in bytes: `least`, and so many steps more as one number of the generator says.
  ///
  /// Data, because calling a closure for each size showed in the instructions of an operation.
  struct Sizes: Sendable {
    let least: UInt64
    let count: UInt64
    let step: UInt64

    @inline(__always) func next(_ generator: inout WorkloadGenerator) -> UInt64 {
      least &+ generator.below(count) &* step
    }
  }

  /// Small churn: 16 to 256 bytes, no lookasides.
  public static let smallChurn = ReferenceWorkload(
    name: "small churn, lookaside=0", live: 10_000, lookasideDepth: 0,
    sizes: Sizes(least: 16, count: 241, step: 1))

  /// Small churn with lookasides of depth 4.
  public static let smallChurnLookaside = ReferenceWorkload(
    name: "small churn, lookaside=4", live: 10_000, lookasideDepth: 4,
    sizes: Sizes(least: 16, count: 241, step: 1))

  /// Mixed sizes: 1 to 4000 bytes.
  public static let mixed = ReferenceWorkload(
    name: "mixed sizes", live: 10_000, lookasideDepth: 0,
    sizes: Sizes(least: 1, count: 4000, step: 1))

  /// Large allocations: 1 to 16 pages.
  public static let largePages = ReferenceWorkload(
    name: "large pages", live: 1000, lookasideDepth: 0,
    sizes: Sizes(least: 4096, count: 16, step: 4096))

  /// All of them, in the order of the reports.
  public static let all: [ReferenceWorkload] = [
    .smallChurn, .smallChurnLookaside, .mixed, .largePages,
  ]

  /// The same with another number of live blocks and another size of the pool.
  public func scaled(live: Int, pages: UInt64) -> ReferenceWorkload {
    ReferenceWorkload(
      name: "\(name), \(live) live, \(pages) pages", live: live, lookasideDepth: lookasideDepth,
      pages: pages, sizes: sizes)
  }

  /// The bytes of the next request.
  @inline(__always) public func nextBytes(_ generator: inout WorkloadGenerator) -> UInt64 {
    sizes.next(&generator)
  }

  /// The machine that the reference was measured on, with the facts of `profile`.
  public func configuration(profile: Profile = .reactosX64) -> PoolConfiguration {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = pages
    configuration.pagedPages = 512
    configuration.singlePageDepth = 4
    configuration.lookasideDepth = lookasideDepth
    return configuration
  }

  init(
    name: String, live: Int, lookasideDepth: UInt16, pages: UInt64 = 32_768, sizes: Sizes
  ) {
    self.name = name
    self.live = live
    self.lookasideDepth = lookasideDepth
    self.pages = pages
    self.sizes = sizes
  }
}

/// The generator of the sequences: xorshift64* (Vigna 2016), high words only.
public struct WorkloadGenerator: Sendable {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The generator at its start.
  public init() {}

  /// The next 64 bits.
  @inline(__always) mutating func next() -> UInt64 {
    state ^= state &>> 12
    state ^= state &<< 25
    state ^= state &>> 27
    return state &* 2_685_821_657_736_338_717
  }

  /// A number from 0 up to, not including, `limit`.
  @inline(__always) public mutating func below(_ limit: UInt64) -> UInt64 {
    ((next() &>> 32) &* limit) &>> 32
  }
}

/// A run of a workload: what was drawn so far, and a checksum over every address.
public struct WorkloadRun: ~Copyable {
  /// The pool.
  public var pool: KernelPool
  /// FNV-1a over the addresses relative to the nonpaged pool, all ones for a failed request.
  public var checksum: UInt64 { hash.value }
  private var hash = ContentHash()
  private var generator = WorkloadGenerator()
  private let sizes: ReferenceWorkload.Sizes
  private let addresses: UnsafeMutableBufferPointer<Address>
  private let base: Address
  private let tag = PoolTag("Bnch")

  /// Boots the machine and fills every slot.
  public init(_ workload: ReferenceWorkload, profile: Profile) throws(ConfigurationError) {
    let configuration = workload.configuration(profile: profile)
    pool = try KernelPool.boot(configuration, reserve: MappedMemory.reserve)
    base = configuration.profile.nonPagedBase
    sizes = workload.sizes
    addresses = .allocate(capacity: workload.live)
    addresses.initialize(repeating: 0)
    for slot in 0..<workload.live { allocate(slot) }
  }

  deinit { addresses.deallocate() }

  /// Runs so many steps, each a free and an allocation. Never inlined, so that an instruction counter
  /// can be told to count this function only.
  @inline(never)
  public mutating func run(steps: Int) { advance(steps: steps) }

  /// The same under a name that is not counted: the steps that bring a workload into its steady state.
  @inline(never)
  public mutating func warmUp(steps: Int) { advance(steps: steps) }

  @inline(__always)
  private mutating func advance(steps: Int) {
    for _ in 0..<steps {
      let slot = Int(generator.below(UInt64(addresses.count)))
      if addresses[slot] != 0 { _ = pool.free(addresses[slot], tag: tag) }
      allocate(slot)
    }
  }

  @inline(__always) private mutating func allocate(_ slot: Int) {
    let outcome = pool.allocate(.nonPaged, bytes: sizes.next(&generator), tag: tag)
    var offset = UInt64.max
    addresses[slot] = 0
    if case .address(let address) = outcome {
      addresses[slot] = address
      offset = address &- base
    }
    hash.add(offset)
  }
}

/// The loop that times are compared with: the generator and the checksum of a workload, without the
/// pool.
public struct GeneratorRun: Sendable {
  private let workload: ReferenceWorkload
  private var generator = WorkloadGenerator()
  /// FNV-1a over what was drawn.
  public var checksum: UInt64 { hash.value }
  private var hash = ContentHash()

  /// The generator at its start.
  public init(_ workload: ReferenceWorkload) { self.workload = workload }

  /// Runs so many steps, each of a slot and a size.
  @inline(never)
  public mutating func run(steps: Int) {
    for _ in 0..<steps {
      let slot = generator.below(UInt64(workload.live))
      hash.add(slot ^ workload.sizes.next(&generator))
    }
  }
}
