/// The versions that the suite knows.
///
/// Sources for each fact stand at the switch it sets; the manual's page on divergences lists them
/// side by side.
extension Profile {
  /// Every known profile, in order of age.
  public static let all: [Profile] = [
    .reactosX86, .reactosX64, .windows2000x86, .windowsXPx86, .windows2003x86, .windows2003x64,
    .windowsVistax86, .windowsVistax64, .windows7x86, .windows7x64, .windows8x86, .windows8x64,
    .windows81x64, .windows10x64,
  ]

  /// The profile called `name`, or nil.
  public static func named(_ name: String) -> Profile? { all.first { $0.name == name } }

  /// ReactOS on x86, bit for bit as recorded in the golden traces.
  public static let reactosX86: Profile = {
    var profile = windows2003x86
    profile.name = "reactos-x86"
    profile.adoptReactOS()
    profile.nonPagedBase = 0xB100_0000
    profile.expansionBase = nil
    profile.pagedBase = 0xE100_0000
    profile.descriptorBase = 0x6000_0000
    profile.bitmapBase = 0x5000_0000
    return profile
  }()

  /// ReactOS on x64, bit for bit as recorded in the golden traces.
  public static let reactosX64: Profile = {
    var profile = windows2003x64
    profile.name = "reactos-x64"
    profile.adoptReactOS()
    profile.nonPagedBase = 0x0000_0A80_0000_0000
    profile.pagedBase = 0x0000_08A0_0000_0000
    profile.descriptorBase = 0x6000_0000
    profile.bitmapBase = 0x5000_0000
    profile.sessionBase = 0x0000_0900_0000_0000
    profile.contiguousBase = 0x0000_0B80_0000_0000
    profile.systemBase = 0x1000
    profile.quotaPointer = .lastSlot
    profile.pageCountWidth = .bits32
    profile.pageOffsetWidth = .bits32
    return profile
  }()

  /// Windows 2000 on x86: 32-byte units; several of its numbers are **unverified**.
  public static let windows2000x86: Profile = {
    var profile = windowsXPx86
    profile.name = "windows-2000-x86"
    profile.unitBytes = 32
    profile.header = .windows2000
    profile.smallestBlockUnits = 1
    profile.smallestListedUnits = 1
    profile.lookasideClasses = 8
    return profile
  }()

  /// Windows XP on x86.
  public static let windowsXPx86: Profile = {
    var profile = windows2003x86
    profile.name = "windows-xp-x86"
    profile.descriptor = .windowsXP
    profile.bigEntryBytes = 12
    profile.mustSucceed = .bugCheckWithAvailablePages
    return profile
  }()

  /// Windows 2003 on x86: the story's system.
  public static let windows2003x86 = Profile(
    name: "windows-2003-x86", unitBytes: 8, wordBytes: 4, header: .x86,
    storedPoolType: .plusOne, mustSucceed: .refused, sharedLookaside: .separate,
    bigEntryBytes: 16, pageTableEntries: 1024, pageFrameFlagsOffset: 0xE,
    descriptor: .windows2003x86, pagedDescriptors: 5, trackerRowBytes: 28,
    nonPagedBase: 0x8200_0000, expansionBase: 0xF800_0000, pagedBase: 0xE100_0000,
    sessionBase: 0xBC00_0000, contiguousBase: 0xF700_0000, descriptorBase: 0x8050_0000,
    bitmapBase: 0xB000_0000, systemBase: 0x8000_0000)

  /// Windows 2003 and XP on x64.
  public static let windows2003x64 = Profile(
    name: "windows-2003-x64", unitBytes: 16, wordBytes: 8, header: .x64,
    storedPoolType: .plusOne, mustSucceed: .refused, quotaPointer: .processBilled,
    sharedLookaside: .separate,
    bigEntryBytes: 24, pageTableEntries: 512, pageFrameFlagsOffset: 0x1A,
    descriptor: .windows2003x64, pagedDescriptors: 5, trackerRowBytes: 40,
    nonPagedBase: 0xFFFF_FADF_0000_0000, expansionBase: nil,
    pagedBase: 0xFFFF_FA80_0000_0000, sessionBase: 0xFFFF_F900_0000_0000,
    contiguousBase: 0xFFFF_FAC0_0000_0000, descriptorBase: 0xFFFF_F800_0110_0000,
    bitmapBase: 0xFFFF_F810_0000_0000, systemBase: 0xFFFF_0800_0000_0000)

