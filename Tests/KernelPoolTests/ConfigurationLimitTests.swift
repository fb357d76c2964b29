import PoolTestSupport
import Testing

@testable import KernelPool

/// Each limit of a machine from both sides: the last value that is taken and the first that is refused.
@Suite struct ConfigurationLimitTests {
  /// A number of a configuration and what it may be.
  private struct Limit: Sendable {
    let name: String
    let profile: Profile
    let set: @Sendable (inout PoolConfiguration, UInt64) -> Void
    let taken: [UInt64]
    let refused: [UInt64]

    init(
      _ name: String, _ profile: Profile = .windows2003x86, taken: [UInt64], refused: [UInt64],
      set: @escaping @Sendable (inout PoolConfiguration, UInt64) -> Void
    ) {
      (self.name, self.profile, self.set) = (name, profile, set)
      (self.taken, self.refused) = (taken, refused)
    }

    func isTaken(_ value: UInt64) -> Bool {
      var configuration = PoolConfiguration(profile: profile)
      set(&configuration, value)
      do { try configuration.validate() } catch { return false }
      return true
    }
  }

  private static let pages: [UInt64] = [1, 0xFFFF_FFFF]
  private static let noPages: [UInt64] = [0, 0x1_0000_0000]

  private static let sizes: [Limit] = [
    Limit("nonpaged", taken: pages, refused: noPages) { $0.nonPagedPages = $1 },
    Limit("paged", taken: pages, refused: noPages) { $0.pagedPages = $1 },
    Limit("session", taken: pages, refused: noPages) { $0.sessionPages = $1 },
    Limit("contiguous", taken: pages, refused: noPages) { $0.contiguousPages = $1 },
    Limit("expansion", taken: pages, refused: [0x1_0000_0000]) { $0.maximumNonPagedPages = $1 },
    Limit("special", .windows7x64, taken: [1, 1 << 20], refused: [0, 1 << 20 + 1]) {
      $0.specialPoolPages = $1
    },
    Limit("special's place", taken: [0x80], refused: [0x81]) {
      $0.specialPool = .all
      $0.profile.contiguousBase = 0x10_0000
      $0.specialPoolPages = $1
    },
    Limit("processors", taken: [1, 64], refused: [0, 65]) { $0.processors = Int($1) },
    Limit("tag table", taken: [0, 1 << 24], refused: [1 << 24 + 1]) { $0.trackerEntries = $1 },
    Limit("big table", taken: [0, 1 << 24], refused: [1 << 24 + 1]) { $0.bigTableEntries = $1 },
    Limit("paged descriptors", taken: [1, 17], refused: [0, 18]) {
      $0.profile.pagedDescriptors = $1
    },
    Limit("lookaside classes", taken: [1, 64], refused: [0, 65]) {
      $0.profile.lookasideClasses = $1
    },
    Limit("session's lookaside classes", taken: [0, 32], refused: [33]) {
      $0.profile.sessionLookasideClasses = $1
    },
  ]

  /// Of both layouts: what a block, an entry and a row must have room for.
  private static let layouts: [Limit] = [Profile.windows2003x86, .windows2003x64].flatMap {
    profile -> [Limit] in
    let word = profile.wordBytes
    return [
      Limit("listed block", profile, taken: [2], refused: [0, 1]) {
        $0.profile.smallestListedUnits = $1
      },
      Limit("smallest block", profile, taken: [2], refused: [0, 1]) {
        $0.profile.smallestBlockUnits = $1
      },
      Limit("big entry", profile, taken: [word + 8, word + 12], refused: [word + 4, word + 10]) {
        $0.profile.bigEntryBytes = $1
      },
      Limit(
        "big entry with bytes", profile, taken: [2 * word + 8],
        refused: [2 * word + 4, 2 * word + 9]
      ) {
        $0.profile.storedPoolType = .orTwo
        $0.profile.bigEntryBytes = $1
      },
      Limit("charged entry", profile, taken: [2 * word + 8], refused: [2 * word + 4]) {
        $0.profile.largeQuota = .charged
        $0.profile.bigEntryBytes = $1
      },
      Limit(
        "tag row", profile, taken: word == 8 ? [40, 44] : [28, 32],
        refused: word == 8 ? [36, 41] : [24, 30]
      ) { $0.profile.trackerRowBytes = $1 },
      Limit("unit", profile, taken: [2 * word], refused: [0, word, 3 * word, 128]) {
        $0.profile.unitBytes = $1
      },
    ]
  }

  private static let addresses: [Limit] = [
    Limit("32 bits", taken: [0x5000_0000, 0xFFFF_F000], refused: [0x5000_0800, 0x1_0000_0000]) {
      $0.profile.pagedBase = $1
    },
    Limit(
      "64 bits", .windows2003x64, taken: [0x7FFF_FFFF_F000, 0xFFFF_8000_0000_0000],
      refused: [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_F000]
    ) { $0.profile.pagedBase = $1 },
    Limit(
      "a hidden process", .windows8x64, taken: [Profile.windows8x64.lowestHiddenProcess],
      refused: [Profile.windows8x64.lowestHiddenProcess - 0x1000]
    ) { $0.profile.descriptorBase = $1 },
  ]

  @Test func bothSidesOfEachLimit() {
    for limit in Self.sizes + Self.layouts + Self.addresses {
      for value in limit.taken {
        #expect(limit.isTaken(value), "\(limit.profile.name): \(limit.name) \(value)")
      }
      for value in limit.refused {
        #expect(!limit.isTaken(value), "\(limit.profile.name): \(limit.name) \(value)")
      }
    }
  }
}
