import KernelPool
import PoolTrace
import PoolWalk

/// What is proved about the pages of a replay, from its machine and the peaks of what was live.
///
/// Each pool has its own cap: the most bytes that its callers held, and besides whatever the
/// machine's lookaside lists and deferred frees can keep, which is live as far as the lists of free
/// blocks know. Pages of large allocations are wholly live and cost more than any page of small
/// blocks, so the bounds cover them. The article "Bounds" has the proofs.
public struct ReplayBound: Sendable {
  /// What no bound covers.
  public enum Gap: String, Sendable {
    /// The bytes behind a large allocation become small blocks, on a page that no request took.
    case largeTails = "large allocations leave tails that become small blocks"
    /// Block sizes that the proofs do not speak of.
    case sizes = "the sizes of blocks are not those of a paged pool"
    /// A broken rule or a planted bug: then nothing is proved.
    case broken = "the pool was corrupted"
  }

  /// The bound of one pool.
  public struct Part: Sendable, Equatable {
    /// The pool.
    public let family: PoolFamily
    /// The bound in pages and its proof.
    public let bound: PageBound
    /// The cap that it is for: live bytes at their peak, parked blocks included.
    public let capBytes: UInt64
  }

  private let profile: Profile
  private let configuration: PoolConfiguration
  private let geometry: PoolGeometry?
  /// Descriptors of each pool, each with lists of its own.
  private let descriptors: [PoolFamily: Int]

  /// The bound for replays on one machine.
  public init(_ configuration: PoolConfiguration, _ view: PoolView) {
    self.configuration = configuration
    profile = view.profile
    geometry = try? PoolGeometry(profile: view.profile)
    descriptors = view.descriptors.reduce(into: [:]) { $0[PoolFamily($1.kind), default: 0] += 1 }
  }

  /// The bounds of all pools that held something, or what keeps them from being proved.
  public func parts(_ usage: LiveUsage) -> Result<[Part], Gap> {
    guard let geometry else { return .failure(.sizes) }
    // More pages than there are come from a counter that a double free took below zero.
    guard usage.peakPagesHeld <= machinePages else { return .failure(.broken) }
    var parts: [Part] = []
    for family in PoolFamily.allCases {
      let live = usage[family]
      guard live.peakBlockBytes > 0 else { continue }
      let hasLarge = live.largestBlockBytes > smallestLargeBytes(geometry)
      if hasLarge, profile.largeTail == .fragment { return .failure(.largeTails) }
      let cap = live.peakBlockBytes &+ parkedBytes(family)
      parts.append(Part(family: family, bound: bound(family, cap, geometry), capBytes: cap))
    }
    return .success(parts)
  }

  /// The most pages that any replay with these peaks can hold; nil where no bound covers it.
  public func pages(_ usage: LiveUsage) -> UInt64? {
    guard case .success(let parts) = parts(usage) else { return nil }
    return parts.reduce(0) { $0 &+ UInt64($1.bound.pages) }
  }

  /// What no small block exceeds, or, where a version serves blocks in whole pages that would fit into
  /// one, what every large allocation exceeds: there the size does not tell them apart.
  private func smallestLargeBytes(_ geometry: PoolGeometry) -> UInt64 {
    let limit = profile.largestSmallRequest
    // Usual limits leave room for the header and a unit behind it, give or take one.
    let served = limit &+ UInt64(profile.header.bytes) &+ 2 &* profile.unitBytes
    let isUsual = served >= profile.pageBytes
    return isUsual ? geometry.largestBlockBytes : limit
  }

  /// The pages of all pools, mapped or not.
  private var machinePages: UInt64 {
    configuration.nonPagedLimit &+ configuration.pagedPages &+ configuration.sessionPages
  }

  /// Several descriptors share the live bytes in ways that the better proofs do not follow, and
  /// unlisted blocks as large as a request could be closed to it: the trivial bound remains.
  private func bound(
    _ family: PoolFamily, _ capBytes: UInt64, _ geometry: PoolGeometry
  ) -> PageBound {
    let bounds = FragmentationBounds(
      geometry: geometry, peakLiveUnits: Int(clamping: capBytes / profile.unitBytes))
    let isOneList =
      descriptors[family] == 1
      && profile.smallestListedUnits <= UInt64(geometry.smallestBlockUnits)
    return isOneList ? bounds.strongest(for: PlacementRules(profile: profile)) : bounds.trivial
  }

  /// The most bytes of freed blocks that lists of one pool keep from being merged.
  private func parkedBytes(_ family: PoolFamily) -> UInt64 {
    lookasideBytes(family) &+ deferredBytes(family)
  }

  private func lookasideBytes(_ family: PoolFamily) -> UInt64 {
    let start = configuration.lookasideDepth ?? profile.lookasideDepth
    let depth =
      profile.lookasideDepthRule == .fixed ? start : max(start, profile.lookasideMaximumDepth)
    let isSession = family == .session
    let classes = isSession ? profile.sessionLookasideClasses : profile.lookasideClasses
    // Each processor has lists for each kind of memory; a shared list is one owner more.
    let shared = profile.sharedLookaside == .separate ? 1 : 0
    let owners = isSession ? 1 : UInt64(configuration.processors + shared)
    let kinds: UInt64 = family == .nonPaged && profile.hasNoExecutePool ? 2 : 1
    let units = classes &* (classes &+ 1) / 2
    return UInt64(depth) &* owners &* kinds &* units &* profile.unitBytes
  }

  private func deferredBytes(_ family: PoolFamily) -> UInt64 {
    guard profile.deferredFrees else { return 0 }
    return UInt64(profile.deferredFreeLimit) &* UInt64(descriptors[family] ?? 1)
      &* profile.pageBytes
  }
}

extension PoolGeometry {
  /// Bytes of the largest block that is cut from a page.
  fileprivate var largestBlockBytes: UInt64 { UInt64(largestBlockUnits * unitBytes) }
}

extension ReplayBound.Gap: Error, CustomStringConvertible {
  /// The reason, as reports give it.
  public var description: String { rawValue }
}