  /// Windows Vista and 2008 on x86: as 7, which checks more.
  public static let windowsVistax86: Profile = {
    var profile = windows7x86
    profile.name = "windows-vista-x86"
    profile.adoptVista()
    profile.descriptor = .windowsVistax86
    return profile
  }()

  /// Windows Vista and 2008 on x64.
  public static let windowsVistax64: Profile = {
    var profile = windows7x64
    profile.name = "windows-vista-x64"
    profile.adoptVista()
    profile.descriptor = .windowsVistax64
    return profile
  }()

  /// Windows 7 on x86.
  public static let windows7x86: Profile = {
    var profile = windows2003x86
    profile.name = "windows-7-x86"
    profile.adoptWindows7()
    profile.descriptor = .windows7x86
    profile.expansionBase = nil
    profile.pagedBase = 0x8C00_0000
    return profile
  }()

  /// Windows 7 on x64.
  public static let windows7x64: Profile = {
    var profile = windows2003x64
    profile.name = "windows-7-x64"
    profile.adoptWindows7()
    profile.descriptor = .windows7x64
    profile.nonPagedBase = 0xFFFF_FA80_0000_0000
    profile.pagedBase = 0xFFFF_F8A0_0000_0000
    return profile
  }()

  /// Windows 8 on x86.
  public static let windows8x86: Profile = {
    var profile = windows7x86
    profile.name = "windows-8-x86"
    profile.adoptWindows8()
    profile.quotaPointer = .lastSlotEncoded
    return profile
  }()

  /// Windows 8 on x64.
  public static let windows8x64: Profile = {
    var profile = windows7x64
    profile.name = "windows-8-x64"
    profile.adoptWindows8()
    profile.quotaPointer = .processBilledEncoded
    profile.nonPagedBase = 0xFFFF_E000_0000_0000
    profile.pagedBase = 0xFFFF_C000_0000_0000
    return profile
  }()

  /// Windows 8.1 on x64: nothing is published in which it differs from 8.
  public static let windows81x64: Profile = {
    var profile = windows8x64
    profile.name = "windows-8.1-x64"
    return profile
  }()

  /// Windows 10 up to 1803 on x64. Sources disagree about 1809; from 1903 on it is the segment heap.
  public static let windows10x64: Profile = {
    var profile = windows81x64
    profile.name = "windows-10-x64"
    return profile
  }()

  private mutating func adoptReactOS() {
    firstList = .aboveExactFit
    storedPoolType = .plusOne
    linkEncoding = .lowBitSet
    checks = .wholePage
    tagCheck = .always
    mustSucceed = .bugCheckOnFailure
    poolIndexRule = .stale
    doubleFreeCheck = .none
    lookasideDepth = 2
    pagedDescriptors = 1
    hasSessionPool = false
    largeByteCount = .requestedBytes
    trackerOverflow = .untracked
    untrackedLargeFree = .silent
    bitmapSearch = .beforeLimit
    pageCounters = .notKept
  }

  private mutating func adoptWindows7() {
    storedPoolType = .orTwo
    checks = .neighbour
    sharedLookaside = .none
    sessionLookasideClasses = 0x19
    deferredFrees = true
    largeTail = .fragment
    nonPagedPages = .bitmap
    singleListPages = 3
    untrackedLargeFree = .noTrackingEntry
  }

  /// Retail kernels check their lists from 7 on (Microsoft SRD 2009).
  private mutating func adoptVista() { checks = .none }

  private mutating func adoptWindows8() {
    hasNoExecutePool = true
    poolIndexRule = .descriptorChecked
    cacheAlignment = .secondHeader
  }
}
