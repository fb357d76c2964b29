/// What plain requests need of the version and of the machine, in stored words.
///
/// A plain request asks for a small block of nonpaged pool with no flag set, on a healthy model of
/// a known shape: nearly every request of nearly every trace. Its algorithm is the general one, step
/// by step and store by store, written a second time for speed: widths are constants, the
/// kernel's fixed tables are reached through host addresses that hold for the pool's life, and a
/// block's page is located once for all of its headers. Whatever is not as it should be (a size
/// that leaves its page, a link out of the window) takes the general step at that point, so that
/// faults and bug checks are the general algorithm's own. A planted bug turns all of it off, which
/// makes planted bugs free when there are none.
///
/// A profile of small-block traces (callgrind, instructions an operation, windows-2003-x64): 866
/// with one door for each word, of which half were the door's call and window comparisons, a
/// quarter the reading of profile facts, and 60 the questions after planted bugs.
struct PlainFacts {
  /// The shape of the machine code to take.
  enum Shape { case none, x64, x86, windows2000, journaledX64, journaledX86, journaledWindows2000 }

  var shape = Shape.none
  /// The first size in bytes that is no small request; 0 where no request is plain.
  var requestEnd: UInt64 = 0
  var smallestBlockUnits: UInt32 = 0
  var smallestListedUnits: UInt32 = 0
  var lookasideClasses: UInt32 = 0
  var sharedLookaside = SharedLookaside.none
  /// The list that all processors share, where there is one; of one unit.
  var sharedLookasides: UnsafeMutablePointer<LookasideList>
  /// Lists of one processor.
  var lookasidesOfOwner = 0
  /// The type that headers of plain blocks store.
  var storedType: UInt32 = 0
  /// The bits of a header's word that are the same in every plain block, and what they are: the
  /// type, and the descriptor's index where the version keeps it.
  var ownerBits: UInt32 = 0
  var owner: UInt32 = 0
  /// True where indexes of descriptors are left as they are.
  var keepsPoolIndex = false
  /// How many lists above the exactly fitting one the search starts.
  var firstListOffset: UInt32 = 0
  var linkBit: UInt64 = 0
  var checks = PoolChecks.none
  var tagCheck = TagCheck.never
  var defersFrees = false
  var deferredFreeLimit: UInt32 = 0

  /// The nonpaged descriptor.
  var descriptor: UnsafeMutableRawPointer
  /// The head of its first list.
  var heads: UnsafeMutableRawPointer
  var headsAddress: Address = 0
  var descriptorAddress: Address = 0
  var trackerAddress: Address = 0
  var runningAllocations = 0
  var runningFrees = 0
  var totalPages = 0
  var pendingFrees = 0
  var pendingFreeDepth = 0
  /// Negative where the version does not count bytes.
  var totalBytes = -1
  /// The tag table.
  var tracker: UnsafeMutableRawPointer
  var trackerMask: UInt64 = 0
  /// Searches in a row that found the list heads untouched by anyone else.
  var quietSearches: UInt32 = 0
}

extension KernelPool {
  /// Facts by which no request is plain.
  static func noPlainRequests(
    _ regions: [MemoryRegion], _ lookasides: UnsafeMutablePointer<LookasideList>
  ) -> PlainFacts {
    let system = regions[1].host
    return PlainFacts(
      sharedLookasides: lookasides, descriptor: system, heads: system, tracker: system)
  }

  /// Lets every request take the general way from now on: how tests compare the two.
  package mutating func useGeneralAlgorithmsOnly() {
    plain.shape = .none
    plain.requestEnd = 0
  }

  /// Lets plain requests note their stores from now on.
  mutating func journalPlainRequests() {
    switch plain.shape {
    case .x64: plain.shape = .journaledX64
    case .x86: plain.shape = .journaledX86
    case .windows2000: plain.shape = .journaledWindows2000
    default: break
    }
  }

  /// Looks up what plain requests need, if this machine has any.
  mutating func preparePlainRequests() {
    let shape = plainShape
    let root = descriptors[0]
    let bytes = variables.pointee.trackerRows &* profile.trackerRowBytes
    guard shape != .none,
      let descriptor = memory.locateRange(root.address, profile.descriptor.bytesWithLock),
      let tracker = memory.locateRange(variables.pointee.trackerTable, bytes)
    else { return }
    plain.descriptor = descriptor
    plain.heads = descriptor + Int(root.listHeads &- root.address)
    plain.headsAddress = root.listHeads
    plain.descriptorAddress = root.address
    plain.trackerAddress = variables.pointee.trackerTable
    plain.tracker = tracker
    plain.trackerMask = variables.pointee.trackerMask & 0xFFFF_FFFF
    prepareCounters()
    plain.smallestBlockUnits = UInt32(profile.smallestBlockUnits)
    plain.smallestListedUnits = UInt32(profile.smallestListedUnits)
    plain.lookasideClasses = UInt32(profile.lookasideClasses)
    plain.sharedLookaside = profile.sharedLookaside
    plain.lookasidesOfOwner = PoolKind.allCases.count * Int(profile.lookasideClasses)
    let sharedOwner = profile.sharedLookaside == .separate ? configuration.processors : 0
    plain.sharedLookasides = lookasides + sharedOwner * plain.lookasidesOfOwner
    plain.storedType = profile.stored(.nonPaged)
    plain.keepsPoolIndex = profile.poolIndexRule == .stale
    let layout = profile.header
    let indexBits = plain.keepsPoolIndex ? 0 : layout.poolIndex.mask << layout.poolIndex.shift
    plain.ownerBits = layout.poolType.mask << layout.poolType.shift | indexBits
    plain.owner = layout.poolType.set(0, plain.storedType)
    plain.firstListOffset = profile.firstList == .exactFit ? 0 : 1
    plain.linkBit = memory.linkBit
    plain.checks = profile.checks
    plain.tagCheck = profile.tagCheck
    plain.defersFrees = profile.deferredFrees
    plain.deferredFreeLimit = profile.deferredFreeLimit
    plain.requestEnd = geometry.largestSmallRequest &+ 1
    plain.shape = shape
  }

  private mutating func prepareCounters() {
    let layout = profile.descriptor
    plain.runningAllocations = Int(layout.runningAllocations)
    plain.runningFrees = Int(layout.runningFrees)
    plain.totalPages = Int(layout.totalPages)
    plain.pendingFrees = Int(layout.pendingFrees)
    plain.pendingFreeDepth = Int(layout.pendingFreeDepth)
    plain.totalBytes = layout.totalBytes.map(Int.init) ?? -1
  }

  /// The shape of this machine's blocks; none where a switch asks for what plain requests do not
  /// do.
  private var plainShape: PlainFacts.Shape {
    guard mutant == .none, profile.pageBytes == UInt64(X64Blocks.pageBytes),
      profile.remainderEnd == .tail, profile.freedEnd == .head, profile.entryChecks == .none,
      profile.lookasideLinks == .plain, profile.deferredFreeType == .inUse
    else { return .none }
    if fits(X64Blocks.self) { return .x64 }
    if fits(X86Blocks.self) { return .x86 }
    return fits(Windows2000Blocks.self) ? .windows2000 : .none
  }

  private func fits<Shape: BlockShape>(_: Shape.Type) -> Bool {
    profile.unitBytes == 1 << Shape.unitShift && profile.header == Shape.header
      && profile.wordBytes == UInt64(Shape.wordBytes)
      && profile.trackerRowBytes == UInt64(Shape.trackerRowBytes)
  }
}
