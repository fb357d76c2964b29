/// The kernel pool: `ExAllocatePoolWithTag` and everything under it, over simulated memory.
///
/// How to read it: `allocate` and `free` in `SmallBlocks/Allocation.swift` and
/// `SmallBlocks/Release.swift` are the two entry points. Both work on bytes in `memory`; the
/// kernel's variables are in `variables`; whatever differs between versions is asked of `profile`.
/// Each step of the published algorithm is a method in the file of its name.
///
/// A pool is a value that cannot be copied: it owns its memory, and there is one writer. Operations
/// never trap, whatever the memory holds. When the kernel would have stopped, `halted` says why and
/// every later operation answers with it.
public struct KernelPool: ~Copyable {
  /// The machine's sizes.
  public let configuration: PoolConfiguration
  /// The version's facts.
  public let profile: Profile
  /// Why the simulated kernel stopped, or nil while it runs.
  public internal(set) var halted: HaltReason?
  /// What the operations since the last reading have set in motion.
  public var mechanisms: Mechanisms = []
  /// A planted bug, `.none` but for tests of the checks.
  public let mutant: Mutant

  /// The facts and sizes once more, at one address for the pool's whole life, for views.
  let shownProfile: UnsafeMutablePointer<Profile>
  let shownConfiguration: UnsafeMutablePointer<PoolConfiguration>
  var memory: SimulatedMemory
  /// Sizes and shifts of the profile, computed once for the hot paths.
  let geometry: Geometry
  /// What the fast way of plain requests needs.
  var plain: PlainFacts
  /// One bit for each nonpaged list that may have blocks; see `UsedLists`.
  let usedLists: UnsafeMutablePointer<UInt64>
  /// The kernel's variables, at one address for the pool's whole life.
  let variables: UnsafeMutablePointer<KernelVariables>
  /// Nonpaged first, then the other pools as the profile has them, paged last.
  let descriptors: UnsafeMutablePointer<DescriptorRoot>
  let descriptorCount: Int
  /// Index of the first paged descriptor.
  let firstPagedDescriptor: Int
  /// By owner, pool and class; `PoolView.lookaside` has the formula.
  let lookasides: UnsafeMutablePointer<LookasideList>
  let lookasideCount: Int
  /// Marks of nonpaged pages: initial pool, then the expansion area with its guard pages.
  let nonPagedMarks: UnsafeMutablePointer<UInt8>
  /// Free page-table entries of the expansion.
  var expansionEntries: SystemPageTableEntries
  /// Contiguous memory that lies outside of the pool.
  var contiguousArena: ContiguousArena

  deinit {
    shownProfile.deinitialize(count: 1)
    shownProfile.deallocate()
    shownConfiguration.deinitialize(count: 1)
    shownConfiguration.deallocate()
    variables.deinitialize(count: 1)
    variables.deallocate()
    descriptors.deinitialize(count: descriptorCount)
    descriptors.deallocate()
    lookasides.deinitialize(count: lookasideCount)
    lookasides.deallocate()
    usedLists.deallocate()
  }

  /// Everything that a debugger could read; valid as long as this pool lives.
  public var view: PoolView {
    PoolView(
      profilePointer: UnsafePointer(shownProfile),
      configurationPointer: UnsafePointer(shownConfiguration),
      regions: UnsafePointer(memory.regions),
      regionCount: memory.regionCount, variablesPointer: UnsafePointer(variables),
      descriptorsPointer: UnsafePointer(descriptors), descriptorCount: descriptorCount,
      lookasidesPointer: UnsafePointer(lookasides))
  }

  /// Keeps a journal of what is stored to from now on; valid as long as this pool lives. Nil where
  /// there is no memory for it.
  public mutating func startJournal(
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed
  ) -> WriteJournal? {
    guard let journal = memory.startJournal(reserve) else { return nil }
    journalPlainRequests()
    return journal
  }

  /// What an allocation came to.
  public enum AllocationOutcome: Equatable, Sendable {
    /// The address of the caller's memory.
    case address(Address)
    /// The request failed.
    case null
    /// The request failed and raised this status.
    case raised(UInt32)
    /// The kernel stopped.
    case halted(HaltReason)
  }

