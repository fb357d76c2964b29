import KernelPool
import PoolBounds
import PoolTrace

/// The machine on which the kernel model plays by the abstract pool's rules.
///
/// Lookaside lists, waiting frees and single-page lists would park blocks and pages that the rules
/// count as given back, the kernel's own tables would hold pages that no trace asked for, and tails
/// of large allocations would be served to small requests; so all of them are off. What is left of
/// the kernel is what the proofs speak of. Fill patterns change no placement and cost time.
public struct KernelContest: Sendable {
  /// The machine.
  public let configuration: TraceConfiguration

  /// Why the kernel cannot play.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The adversary's choice among equal blocks is no rule of a kernel.
    case relaxedOrder
    /// Only the kernel's list search can be played.
    case firstFit
    /// No kernel has pages and blocks of these sizes.
    case geometry
    /// The model refused the machine.
    case machine(String)

    /// One sentence for the user.
    public var description: String {
      switch self {
      case .relaxedOrder: "no kernel lets its callers choose among equal free blocks"
      case .firstFit: "no kernel searches by address"
      case .geometry:
        "the kernel model needs pages of 64...4096 bytes, a power of two, and the sizes of a"
          + " profile"
      case .machine(let message): message
      }
    }
  }

  /// A machine of `profile` with the rules of the contest.
  ///
  /// `geometry`: must have the profile's page and unit; it may restrict requests.
  /// `pages`: pages of nonpaged pool wanted; fewer if not so many fit the address space.
  /// - Throws: ``Failure``.
  public init(
    profile: Profile, geometry: PoolGeometry, rules: PlacementRules, pages: Int
  ) throws(Failure) {
    guard rules.remainderOrder != .relaxed else { throw .relaxedOrder }
    guard rules.fit == .smallestList else { throw .firstFit }
    guard Int(profile.pageBytes) == geometry.pageBytes,
      Int(profile.unitBytes) == geometry.unitBytes,
      Int(profile.header.bytes) == geometry.headerBytes,
      Int(profile.smallestListedUnits) == geometry.smallestListedUnits
    else { throw .geometry }
    var machine = TraceConfiguration(profile: profile)
    machine.fill = .off
    machine.pool.initialisation = .none
    machine.pool.lookasideDepth = 0
    machine.pool.singlePageDepth = 0
    machine.pool.maximumNonPagedPages = nil
    machine.pool.profile.expansionBase = nil
    machine.pool.profile.deferredFrees = false
    machine.pool.profile.largeTail = .wasted
    machine.pool.profile.firstList = rules.exactFit == .taken ? .exactFit : .aboveExactFit
    machine.pool.profile.remainderEnd = rules.remainderOrder == .tail ? .tail : .head
    machine.pool.profile.freedEnd = rules.freedOrder == .head ? .head : .tail
    configuration = try Self.booting(machine, pages: pages)
  }

  /// The profile that has a geometry without a kernel: headers of 8 bytes, and units of 8 bytes or,
  /// where a block of one unit must hold list links, of 16.
  ///
  /// - Throws: ``Failure/geometry`` where pages have a size that the model does not know.
  public static func profile(for geometry: PoolGeometry) throws(Failure) -> Profile {
    guard geometry.headerBytes == 8, (64...4096).contains(geometry.pageBytes),
      geometry.pageBytes.nonzeroBitCount == 1
    else { throw .geometry }
    var profile = Profile.windows2003x86
    profile.pageBytes = UInt64(geometry.pageBytes)
    profile.unitBytes = UInt64(geometry.unitBytes)
    profile.smallestBlockUnits = UInt64(geometry.smallestBlockUnits)
    profile.smallestListedUnits = UInt64(geometry.smallestListedUnits)
    return profile
  }

  /// Asks the model itself how many pages fit: regions are reserved, not touched, so a boot is
  /// cheap.
  private static func booting(
    _ wanted: TraceConfiguration, pages: Int
  ) throws(Failure) -> TraceConfiguration {
    var machine = wanted
    machine.pool.nonPagedPages = UInt64(max(16, pages))
    if refusal(of: machine) == nil { return machine }
    var pages = machine.pool.nonPagedPages
    if machine.pool.profile.wordBytes == 4 {
      machine.pool.profile.spreadNonPagedPool()
      pages = min(pages, Profile.spreadPages)
    }
    while true {
      machine.pool.nonPagedPages = pages
      guard let refusal = refusal(of: machine) else { return machine }
      guard pages > 16 else { throw .machine(refusal) }
      pages = max(16, pages / 2)
    }
  }

  private static func refusal(of machine: TraceConfiguration) -> String? {
    if let problem = machine.problem { return "expected \(problem.expected)" }
    do {
      _ = try Replayer.boot(machine)
      return nil
    } catch {
      return error.message
    }
  }

  /// The machine as the text behind the word `config` of a trace.
  public var configurationText: String {
    String(configuration.line(.differences).dropFirst("config ".count))
  }
}

