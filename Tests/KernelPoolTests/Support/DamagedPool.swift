import KernelPool
import PoolTestSupport
import PropertyTesting

/// A short run on a small pool: requests and frees, then bytes written over its structures, then
/// more requests and frees of live, stale and invented addresses. All of it from one seed.
struct DamagedPool: ~Copyable {
  private(set) var pool: KernelPool
  private var random: SplitMix64
  private var live: [Address] = []
  private var stale: [Address] = []
  /// Most requests are for small blocks of nonpaged pool, and there are many.
  private let isMostlyPlain: Bool

  init(
    _ profile: Profile, seed: UInt64,
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed, isMostlyPlain: Bool = false
  ) throws {
    random = SplitMix64(seed: seed)
    self.isMostlyPlain = isMostlyPlain
    pool = try KernelPool.boot(
      Self.configuration(profile, &random), reserve: reserve)
  }

  /// Every request and free is served by the general instance.
  mutating func useGeneralAlgorithmsOnly() { pool.useGeneralAlgorithmsOnly() }

  /// Stores are noted from now on.
  mutating func keepJournal() { _ = pool.startJournal() }

  /// The machine that a seed gives.
  static func configuration(_ profile: Profile, seed: UInt64) -> PoolConfiguration {
    var random = SplitMix64(seed: seed)
    return configuration(profile, &random)
  }

  private static func configuration(
    _ profile: Profile, _ random: inout SplitMix64
  ) -> PoolConfiguration {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = 24 * 4096 / profile.pageBytes
    configuration.maximumNonPagedPages = configuration.nonPagedPages + 12
    configuration.expansion = random.pick(Expansion.allCases)
    configuration.availablePages = random.next(below: 16)
    configuration.pagedPages = 32
    configuration.sessionPages = 8
    configuration.contiguousPages = 8
    configuration.lookasideDepth = random.pick([0, 2, nil])
    configuration.singlePageDepth = UInt16(random.next(below: 3))
    configuration.trackerEntries = 64
    configuration.bigTableEntries = 64
    configuration.processors = 1 + Int(random.next(below: 2))
    configuration.initialisation = random.pick([.none, .none, .kernel])
    configuration.profile.pagedDescriptors = min(profile.pagedDescriptors, 2)
    configuration.profile.lookasideDepthRule = .missRatio
    configuration.profile.bigTableResizing = random.pick([.dynamic, .fixed])
    if configuration.initialisation == .kernel { configuration.nonPagedPages *= 2 }
    return configuration
  }

  /// Runs to the end and says how it ended.
  mutating func finish() -> String {
    for _ in 0..<(isMostlyPlain ? 150 : 30) { operate(onlyValid: true) }
    let isGentle = random.next(below: 2) == 0
    for _ in 0...random.next(below: 6) where pool.halted == nil {
      for _ in 0...random.next(below: isGentle ? 2 : 6) { damage() }
      for _ in 0..<(isMostlyPlain ? 60 : 12) { operate(onlyValid: isGentle) }
    }
    _ = pool.drainDeferredFrees()
    switch pool.halted {
    case nil: return "still running"
    case .bugCheck: return "bug check"
    case .fault, .nonCanonicalFault: return "fault"
    case .hang: return "hang"
    }
  }

  // MARK: Operations

  private mutating func operate(onlyValid: Bool) {
    switch random.next(below: 12) {
    case 0...5: allocate()
    case 6...9: free(onlyValid: onlyValid)
    case 10: contiguous()
    default:
      pool.run(onProcessor: Int(random.next(below: UInt64(pool.configuration.processors))))
      pool.tick(seconds: random.next(below: 3))
    }
  }

  private mutating func allocate() {
    let types: [PoolType] = [
      .nonPaged, .nonPaged, .paged, .cacheAligned, .quota, [.paged, .quota], [.paged, .session],
      .noExecute, .raiseOnFailure, [.paged, .cacheAligned],
    ]
    let page = pool.profile.pageBytes
    let sizes = [
      random.next(below: 64), random.next(below: page), random.next(below: 4 * page),
      page - random.next(below: 64), page * 2 + random.next(below: 64), random.next(),
    ]
    let isPlain = isMostlyPlain && random.next(below: 8) != 0
    let outcome = pool.allocate(
      isPlain ? .nonPaged : random.pick(types),
      bytes: isPlain ? random.next(below: random.pick([64, 256, page])) : random.pick(sizes),
      tag: random.pick(Self.tags))
    if case .address(let address) = outcome { live.append(address) }
  }

