import KernelPool

/// A profile and what is changed of its defaults.
package struct Machine: Sendable, CustomStringConvertible {
  package let name: String
  package let configuration: PoolConfiguration
  package var description: String { name }

  package init(_ profile: Profile, _ name: String, _ change: (inout PoolConfiguration) -> Void) {
    var configuration = PoolConfiguration.small(profile, nonPagedPages: 96)
    configuration.sessionPages = 64
    change(&configuration)
    self.name = "\(profile.name) \(name)"
    self.configuration = configuration
  }

  /// Machines whose profiles differ in single facts that the invariants ask for.
  package static let switched: [Machine] = [
    Machine(.windows7x64, "deferred frees look free") { $0.profile.deferredFreeType = .free },
    Machine(.windows2003x86, "adjusted lookasides") {
      $0.profile.lookasideDepthRule = .missRatio
    },
    Machine(.windows2003x86, "one lookaside for all") {
      $0.profile.sharedLookaside = .sameList
      $0.processors = 3
    },
    Machine(.windows2003x64, "fixed big-page table") {
      $0.profile.bigTableResizing = .fixed
      $0.nonPagedPages = 300
    },
    Machine(.windows2003x86, "types with an in-use bit") {
      $0.profile.storedPoolType = .plusOneInUse
    },
    Machine(.reactosX86, "without single-page lists") { $0.singlePageDepth = 0 },
    Machine(.windows7x64, "requested bytes counted") {
      $0.profile.largeByteCount = .requestedBytes
    },
    Machine(.windows8x64, "entries without types") {
      $0.profile.storedPoolType = .plusOne
      $0.profile.largeTail = .wasted
    },
    Machine(.windows8x64, "a full big-page table") { machine in
      machine.nonPagedPages = 300
      machine.pagedPages = 16
    },
    Machine(.windows2003x64, "stale pool indexes") {
      $0.profile.poolIndexRule = .stale
      $0.profile.pagedDescriptors = 1
    },
  ]

  /// Every profile on machines that differ in what the invariants depend on.
  package static let all: [Machine] =
    switched
    + Profiles.all.flatMap { profile -> [Machine] in
      [
        Machine(profile, "defaults") { _ in },
        Machine(profile, "without lookasides") { $0.lookasideDepth = 0 },
        Machine(profile, "short of memory") { machine in
          machine.nonPagedPages = 48
          machine.pagedPages = 12
          machine.sessionPages = 8
          // As many rows as there are tags at start: every other tag finds the table full.
          machine.trackerEntries = 64
        },
        Machine(profile, "expanding") { machine in
          machine.nonPagedPages = 40
          machine.maximumNonPagedPages = 72
          machine.expansion = profile.name.hasSuffix("x64") ? .lowestFirst : .smallestCluster
          machine.availablePages = 25
        },
        Machine(profile, "a maximum that is never mapped") { machine in
          machine.nonPagedPages = 97
          machine.maximumNonPagedPages = 98
        },
        Machine(profile, "one page more") { machine in
          machine.nonPagedPages = 63
          machine.maximumNonPagedPages = 64
          machine.expansion = .lowestFirst
        },
        Machine(profile, "tables beside the pool") { machine in
          machine.initialisation = .none
          machine.nonPagedPages = 24
          machine.processors = 2
        },
        Machine(profile, "pages of 512 bytes") { machine in
          machine.profile.pageBytes = 512
          machine.nonPagedPages = 256
        },
        Machine(profile, "pages of 128 bytes") { machine in
          machine.profile.pageBytes = 128
          machine.nonPagedPages = 640
          machine.lookasideDepth = 1
        },
        Machine(profile, "pages of 64 bytes") { machine in
          machine.profile.pageBytes = 64
          machine.nonPagedPages = 1000
        },
      ]
    }
}
