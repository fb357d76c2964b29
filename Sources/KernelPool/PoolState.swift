/// Everything that a pool is made of: its memory, the kernel's variables, and what the hot paths
/// want to have at hand. It lies at one address for the pool's whole life and is never moved.
///
/// Its methods are `mutating` even where they change nothing: a method that is not takes the whole
/// state by value, hundreds of bytes for each call. Whatever frees or allocates small blocks is not
/// here but in `SmallBlocks`, which holds the state's address and may be called from its own steps.
struct PoolState: ~Copyable {
  let configuration: PoolConfiguration
  let profile: Profile
  let mutant: Mutant
  /// The facts and sizes once more, at addresses of their own, for views.
  let shownProfile: UnsafeMutablePointer<Profile>
  let shownConfiguration: UnsafeMutablePointer<PoolConfiguration>
  let view: PoolView

  var halted: HaltReason?
  var mechanisms: Mechanisms = []
  var memory: SimulatedMemory
  /// Sizes and shifts of the profile, computed once.
  let geometry: Geometry
  /// The instance of the algorithm that serves requests.
  var instance: BlockInstance

  /// The kernel's variables, at one address for the pool's whole life.
  let variables: UnsafeMutablePointer<KernelVariables>
  /// Nonpaged first, then the other pools as the profile has them, paged last.
  let descriptors: UnsafeMutablePointer<DescriptorRoot>
  /// The same as the algorithm works with them.
  let owners: OwnerPointer
  let descriptorCount: Int
  /// Index of the first paged descriptor.
  let firstPagedDescriptor: Int

  /// By owner, pool and class; `PoolView.lookaside` has the formula.
  let lookasides: LookasidePointer
  let lookasideCount: Int
  /// The lists of the processor that operations run on.
  var ownLookasides: LookasidePointer
  /// The lists that are tried after these, where there are any.
  let sharedLookasides: LookasidePointer?

  /// What headers of nonpaged blocks without flags store as their type.
  let nonPagedType: UInt32
  /// The bits of a header's word but for the descriptor's index; all where versions leave that.
  let maskWithoutIndex: UInt32
  /// Where the tag table lies.
  var tagRows: TagRows

  /// Marks of nonpaged pages: initial pool, then the expansion area with its guard pages.
  let nonPagedMarks: UnsafeMutablePointer<UInt8>
  /// Free page-table entries of the expansion.
  var expansionEntries: SystemPageTableEntries
  /// Contiguous memory that lies outside of the pool.
  var contiguousArena: PageArena
  /// Pages and guard pages of special pool; nil where it is off.
  let specialArena: PageArena?

  /// The tag table, which stays where it is for the pool's whole life.
  struct TagRows {
    var host: UnsafeMutableRawPointer
    var address: Address
    var mask: UInt64
  }

  deinit {
    shownProfile.deinitialize(count: 1)
    shownProfile.deallocate()
    shownConfiguration.deinitialize(count: 1)
    shownConfiguration.deallocate()
    variables.deinitialize(count: 1)
    variables.deallocate()
    descriptors.deinitialize(count: descriptorCount)
    descriptors.deallocate()
    for index in 0..<descriptorCount { owners[index].used.deallocate() }
    owners.deinitialize(count: descriptorCount)
    owners.deallocate()
    lookasides.deinitialize(count: lookasideCount)
    lookasides.deallocate()
  }

  /// Stores bytes as a driver would.
  mutating func write(
    _ address: Address, _ bytes: UnsafeRawBufferPointer
  ) -> KernelPool.FreeOutcome {
    guard let source = bytes.baseAddress else { return .freed }
    return write(address, UInt64(bytes.count)) { target, offset in
      target.copyMemory(
        from: UnsafeRawBufferPointer(start: source + Int(offset), count: target.count))
    }
  }

  /// The same piece by piece, none across a page.
  @inline(__always)
  mutating func write(
    _ address: Address, _ byteCount: UInt64,
    _ store: (UnsafeMutableRawBufferPointer, _ offset: UInt64) -> Void
  ) -> KernelPool.FreeOutcome {
    var written: UInt64 = 0
    while written < byteCount {
      let place = address &+ written
      let count = min(geometry.pageBytes &- (place & geometry.pageMask), byteCount &- written)
      let target = geometry.isWide ? place : place & 0xFFFF_FFFF
      guard let host = try? memory.locateForStore(target, count) else {
        if specialArena != nil { _ = faultOfStore(at: target) }
        return .halted(stop())
      }
      store(UnsafeMutableRawBufferPointer(start: host, count: Int(count)), written)
      written &+= count
    }
    return .freed
  }

  /// Takes the reason of a failed operation over from memory.
  @inline(never)
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

  /// The index that headers of a descriptor's blocks store.
  mutating func index(of owner: OwnerPointer) -> UInt32 { descriptors[owner - owners].index }
}

/// Sizes of a profile in the form the hot paths want them. Calling a method of the profile copies
/// it.
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
  let smallestListedUnits: UInt64
  let storedPoolType: StoredPoolType

  init(_ profile: Profile) {
    smallestBlockUnits = profile.smallestBlockUnits
    smallestListedUnits = profile.smallestListedUnits
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

  /// Pages that hold `bytes`.
  @inline(__always) func pages(holding bytes: UInt64) -> UInt64 {
    (bytes &>> pageShift) &+ (bytes & pageMask == 0 ? 0 : 1)
  }
}
