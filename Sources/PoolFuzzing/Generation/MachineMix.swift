import KernelPool
import PoolTrace
import PropertyTesting

/// Which machines a profile of the generator draws.
public struct MachineMix: Sendable {
  /// Versions that a profile draws where none is named: those of the first portfolio, so that a seed
  /// means the traces that it always meant.
  static let usual = [
    "reactos-x86", "reactos-x64", "windows-2000-x86", "windows-xp-x86", "windows-2003-x86",
    "windows-2003-x64", "windows-7-x86", "windows-7-x64", "windows-8-x64",
  ]

  /// Versions that came later, for the profile `newer`. 8.1 and 10 are left out: they differ from 8
  /// in nothing but their names.
  static let newer = ["windows-vista-x86", "windows-vista-x64", "windows-8-x86"]

  /// Versions by name; empty means the usual ones.
  public var versions: [String] = [] {
    didSet { drawn = versions.isEmpty ? Self.usualProfiles : versions.compactMap(Profile.named) }
  }
  /// The same, found once: a profile's facts fill pages, and each trace draws one.
  private var drawn = Self.usualProfiles
  private static let usualProfiles = usual.compactMap(Profile.named)
  /// Pages of nonpaged pool.
  public var nonPagedPages: [UInt64] = [64, 96, 128, 256]
  /// Further pages by expansion.
  public var expansionPages: [UInt64] = [0, 0, 0, 16, 64]
  /// Pages of paged, session and contiguous regions.
  public var otherPages: [UInt64] = [16, 32, 64]
  /// Where an expansion takes its addresses.
  public var expansions: [Expansion] = [.smallestCluster, .lowestFirst]
  /// Lookaside depths; nil is the version's own.
  public var lookasideDepths: [UInt16?] = [0, 0, 1, 2, 4, nil]
  /// Depths of the single-page lists.
  public var singlePageDepths: [UInt16] = [0, 0, 1, 2, 4]
  /// Physical pages left; nil is enough.
  public var availablePages: [UInt64?] = [nil, nil, 0, 8]
  /// Entries of the tag table and of the big-page table.
  public var tableEntries: [UInt64] = [64, 64, 256]
  /// Processors.
  public var processors: [Int] = [1]
  /// Page tables' entries: the step of growth.
  public var pageTableEntries: [UInt64] = [8, 16, 64]
  /// Whether lookaside depths may adjust themselves.
  public var dynamicDepths = false
  /// Batch sizes of deferred frees.
  public var deferredLimits: [UInt32] = [1, 2, 4, 32]
  /// Bytes of a page.
  public var pageBytes: [UInt64] = [4096]
  /// Whether blocks may be left as they are when they are allocated: what the pool leaves in them
  /// shows only then.
  public var mayLeaveUnfilled = false
  /// Configuration keys that are given another value at most.
  public var mostFacts = 0

  /// A machine; every choice is one draw, so bytes decode field by field.
  func draw(_ choices: inout some ChoiceSource) -> PoolSetup {
    var profile = choices.draw(from: drawn)
    profile.pageTableEntries = choices.draw(from: pageTableEntries)
    profile.deferredFreeLimit = choices.draw(from: deferredLimits)
    if dynamicDepths, choices.chance(1, in: 2) { profile.lookasideDepthRule = .missRatio }
    let standardPage = profile.pageBytes
    profile.pageBytes = choices.draw(from: pageBytes)
    if profile.pageBytes != standardPage { profile.pageTableEntries = 16 }
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages =
      choices.draw(from: nonPagedPages) * (standardPage / profile.pageBytes)
    let more = choices.draw(from: expansionPages)
    if more > 0 {
      configuration.pool.maximumNonPagedPages = configuration.pool.nonPagedPages + more
      configuration.pool.expansion = choices.draw(from: expansions)
    }
    configuration.pool.pagedPages = choices.draw(from: otherPages)
    configuration.pool.sessionPages = choices.draw(from: otherPages)
    configuration.pool.contiguousPages = choices.draw(from: otherPages)
    configuration.pool.lookasideDepth = choices.draw(from: lookasideDepths)
    configuration.pool.singlePageDepth = choices.draw(from: singlePageDepths)
    configuration.pool.availablePages = choices.draw(from: availablePages)
    configuration.pool.trackerEntries = choices.draw(from: tableEntries)
    configuration.pool.bigTableEntries = choices.draw(from: tableEntries)
    configuration.pool.processors = choices.draw(from: processors)
    if mayLeaveUnfilled, choices.chance(1, in: 4) { configuration.fill = .off }
    var setup = PoolSetup(configuration)
    if mostFacts > 0 {
      for _ in 0..<choices.draw(in: 1...mostFacts) { Self.override(&setup, &choices) }
    }
    return setup
  }

  /// Gives a key another value, where a machine can have it.
  private static func override(_ setup: inout PoolSetup, _ choices: inout some ChoiceSource) {
    let key = choices.draw(from: ConfigurationKey.facts)
    guard !key.samples.isEmpty else { return }
    var changed = setup
    if key.read(choices.draw(from: key.samples), &changed.configuration), changed.canBoot {
      setup = changed
    }
  }
}