  /// What a free or a write came to.
  public enum FreeOutcome: Equatable, Sendable {
    /// It was done.
    case freed
    /// The kernel stopped.
    case halted(HaltReason)
  }

  /// The status that a failed allocation raises: STATUS_INSUFFICIENT_RESOURCES.
  public static let insufficientResources: UInt32 = 0xC000_009A

  /// The following operations run on this processor.
  public mutating func run(onProcessor processor: Int) {
    precondition((0..<configuration.processors).contains(processor), "no such processor")
    variables.pointee.processor = processor
  }

  /// The following operations run at this interrupt request level.
  public mutating func setInterruptLevel(_ level: UInt32) {
    variables.pointee.interruptLevel = level
  }

  /// Stores bytes as a driver would, through any address.
  ///
  /// A store to memory that is not mapped stops the kernel with a fault.
  public mutating func write(_ address: Address, _ bytes: UnsafeRawBufferPointer) -> FreeOutcome {
    if let halted { return .halted(halted) }
    guard let source = bytes.baseAddress else { return .freed }
    var written = 0
    while written < bytes.count {
      let place = address &+ UInt64(written)
      let inPage = Int(geometry.pageBytes - (place & geometry.pageMask))
      let count = min(inPage, bytes.count - written)
      guard let host = try? memory.locateForStore(truncated(place), UInt64(count)) else {
        return .halted(stop())
      }
      host.copyMemory(from: source + written, byteCount: count)
      written += count
    }
    return .freed
  }

  /// An address cut to the machine's width.
  @inline(__always) func truncated(_ address: Address) -> Address {
    geometry.isWide ? address : address & 0xFFFF_FFFF
  }

  /// Takes the reason of a failed operation over from memory.
  mutating func stop() -> HaltReason {
    guard let reason = memory.failure else { preconditionFailure("a halt has a reason") }
    halted = reason
    return reason
  }

  /// Stops the kernel with a bug check.
  mutating func bugCheck(
    _ code: UInt32, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0,
    _ fourth: UInt64 = 0
  ) -> Halt {
    memory.halt(.bugCheck(BugCheck(code, first, second, third, fourth)))
  }
}

/// Sizes of a profile in the form the hot paths want them. Calling a method of the profile copies
/// it, which a profile of small-block traces showed to be the dearest single step.
struct Geometry {
  let unitShift: UInt64
  let headerBytes: UInt64
  let wordBytes: UInt64
  let isWide: Bool
  let pageBytes: UInt64
  let pageMask: UInt64
  let pageShift: UInt64
  let unitsPerPage: UInt64
  let largestSmallRequest: UInt64
  let smallestBlockUnits: UInt64
  let storedPoolType: StoredPoolType

  init(_ profile: Profile) {
    smallestBlockUnits = profile.smallestBlockUnits
    storedPoolType = profile.storedPoolType
    unitShift = UInt64(profile.unitBytes.trailingZeroBitCount)
    headerBytes = UInt64(profile.header.bytes)
    wordBytes = profile.wordBytes
    isWide = profile.wordBytes == 8
    pageBytes = profile.pageBytes
    pageMask = profile.pageBytes - 1
    pageShift = UInt64(profile.pageBytes.trailingZeroBitCount)
    unitsPerPage = profile.unitsPerPage
    largestSmallRequest = profile.largestSmallRequest
  }

  /// True where a block or page boundary lies at `address`.
  @inline(__always) func isPageAligned(_ address: Address) -> Bool { address & pageMask == 0 }

  /// Units of the block that a small request gets, as `Profile.units(forRequest:)`.
  @inline(__always) func units(forRequest bytes: UInt64) -> UInt64 {
    let units = (max(bytes, 1) &+ headerBytes &+ (1 &<< unitShift) &- 1) &>> unitShift
    return max(units, smallestBlockUnits)
  }

  /// Pages that hold `bytes`.
  @inline(__always) func pages(holding bytes: UInt64) -> UInt64 {
    (bytes &>> pageShift) &+ (bytes & pageMask == 0 ? 0 : 1)
  }
}
