import typealias KernelPool.Address
import struct KernelPool.BugCheck
import struct KernelPool.PoolConfiguration
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolType
import struct KernelPool.Profile

/// A second allocator, worked out from the published rules alone, that says what every call must
/// come to.
///
/// It is fed the calls in their order and knows nothing else: not the memory of the pool that it is
/// held against, not its lists, hints, tables or counters. It shares the versions as data with the
/// model, no algorithm and no state. Free blocks, free pages and what callers hold stand in arrays
/// and dictionaries.
///
/// From the first store outside of every live body on, and from the first free that no version's
/// rules answer, it says only what does not depend on memory: the checks at the door.
public struct ReferencePool: Sendable {
  /// Sizes of the version, worked out once.
  struct Sizes: Sendable {
    let page: UInt64
    let unit: UInt64
    let header: UInt64
    let word: UInt64
    let unitsPerPage: Int
    /// The largest request served from small blocks.
    let largestSmall: UInt64

    init(_ profile: Profile, _ fault: ReferenceFault) {
      page = profile.pageBytes
      unit = profile.unitBytes
      header = UInt64(profile.header.bytes)
      word = profile.wordBytes
      unitsPerPage = Int(profile.pageBytes / profile.unitBytes)
      let limit = profile.smallRequestLimit ?? page - header - unit
      largestSmall = limit - (fault == .thresholdOneLess ? 1 : 0)
    }
  }

  /// A descriptor: its free blocks, deferred frees and the two counters that a stop names.
  struct Owner: Sendable {
    let kind: PoolKind
    /// The index that headers hold.
    let index: UInt32
    var lists = BlocksBySize()
    /// Headers of the deferred frees, the newest last.
    var deferred: [Address] = []
    var smallPages: UInt32 = 0
    var largePages: UInt32 = 0
  }

  /// The machine, at one address: a method that changes nothing takes the pool by value, and with
  /// the version's facts in it that copy was a quarter of a prediction. What every call asks is
  /// `mutating` for the same reason, even where it changes nothing.
  private final class Machine: Sendable {
    let configuration: PoolConfiguration
    let sizes: Sizes

    init(_ configuration: PoolConfiguration, _ sizes: Sizes) {
      self.configuration = configuration
      self.sizes = sizes
    }
  }

  private let machine: Machine
  let fault: ReferenceFault
  var configuration: PoolConfiguration { _read { yield machine.configuration } }
  var sizes: Sizes { _read { yield machine.sizes } }
  /// Whether callers fill what they get.
  let fillsBodies: Bool

  /// Why nothing is said any more; nil while everything is.
  public private(set) var silence: OpenReason?
  var level: UInt32 = 0
  var processor = 0
  /// Physical pages left for the expansion.
  var availablePages: UInt64

  var owners: [Owner]
  let firstPagedOwner: Int
  var lastPagedTurn: UInt64 = 0
  var blocks = BlockPages()
  var lookasides: Lookasides

  var runs: RunLists
  var nonPagedMap: FreePageRuns?
  var pagedMap: FreePageRuns
  var sessionMap: FreePageRuns
  var expansion: ExpansionEntries
  /// Pages of the expansion that are mapped, where a bitmap hands them out.
  var mappedPages: Set<UInt64> = []
  /// Runs on the single-page lists, the top last: nonpaged of one, two and three pages, paged,
  /// session.
  var singlePages: [[Address]] = [[], [], [], [], []]

  /// What callers hold in whole pages.
  var large: [Address: LargeBlock] = [:]
  var table: LargeBlockTable
  /// What callers hold of special pool; nil where it is off.
  var special: SpecialBlocks?
  /// Contiguous memory outside of the pool, by page.
  var outside: [(run: Run, bytes: UInt64)] = []

