import KernelPool
import PoolOracles
import PropertyTesting

extension GeneratorProfile {
  /// The portfolio: the first one, and what came to be since.
  public static let all: [GeneratorProfile] = first + later

  /// The first portfolio: healthy profiles, those that end in misuse, those that leave the usual
  /// machines and requests, and those that go where drawing evenly does not lead.
  static let first: [GeneratorProfile] = healthy + negativeProfiles + oddProfiles + reaching

  /// Those whose traces are their own, which the others change.
  static let original: [GeneratorProfile] = first.filter { $0.rework == nil }

  /// Profiles for the systems and mechanisms that the model has got since. They take the traces of
  /// the first portfolio, of which every seed means what it always meant.
  public static let later: [GeneratorProfile] = [
    GeneratorProfile("newer", "traces of the others on systems that they leave out") {
      $0.rework = .versions
      $0.machines.versions = MachineMix.newer
    },
    GeneratorProfile("special-pool", "the same with special pool on, ending in misuse") {
      $0.rework = .specialPool
    },
  ]

  /// The profile that the first byte of a string chooses: one of the first portfolio up to 224,
  /// nine times over, so that what fuzzers have kept goes on meaning the same traces; one of the later
  /// ones above.
  static func chosen(by choices: inout some ChoiceSource) -> GeneratorProfile {
    let byte = choices.drawIndex(count: 256)
    let firstBytes = 9 * first.count
    return byte < firstBytes
      ? first[byte % first.count] : later[(byte - firstBytes) % later.count]
  }

