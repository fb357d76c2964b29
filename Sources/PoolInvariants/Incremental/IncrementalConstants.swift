import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView

/// What the incremental audit asks of a profile for every block, worked out once: reading it from
/// the profile each time showed in the time.
struct IncrementalConstants {
  let isWide: Bool
  let isIndexKept: Bool
  let deferredLooksFree: Bool
  let hasSecondHeaders: Bool
  let hasRuns: Bool
  let smallestListedUnits: Int
  let smallestBlockUnits: Int
  let headBytes: UInt64

  init(_ view: PoolView, _ facts: PoolFacts) {
    let profile = facts.profile
    isWide = facts.wordBytes == 8
    isIndexKept = profile.poolIndexRule != .stale
    deferredLooksFree = profile.deferredFreeType == .free
    hasSecondHeaders = profile.cacheAlignment == .secondHeader
    hasRuns = profile.nonPagedPages == .runLists
    smallestListedUnits = Int(profile.smallestListedUnits)
    smallestBlockUnits = Int(profile.smallestBlockUnits)
    headBytes = facts.wordBytes &* 2
  }

  /// The word at an offset of host memory that holds a pointer.
  @inline(__always) func pointer(_ host: UnsafeRawPointer, _ offset: UInt64) -> Address {
    isWide
      ? host.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
      : UInt64(host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self))
  }
}

/// A descriptor, and the host bytes behind it: they are always mapped.
struct DescriptorBook: BitwiseCopyable {
  var kind: PoolKind
  var index: UInt32
  var address: Address
  var listHeads: Address
  var host: UnsafeRawPointer
}

/// Kernel variables that say where things are: where one of them changes, everything is walked.
struct IncrementalRoots: Equatable {
  private let places: [UInt64]
  /// Address of the heads of the lists of free runs.
  var freeRunHeads: Address { places[5] }

  init(_ view: PoolView) {
    let variables = view.variables
    places = [
      variables.trackerTable, variables.trackerRows, variables.trackerMask, variables.bigTable,
      variables.bigTableEntries, variables.freeRunHeads, variables.process, variables.quotaCookie,
      variables.pagedBitmap.allocationMap, variables.pagedBitmap.endMap,
      variables.sessionBitmap.allocationMap, variables.sessionBitmap.endMap,
      variables.nonPagedBitmap.allocationMap,
    ]
  }

  /// True where the variables are still the same.
  func hold(in view: PoolView) -> Bool {
    let variables = view.variables
    return places[0] == variables.trackerTable && places[1] == variables.trackerRows
      && places[2] == variables.trackerMask && places[3] == variables.bigTable
      && places[4] == variables.bigTableEntries && places[5] == variables.freeRunHeads
      && places[6] == variables.process && places[7] == variables.quotaCookie
      && places[8] == variables.pagedBitmap.allocationMap
      && places[9] == variables.pagedBitmap.endMap
      && places[10] == variables.sessionBitmap.allocationMap
      && places[11] == variables.sessionBitmap.endMap
      && places[12] == variables.nonPagedBitmap.allocationMap
  }
}