  /// A pool that has just been set up. Callers that fill what they get say so: a request that gets
  /// less than it asked for then stops its caller.
  public init(
    _ configuration: PoolConfiguration, fillsBodies: Bool, fault: ReferenceFault = .none
  ) {
    let profile = configuration.profile
    machine = Machine(configuration, Sizes(profile, fault))
    self.fault = fault
    self.fillsBodies = fillsBodies
    availablePages = configuration.availablePages ?? .max
    owners = Self.owners(profile)
    firstPagedOwner = owners.count - Int(profile.pagedDescriptors)
    let lists = configuration.processors + (profile.sharedLookaside == .separate ? 1 : 0)
    lookasides = Lookasides(
      count: lists * PoolKind.allCases.count * Int(profile.lookasideClasses),
      depth: Int(configuration.lookasideDepth ?? profile.lookasideDepth))
    runs = RunLists(initialPages: configuration.nonPagedPages, fault: fault)
    expansion = ExpansionEntries(
      count: configuration.nonPagedGrowth,
      isBySize: configuration.expansion == .smallestCluster && fault != .expansionFromStart)
    let findsLastRun = profile.bitmapSearch == .throughLimit
    func map(_ pages: UInt64) -> FreePageRuns {
      FreePageRuns(
        pages: pages, openPages: min(pages, profile.pageTableEntries),
        step: profile.pageTableEntries, findsLastRun: findsLastRun)
    }
    pagedMap = map(configuration.pagedPages)
    sessionMap = map(configuration.sessionPages)
    if profile.nonPagedPages == .bitmap {
      nonPagedMap = FreePageRuns(
        pages: configuration.nonPagedLimit, openPages: configuration.nonPagedPages,
        step: configuration.nonPagedGrowth == 0 ? 0 : profile.pageTableEntries,
        findsLastRun: findsLastRun)
    }
    table = LargeBlockTable(entryBytes: profile.bigEntryBytes, pageBytes: profile.pageBytes)
    special = SpecialBlocks(configuration)
    do throws(Outcome) { try start() } catch { _ = settle(error) }
  }

  private static func owners(_ profile: Profile) -> [Owner] {
    var owners = [Owner(kind: .nonPaged, index: 0)]
    if profile.hasNoExecutePool { owners.append(Owner(kind: .nonPagedNoExecute, index: 1)) }
    if profile.hasSessionPool { owners.append(Owner(kind: .session, index: 0)) }
    for index in 0..<profile.pagedDescriptors {
      owners.append(Owner(kind: .paged, index: UInt32(index)))
    }
    return owners
  }

  var profile: Profile { _read { yield configuration.profile } }

  // MARK: Settings

  /// The following calls are made on this processor.
  public mutating func run(onProcessor number: Int) {
    processor = fault == .processorIgnored ? 0 : number
  }

  /// The following calls are made at this interrupt request level.
  public mutating func setInterruptLevel(_ level: UInt32) { self.level = level }

  /// The pool gave another answer than predicted.
  public mutating func noteContradiction() { silence = silence ?? .contradicted }

  /// Takes note of a store, made at an offset from where a slot's memory lies or lay.
  public mutating func store(at address: Address, byteCount: UInt64, base: Address? = nil) {
    guard silence == nil, byteCount > 0 else { return }
    let isInside =
      isInBody(of: base ?? address, address, byteCount) || isInSomeBody(address, byteCount)
    if !isInside { silence = .damaged }
  }

  // MARK: Calls

