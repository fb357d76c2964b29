import CrashDumps
import KernelPool

/// What a version's dumps look like: its build, its debugger block, and where the kernel keeps its
/// tables of large allocations.
///
/// Sizes of the block and distances of the tables as volatility has them; that ReactOS's is that of
/// 2003 is **unverified**, as is the absence of a block on Windows 2000.
struct SystemFacts {
  /// The profile whose pool it is.
  let profile: Profile
  /// The builds that the profile reads, the one that is written first.
  let builds: [ClosedRange<UInt32>]
  /// Bytes of the debugger's data block; nil where there is none.
  let debuggerBlockBytes: Int?
  /// How far before the variable with the address of the tag table those of the big-page table lie,
  /// in bytes: its address and its number of entries. Negative is behind.
  let bigTable: (address: Int64, entries: Int64)?
  /// Whether descriptors and tables of these builds have the profile's layout, or only the headers.
  let hasProfileTables: Bool

  private init(
    _ profile: Profile, _ builds: [ClosedRange<UInt32>], _ debuggerBlockBytes: Int?,
    _ bigTable: (Int64, Int64)?, hasProfileTables: Bool = true
  ) {
    self.profile = profile
    self.builds = builds
    self.debuggerBlockBytes = debuggerBlockBytes
    self.bigTable = bigTable.map { ($0.0, $0.1) }
    self.hasProfileTables = hasProfileTables
  }

  /// Builds as Windows numbers them. The descriptors of Windows 10 from build 15063 on count in pairs,
  /// at places that the profile does not have; headers of 32 bits are those of 8 from there on.
  static var all: [SystemFacts] {
    [
      SystemFacts(.windows2000x86, [2195...2195], nil, nil),
      SystemFacts(.windowsXPx86, [2600...2600], 0x290, (8, 12)),
      SystemFacts(.windows2003x86, [3790...3790], 0x318, (24, 28)),
      SystemFacts(.windows2003x64, [3790...3790], 0x318, (48, 56)),
      SystemFacts(.windows7x86, [7601...7601, 7600...7600], 0x340, (20, 24)),
      SystemFacts(.windows7x64, [7601...7601, 7600...7600], 0x340, (40, 48)),
      SystemFacts(.windows8x64, [9200...9200], 0x360, (-5200, -5224)),
      SystemFacts(.windowsVistax86, [6002...6002, 6000...6003], 0x330, (20, 24)),
      SystemFacts(.windowsVistax64, [6002...6002, 6000...6003], 0x330, (40, 48)),
      SystemFacts(.windows8x86, [9200...9200], 0x360, nil),
      SystemFacts(.windows81x64, [9600...9600], 0x368, nil),
      SystemFacts(.windows10x64, [14_393...14_393, 10_240...14_393], 0x368, nil),
      SystemFacts(.windows10x64, [15_063...17_763], 0x368, nil, hasProfileTables: false),
      SystemFacts(.windows8x86, [9600...17_763], 0x368, nil, hasProfileTables: false),
      SystemFacts(.reactosX86, [3790...3790], 0x318, (24, 28)),
      SystemFacts(.reactosX64, [3790...3790], 0x318, (48, 56)),
    ]
  }

  /// The facts of a known profile.
  static func of(_ profile: Profile) -> SystemFacts? {
    all.first { $0.profile.name == profile.name && $0.hasProfileTables }
  }

  /// The facts of a system by its build and width; nil where no profile has its headers.
  static func of(build: UInt32, is64Bit: Bool) -> SystemFacts? {
    all.first { facts in
      facts.builds.contains { $0.contains(build) } && (facts.profile.wordBytes == 8) == is64Bit
    }
  }
}

/// Where the variables lie that a debugger's block names, in a written dump: offsets from their first
/// page. The two variables of the big-page table lie at the distances of `SystemFacts`.
enum WrittenVariables {
  static let buildText = 0x000
  static let numberOfPagedPools = 0x100
  static let pagedDescriptors = 0x110
  static let words: [(field: DebuggerData.Field, offset: Int)] = [
    (.maximumNonPagedPoolBytes, 0x200), (.nonPagedPoolStart, 0x208), (.nonPagedPoolEnd, 0x210),
    (.pagedPoolStart, 0x218), (.pagedPoolEnd, 0x220), (.pagedPoolBytes, 0x228),
    (.availablePages, 0x230), (.allocatedNonPagedPool, 0x238),
  ]
  static let tagTable = 0x800
  /// Room for the farthest of the distances.
  static let byteCount = 0x2000
}