  private static let tags = [
    PoolTag("Abcd"), PoolTag("Io  "), PoolTag(word: 0), PoolTag(word: .max), PoolTag("New1"),
  ]

  private mutating func free(onlyValid: Bool) {
    let isInvented = !onlyValid && random.next(below: 4) == 0
    guard !isInvented, !live.isEmpty else {
      if isInvented { _ = pool.free(address(), tag: random.pick([nil, PoolTag("Abcd")])) }
      return
    }
    let block = live.remove(at: Int(random.next(below: UInt64(live.count))))
    stale.append(block)
    _ = pool.free(block)
  }

  private mutating func contiguous() {
    let outcome = pool.allocateContiguous(
      bytes: random.next(below: 3 * pool.profile.pageBytes),
      lowest: random.pick([0, 0, random.next()]),
      highest: random.pick([.max, .max, 0x2FF_FFFF, random.next()]),
      boundary: random.pick([0, 0, 0x4000, random.next()]))
    if case .address(let address) = outcome, random.next(below: 2) == 0 {
      _ = pool.freeContiguous(address)
    }
    if random.next(below: 20) == 0 { _ = pool.freeContiguous(self.address()) }
  }

  // MARK: Damage

  /// Writes a value of some size somewhere where the pool keeps something.
  private mutating func damage() {
    let value = random.pick([
      0, 1, random.next(), random.next(below: 0x1_0000), .max, address(), address() | 1,
      random.next() & 0x1FF_01FF,
    ])
    let count = Int(random.pick([1, 2, 4, 8]))
    let place = structure()
    guard pool.view.byte(place) != nil, pool.view.byte(place &+ UInt64(count - 1)) != nil else {
      return
    }
    withUnsafeBytes(of: value) {
      _ = pool.write(place, UnsafeRawBufferPointer(rebasing: $0[..<count]))
    }
  }

  /// A place in a header, a body, a table, a descriptor, a list head or a bitmap.
  private mutating func structure() -> Address {
    let variables = pool.view.variables
    let word = pool.profile.wordBytes
    switch random.next(below: 10) {
    case 0...3:
      let around = random.next(below: 6) * word
      return address() &- UInt64(pool.profile.header.bytes) &+ around
    case 4:
      return variables.bigTable
        + random.next(below: variables.bigTableEntries) * pool.profile.bigEntryBytes
        + random.next(below: 6) * 4
    case 5:
      return variables.trackerTable
        + random.next(below: variables.trackerRows) * pool.profile.trackerRowBytes
    case 6:
      let roots = pool.view.descriptors
      let root = roots[Int(random.next(below: UInt64(roots.count)))]
      return root.address + random.next(below: 0x1100 / word) * word
    case 7:
      let maps = [variables.pagedBitmap, variables.sessionBitmap, variables.nonPagedBitmap]
        .flatMap { [$0.allocationMap, $0.endMap] }.filter { $0 != 0 }
      return random.pick(maps) + random.next(below: 8)
    case 8: return variables.freeRunHeads + random.next(below: 8) * word
    default: return page() + random.next(below: 6) * word
    }
  }

  /// An address near something: live, stale, a page, or none at all.
  private mutating func address() -> Address {
    let near = random.pick([0, 0, 8, 16, 0x1000, random.next(below: 0x2000)])
    switch random.next(below: 8) {
    case 0...2 where !live.isEmpty: return random.pick(live) &+ near
    case 3...4 where !stale.isEmpty: return random.pick(stale) &+ near
    case 5: return random.next()
    case 6: return pool.view.descriptors[0].listHeads + near
    default: return page() + near
    }
  }

  /// A page of one of the pools.
  private mutating func page() -> Address {
    let profile = pool.profile
    let base = random.pick([
      profile.nonPagedBase, profile.nonPagedBase, profile.pagedBase, profile.sessionBase,
      profile.contiguousBase, profile.expansionBase ?? profile.nonPagedBase,
    ])
    return base + random.next(below: 40) * profile.pageBytes
  }
}