extension Profile {
  /// Pages between the bases that ``spreadNonPagedPool()`` sets.
  fileprivate static let spreadPages: UInt64 = (0xF000_0000 - 0x1000_0000) / 4096

  /// Gives nonpaged pool all of a 32-bit address space but its two ends, which no kernel does: a
  /// contest for megabytes of live blocks holds gigabytes of pages.
  fileprivate mutating func spreadNonPagedPool() {
    systemBase = 0x1000
    descriptorBase = 0x0F00_0000
    nonPagedBase = 0x1000_0000
    pagedBase = 0xF000_0000
    sessionBase = 0xF100_0000
    contiguousBase = 0xF200_0000
    bitmapBase = 0xF400_0000
  }
}

/// Replays operations of the abstract pool on the kernel model.
public struct KernelReplay: ~Copyable {
  /// The kernel.
  public private(set) var target: KernelTarget
  /// The block of each slot, nil where it is empty.
  private var handles: [BlockHandle?] = []

  /// A replay on an empty pool.
  ///
  /// - Throws: ``KernelContest/Failure``.
  public init(
    _ contest: KernelContest, geometry: PoolGeometry
  ) throws(KernelContest.Failure) {
    target = try KernelTarget(contest, geometry: geometry)
  }

  /// Carries an operation out; a request on a full slot and a release of an empty one do nothing.
  /// The rank of a request is no kernel's and is passed over.
  public mutating func apply(_ operation: AbstractOperation) {
    switch operation {
    case .allocate(let slot, let units, _):
      while handles.count <= slot { handles.append(nil) }
      guard handles[slot] == nil else { return }
      handles[slot] = target.allocate(units: units)
    case .free(let slot):
      guard slot < handles.count, let handle = handles[slot] else { return }
      handles[slot] = nil
      target.free(handle)
    }
  }
}

/// What a trace came to on the kernel model.
public struct KernelOutcome: Sendable, Hashable {
  /// The most pages held, by the kernel's own counters.
  public var pages: Int
  /// The most live units, headers included.
  public var reachedLiveUnits: Int
  /// The first request or release that the kernel did not carry out.
  public var failure: String?

  /// The outcome of a replay so far.
  public init(_ target: borrowing KernelTarget) {
    pages = target.footprint.peakPagesHeld
    reachedLiveUnits = target.footprint.peakLiveUnits
    failure = target.failure
  }
}

extension FragmentationQuery {
  /// Replays a trace on the kernel model, operation by operation as the abstract pool made it.
  ///
  /// - Throws: ``KernelContest/Failure`` where the machine's memory cannot be reserved.
  public func outcome(
    of best: BestTrace, on contest: KernelContest
  ) throws(KernelContest.Failure) -> KernelOutcome {
    let kernel = Kernel(try KernelReplay(contest, geometry: geometry))
    _ = replay(best) { kernel.replay.apply($0) }
    return KernelOutcome(kernel.replay.target)
  }

  /// What an escaping closure can hold.
  private final class Kernel {
    var replay: KernelReplay

    init(_ replay: consuming KernelReplay) { self.replay = replay }
  }
}