  /// The profiles of the detection table: without those that end in misuse, and the odd ones.
  public static let tabled: [GeneratorProfile] =
    healthy + reaching + later.filter { $0.rework == .specialPool }

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
      $0.sizes = SizeNeighbourhood.usual + [.huge]
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
      $0.sizes = SizeNeighbourhood.usual + [.huge]
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
      $0.rework = .numbers
    },
  ]

  /// Profiles for what few of the others' traces come by: limits, refusals, time, length.
  public static let reaching: [GeneratorProfile] = [
    GeneratorProfile("limits", "sizes at which a rule begins or ends, and of every magnitude") {
      $0.weights = [.alloc: 12, .free: 10, .contiguous: 2, .tick: 1]
      $0.sizes = [.boundary, .boundary, .magnitude]
      $0.mostCentres = 8
      $0.mostTypes = 8
      $0.types = everyType + [.cacheAligned, .cacheAligned, [.paged, .cacheAligned]]
      $0.slotCounts = [4, 16, 64]
      $0.machines.versions = MachineMix.usual + ["windows-8-x64", "windows-8-x64"]
      $0.machines.nonPagedPages = [127, 128, 129, 255, 256, 257, 512]
      $0.machines.otherPages = [31, 32, 33, 63, 64, 65, 256]
      $0.machines.tableEntries = [1, 63, 64, 65, 255, 256, 257, 512, 513]
      $0.machines.mayLeaveUnfilled = true
    },
    GeneratorProfile("must-succeed", "requests that stop or raise where little is left") {
      $0.weights = [.alloc: 12, .free: 6, .contiguous: 1]
      $0.sizes = SizeNeighbourhood.usual + [.huge, .boundary, .magnitude]
      $0.types = [
        .nonPaged, .paged, .mustSucceed, .mustSucceed, [.cacheAligned, .mustSucceed],
        .raiseOnFailure, [.paged, .raiseOnFailure], [.quota, .raiseOnFailure],
      ]
      $0.hasOddTags = true
      $0.machines.nonPagedPages = [49, 65, 97]
      $0.machines.expansionPages = [0, 0, 1, 3, 17]
      $0.machines.otherPages = [1, 4, 9, 17]
      $0.machines.availablePages = [nil, nil, 0, 3]
    },
    GeneratorProfile("periods", "seconds that pass behind so many allocations: lookaside depths") {
      $0.weights = [.alloc: 8, .free: 7, .processor: 1, .tick: 1]
      $0.sizes = [.lookaside]
      $0.mostNeighbourhoods = 1
      $0.mostCentres = 1
      $0.mostTypes = 1
      $0.types = [.nonPaged, .nonPaged, .paged, [.paged, .session], .noExecute]
      $0.slotCounts = [64, 256]
      $0.rhythms = [.periods]
      $0.machines.nonPagedPages = [128, 256]
      $0.machines.lookasideDepths = [1, 3, 4, nil, nil]
      $0.machines.processors = [1, 1, 2, 4]
      $0.machines.dynamicDepths = true
      $0.machines.mayLeaveUnfilled = true
    },
    // A few of its traces only are long: each takes the time of two dozen others.
    GeneratorProfile("long", "thousands of operations, tables that grow over several pages") {
      $0.weights = [
        .alloc: 64, .free: 60, .contiguous: 1, .fill: 1, .write: 1, .processor: 1, .tick: 1,
      ]
      $0.sizes = SizeNeighbourhood.usual + [.pages, .boundary]
      $0.types = everyType
      $0.mostTags = 1000
      $0.slotCounts = [64, 512, 1024]
      $0.lengths = [8, 8, 8, 8, 8, 8, 8, 8, 100, 150]
      $0.machines.nonPagedPages = [256, 1024, 4096]
      $0.machines.otherPages = [64, 256, 1024]
      $0.machines.tableEntries = [64, 256, 1024]
      $0.machines.processors = [1, 2]
      $0.machines.dynamicDepths = true
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

/// A member of the generator's portfolio: what its traces do, in which sizes, on which machines.
///
/// No single distribution finds every bug (weights that reach a full table starve the lookaside
/// lists), so the engine runs a portfolio. Within a profile each trace leaves features out at
/// random (`TraceFeatures`), and the shrinker is bound by none of them.
public struct GeneratorProfile: Sendable {
  /// The name on command lines and in reports.
  public let name: String
  /// What it is for, in a few words.
  public let purpose: String
  /// Weight of each kind of operation.
  public var weights: [PoolOperationKind: Int] = [.alloc: 8, .free: 7, .fill: 1, .write: 1]
  /// Neighbourhoods that a trace may draw its centres from.
  public var sizes: [SizeNeighbourhood] = SizeNeighbourhood.usual
  /// The most neighbourhoods of one trace, and the most centres in each.
  var (mostNeighbourhoods, mostCentres) = (3, 4)
  /// Pool types that a trace may draw from.
  public var types: [PoolType] = [.nonPaged, .paged]
  /// The most pool types of one trace.
  var mostTypes = 3
  /// The most tags of one trace.
  public var mostTags = 4
  /// The most slots of one trace.
  public var slotCounts = [4, 8, 16, 32, 64]
  /// How its traces may alternate allocations and frees.
  var rhythms = TraceFeatures.Rhythm.usual
  /// Lengths of its traces, in eighths of the usual length.
  var lengths = [1, 2, 4, 8]
  /// The machines.
  public var machines = MachineMix()
  /// Whether the block behind which an overrun wrote is freed at the end.
  var freesAfterOverrun = false
  /// Whether some tags are protected, empty, or the kernel's own.
  public var hasOddTags = false
  /// What is changed in the traces of other profiles, where its traces are theirs.
  public var rework: Rework?
  /// The misuse that each trace ends with; nil in healthy profiles.
  public var negative: NegativeOperation?

  /// How a profile changes the traces of others.
  public enum Rework: Sendable {
    /// Some numbers are replaced, as reducing does.
    case numbers
    /// They run on its own versions.
    case versions
    /// They run on machines with special pool and end in misuse of any kind.
    case specialPool
  }

  /// A profile of that name; everything else is set on it.
  init(_ name: String, _ purpose: String, _ change: (inout GeneratorProfile) -> Void) {
    self.name = name
    self.purpose = purpose
    change(&self)
  }

  /// The profile of a name, or nil.
  public static func named(_ name: String) -> GeneratorProfile? {
    ([canary] + all).first { $0.name == name }
  }

  /// Whether it is one of `healthy`, restricted or not.
  public var isHealthy: Bool { Self.healthy.contains { $0.name == name } }

  /// The kinds in the order of their numbers with this profile's weights.
  var kinds: [OperationKind] {
    PoolOperationKind.allCases.map {
      OperationKind($0.word, weight: weights[$0] ?? 0, isEssential: $0 == .alloc || $0 == .free)
    }
  }
}