  /// What `ExAllocatePoolWithTag` comes to, or `ExAllocatePoolWithQuotaTag` where the type asks for
  /// quota.
  public mutating func allocate(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> Prediction {
    do throws(Outcome) {
      if let address = try specialAllocation(type, bytes: bytes, tag: tag) {
        return .address(address)
      }
      let address =
        type.contains(.quota)
        ? try allocateCharged(type, bytes: bytes, tag: tag)
        : try serve(type, bytes: bytes, tag: tag, body: bytes)
      if let address { return .address(address) }
      return type.contains(.raiseOnFailure) ? .raised(Self.insufficientResources) : .null
    } catch {
      return settle(error)
    }
  }

  /// STATUS_INSUFFICIENT_RESOURCES.
  private static let insufficientResources: UInt32 = 0xC000_009A

  /// A charged request has room for the process where the version keeps it in the last pointer; one
  /// that is too large for that is not charged (ReactOS ExAllocatePoolWithQuotaTag).
  private mutating func allocateCharged(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Outcome) -> Address? {
    var type = type.subtracting(.raiseOnFailure)
    var request = bytes
    let isInHeader =
      !profile.quotaPointer.isInBlock && profile.header.processBilledOffset != nil
    if bytes > sizes.page - sizes.unit - sizes.word {
      type.remove(.quota)
    } else if !isInHeader, fault != .quotaWordForgotten {
      request += sizes.word
    }
    return try serve(type, bytes: request, tag: tag, body: bytes)
  }

  /// What `ExFreePoolWithTag` comes to, or `ExFreePool` without a tag.
  public mutating func free(_ address: Address, tag: PoolTag? = nil) -> Prediction {
    do throws(Outcome) {
      try free(address, tag)
      return .freed
    } catch {
      return settle(error)
    }
  }

  mutating func free(_ address: Address, _ tag: PoolTag?) throws(Outcome) {
    if let silence { throw .open(silence) }
    let address = sizes.word == 8 ? address : address & 0xFFFF_FFFF
    if try specialFree(address) { return }
    let tag = tag?.word == 0 ? nil : tag
    if address & (sizes.page - 1) == 0 {
      try freeLarge(address, tag: tag)
    } else {
      try freeSmall(address, tag: tag)
    }
  }

  /// What nothing can be said about leaves nothing to say about what follows.
  mutating func settle(_ outcome: Outcome) -> Prediction {
    switch outcome {
    case .stopped(let reason): return .halted(reason)
    case .open(let reason):
      silence = silence ?? reason
      return .open(reason)
    }
  }

  // MARK: Checks

  /// Stops the kernel on requests that the version refuses, then says whether anything else is said
  /// (Microsoft, bug check 0xC2).
  mutating func checkRequest(_ type: PoolType, bytes: UInt64, tag: PoolTag) throws(Outcome) {
    let typeWord = UInt64(type.rawValue)
    if level > (type.isPaged ? 1 : 2) {
      throw .bugCheck(BugCheck.badPoolCaller, 8, UInt64(level), typeWord, bytes)
    }
    if type.contains(.mustSucceed), profile.mustSucceed == .refused {
      throw .bugCheck(BugCheck.badPoolCaller, 0x9A, typeWord, bytes, UInt64(tag.word))
    }
    if profile.entryChecks == .all {
      if bytes == 0 {
        throw .bugCheck(BugCheck.badPoolCaller, 0, 0, typeWord, UInt64(tag.word))
      }
      if tag.word == 0 { throw .bugCheck(BugCheck.badPoolCaller, 0x9B, typeWord, bytes) }
      if tag.unprotected == .big { throw .bugCheck(BugCheck.badPoolCaller, 0x9C, typeWord, bytes) }
      if !Self.hasLetterOrDigit(tag.unprotected) {
        throw .bugCheck(BugCheck.badPoolCaller, 0x9D, UInt64(tag.word), typeWord)
      }
    }
    if let silence { throw .open(silence) }
  }

  private static func hasLetterOrDigit(_ tag: PoolTag) -> Bool {
    (0..<4).contains { position in
      let byte = UInt8(truncatingIfNeeded: tag.word >> UInt32(8 * position))
      return (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
  }

  /// Stops the kernel where memory of a pool must not be freed at the level.
  mutating func checkLevel(freeing address: Address, _ kind: PoolKind) throws(Outcome) {
    guard level > (kind.isPaged ? 1 : 2) else { return }
    throw .bugCheck(
      BugCheck.badPoolCaller, 9, UInt64(level), kind.isPaged ? 1 : 0, address)
  }

  /// Stops the kernel where a free names another tag than the one it must (Microsoft, bug check
  /// 0xC2/0xA).
  mutating func checkTag(_ given: PoolTag?, _ stored: PoolTag, _ address: Address) throws(Outcome) {
    guard let given, fault != .wrongTagPasses else { return }
    let isRight =
      switch profile.tagCheck {
      case .never: true
      case .protectedOnly: !stored.isProtected || given.unprotected == stored.unprotected
      case .always: given == stored.unprotected
      }
    if isRight { return }
    throw .bugCheck(
      BugCheck.badPoolCaller, 0xA, address, UInt64(stored.unprotected.word), UInt64(given.word))
  }

  /// Whether contiguous memory may be sought outside of the pool.
  var mayMapPages: Bool { level <= 1 }
}
