import KernelPool

extension GeneratorProfile {
  /// The portfolio: healthy profiles, those that end in misuse, and those that leave the usual
  /// machines and requests.
  public static let all: [GeneratorProfile] = healthy + negativeProfiles + oddProfiles

  /// The profile of the alarm's own test: no member of the portfolio, healthy by itself. A campaign
  /// plants a bug in one of a hundred of its traces, and those must fail.
  public static let canary = GeneratorProfile("canary", "proves that the alarm works") {
    $0.sizes = [.tiny, .lookaside, .small]
    $0.types = [.nonPaged, .paged]
    $0.slotCounts = [4, 8]
    $0.machines.versions = ["windows-2003-x86"]
    $0.machines.nonPagedPages = [256]
    $0.machines.expansionPages = [0]
    $0.machines.otherPages = [64]
    $0.machines.lookasideDepths = [0]
    $0.machines.availablePages = [nil]
  }

  private static let everyType: [PoolType] = [
    .nonPaged, .paged, [.paged, .session], .noExecute, .cacheAligned, [.paged, .cacheAligned],
    .quota, [.paged, .quota], [.cacheAligned, .quota], [.noExecute, .cacheAligned],
  ]

  /// Healthy profiles: usual machines, and nothing that stops a kernel; no alarm is ever right.
  public static let healthy: [GeneratorProfile] = [
    GeneratorProfile("general", "everything a little") {
      $0.weights = [
        .alloc: 16, .free: 14, .contiguous: 1, .fill: 1, .write: 1, .processor: 1, .tick: 1,
      ]
      $0.types = everyType
      $0.machines.processors = [1, 1, 2]
      $0.machines.dynamicDepths = true
    },
    GeneratorProfile("small-lists", "splits, merges and lists of small blocks") {
      $0.sizes = [.tiny, .small, .lookaside]
      $0.machines.lookasideDepths = [0]
      $0.machines.mayLeaveUnfilled = true
    },
    GeneratorProfile("lookasides", "lookaside classes, depths and processors") {
      $0.weights = [.alloc: 8, .free: 8, .processor: 1, .tick: 1]
      $0.sizes = [.lookaside, .tiny]
      $0.types = [.nonPaged, .paged, [.paged, .session], .noExecute]
      $0.machines.lookasideDepths = [1, 1, 2, 3, 4, nil]
      $0.machines.processors = [1, 2, 3]
      $0.machines.dynamicDepths = true
      $0.machines.mayLeaveUnfilled = true
    },
    GeneratorProfile("pages", "runs of pages and single-page lists") {
      $0.sizes = [.threshold, .pages]
      $0.machines.singlePageDepths = [0, 1, 2, 4]
    },
    GeneratorProfile("large", "the big-page table and long runs") {
      $0.sizes = [.pages, .large]
      $0.slotCounts = [16, 64, 128]
      $0.machines.nonPagedPages = [256, 512, 1024]
      $0.machines.otherPages = [256, 512]
    },
    GeneratorProfile("exhaustion", "regions too small for what is asked") {
      $0.weights = [.alloc: 10, .free: 7, .contiguous: 1]
      $0.sizes = SizeNeighbourhood.allCases
      $0.types = everyType
      $0.slotCounts = [32, 64, 256]
      $0.machines.nonPagedPages = [24, 32, 40, 48]
      $0.machines.expansionPages = [0, 4, 8, 16]
      $0.machines.otherPages = [4, 8, 16]
      $0.machines.availablePages = [nil, 0, 2, 8]
    },
    GeneratorProfile("paged", "paged and session bitmaps, descriptors in turn") {
      $0.types = [.paged, [.paged, .session], [.paged, .quota]]
      // A few pages only, so that requests end where the map does.
      $0.machines.otherPages = [2, 3, 4, 8, 16, 32, 64, 256]
      $0.machines.pageTableEntries = [8, 16, 32]
      $0.machines.singlePageDepths = [0, 0, 1, 2]
    },
    GeneratorProfile("tags", "many tags in a small tag table") {
      $0.mostTags = 120
      $0.slotCounts = [64, 128]
      $0.machines.tableEntries = [8, 16, 64]
    },
    GeneratorProfile("types", "quota, cache alignment, session and no-execute memory") {
      $0.types = everyType
      $0.sizes = [.tiny, .lookaside, .small, .threshold]
    },
    GeneratorProfile("contiguous", "contiguous memory in and outside of the pool") {
      $0.weights = [.alloc: 6, .free: 8, .contiguous: 4]
      $0.machines.expansionPages = [0, 16, 32]
    },
    GeneratorProfile("deferred", "deferred frees and tails of large allocations") {
      $0.sizes = [.tiny, .small, .threshold, .pages, .large]
      $0.types = [.nonPaged, .paged, [.paged, .session], .noExecute]
      $0.machines.versions = ["windows-7-x86", "windows-7-x64", "windows-8-x64"]
      $0.machines.lookasideDepths = [0, 1, nil]
    },
    GeneratorProfile("fragments", "small blocks in the tails of large allocations") {
      $0.sizes = [.tiny, .lookaside, .pages]
      $0.machines.versions = ["windows-7-x86", "windows-7-x64", "windows-8-x64"]
      $0.machines.lookasideDepths = [0]
      $0.machines.singlePageDepths = [0, 1]
    },
  ]

  private static let oddProfiles: [GeneratorProfile] = [
    GeneratorProfile("stops", "requests that raise or must succeed, odd tags, interrupt levels") {
      $0.weights = [
        .alloc: 16, .free: 14, .contiguous: 1, .fill: 1, .write: 1, .processor: 1, .tick: 1,
        .interruptLevel: 1,
      ]
      $0.types =
        everyType + [
          .mustSucceed, [.cacheAligned, .mustSucceed], .raiseOnFailure, [.paged, .raiseOnFailure],
          [.quota, .raiseOnFailure], .session, [.paged, .session, .quota],
        ]
      $0.sizes = SizeNeighbourhood.allCases
      $0.hasOddTags = true
      $0.machines.nonPagedPages = [49, 65, 97, 127]
      $0.machines.expansionPages = [0, 1, 2, 3, 5, 17]
      $0.machines.expansions = Expansion.allCases
      $0.machines.otherPages = [1, 5, 9, 17, 33]
      $0.machines.availablePages = [nil, 0, 1, 3, 8]
      $0.machines.tableEntries = [1, 64, 65, 100, 128, 1000]
      $0.machines.processors = [1, 2, 3, 5, 64]
      $0.machines.lookasideDepths = [0, 1, 3, nil]
      $0.machines.dynamicDepths = true
      $0.machines.mayLeaveUnfilled = true
    },
    GeneratorProfile("facts", "versions of which single facts are others") {
      $0.weights = [.alloc: 16, .free: 14, .contiguous: 1, .fill: 1, .write: 1, .tick: 1]
      $0.types = everyType
      $0.machines.nonPagedPages = [128, 160, 255]
      $0.machines.mostFacts = 3
      $0.machines.mayLeaveUnfilled = true
    },
    GeneratorProfile("reductions", "traces of the others with numbers replaced, as reducing does") {
      $0.replacesNumbers = true
    },
  ]

  private static let negativeProfiles: [GeneratorProfile] = NegativeOperation.allCases.map { kind in
    GeneratorProfile(kind.rawValue, "ends in misuse: \(kind.rawValue)") {
      $0.sizes = [.tiny, .lookaside, .small, .threshold, .pages]
      $0.slotCounts = [4, 8, 16]
      $0.negative = kind
    }
  }
}
