import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.TagColumns

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
  let unitsPerPage: Int
  let unitShift: Int
  let headerBytes: UInt64
  let header: HeaderLayout
  let nonPagedColumns: TagColumns
  let pagedColumns: TagColumns

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
    unitsPerPage = Int(facts.unitsPerPage)
    unitShift = Int(facts.unitShift)
    headerBytes = facts.headerBytes
    header = facts.header
    nonPagedColumns = TagColumns(isPaged: false, wordBytes: facts.wordBytes)
    pagedColumns = TagColumns(isPaged: true, wordBytes: facts.wordBytes)
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
struct IncrementalRoots {
  private let trackerTable: Address
  private let trackerRows: UInt64
  private let trackerMask: UInt64
  private let bigTable: Address
  private let bigTableEntries: UInt64
  /// Address of the heads of the lists of free runs.
  let freeRunHeads: Address
  private let process: Address
  private let quotaCookie: UInt64
  private let pagedMap: Address
  private let pagedEndMap: Address
  private let sessionMap: Address
  private let sessionEndMap: Address
  private let nonPagedMap: Address

  init(_ view: PoolView) {
    let variables = view.variables
    trackerTable = variables.trackerTable
    trackerRows = variables.trackerRows
    trackerMask = variables.trackerMask
    bigTable = variables.bigTable
    bigTableEntries = variables.bigTableEntries
    freeRunHeads = variables.freeRunHeads
    process = variables.process
    quotaCookie = variables.quotaCookie
    pagedMap = variables.pagedBitmap.allocationMap
    pagedEndMap = variables.pagedBitmap.endMap
    sessionMap = variables.sessionBitmap.allocationMap
    sessionEndMap = variables.sessionBitmap.endMap
    nonPagedMap = variables.nonPagedBitmap.allocationMap
  }

  /// True where the variables are still the same.
  @inline(__always) func hold(in view: PoolView) -> Bool {
    let place = view.variablesAddress
    let tables =
      (place.pointee.trackerTable ^ trackerTable) | (place.pointee.trackerRows ^ trackerRows)
      | (place.pointee.trackerMask ^ trackerMask) | (place.pointee.bigTable ^ bigTable)
      | (place.pointee.bigTableEntries ^ bigTableEntries)
      | (place.pointee.freeRunHeads ^ freeRunHeads)
    let others =
      (place.pointee.process ^ process) | (place.pointee.quotaCookie ^ quotaCookie)
      | (place.pointee.pagedBitmap.allocationMap ^ pagedMap)
      | (place.pointee.pagedBitmap.endMap ^ pagedEndMap)
      | (place.pointee.sessionBitmap.allocationMap ^ sessionMap)
      | (place.pointee.sessionBitmap.endMap ^ sessionEndMap)
      | (place.pointee.nonPagedBitmap.allocationMap ^ nonPagedMap)
    return tables | others == 0
  }
}
