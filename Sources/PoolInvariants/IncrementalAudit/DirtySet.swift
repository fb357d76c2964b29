import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal

/// What one operation touched, sorted by what has to be looked at.
struct DirtySet: ~Copyable {
  /// Changed lines of a page that has a record.
  struct Lines: BitwiseCopyable {
    var page: Int32
    var lines: UInt64
  }

  /// Pages in a row.
  struct Range: BitwiseCopyable {
    var first: Int32
    var count: Int32
    var owner: UInt8
  }

  /// Pages of blocks.
  var blockLines = FlatArray<Lines>()
  /// Pages of large allocations.
  var largeLines = FlatArray<Lines>()
  /// Lines outside of the pools.
  var outsideLines = FlatArray<Address>()
  /// Pages whose marks, bits, stamps or owner changed.
  var pages = FlatArray<Int32>()
  /// Pages that belong to somebody else now.
  var releases = FlatArray<Range>()
  var claims = FlatArray<Range>()
  /// Large allocations that were made, freed or entered.
  var large = FlatArray<Address>()
  /// Places of changed entries of the big-page table.
  var entries = FlatArray<Address>()
  /// Rows of the tag table, and tags, as `key` makes them.
  var rows = FlatArray<UInt64>()
  var tags = FlatArray<Address>()
  /// Descriptors by position: counters, and deferred frees.
  var descriptors: UInt64 = 0
  var pending: UInt64 = 0
  /// Pools by number whose requests were counted.
  var kinds: UInt64 = 0
  /// Blocks that began or ended to wait, by their bodies.
  var waiting = FlatArray<Address>()
  var hasRunHeads = false
  var hasSinglePages = false

  init() {}

  /// A number for a tag that is never zero.
  static func key(_ tag: PoolTag) -> Address { 1 &<< 40 | UInt64(tag.word) }

  /// Forgets everything.
  mutating func removeAll() {
    blockLines.removeAll()
    largeLines.removeAll()
    outsideLines.removeAll()
    pages.removeAll()
    releases.removeAll()
    claims.removeAll()
    large.removeAll()
    entries.removeAll()
    rows.removeAll()
    tags.removeAll()
    waiting.removeAll()
    descriptors = 0
    pending = 0
    kinds = 0
    hasRunHeads = false
    hasSinglePages = false
  }
}

/// A page's owner in one byte, with whether the page is the first and the last of its allocation.
enum PageShare {
  static let first: UInt8 = 0x40
  static let last: UInt8 = 0x80
  /// Looked at in the present operation; set only while the touched pages are looked at.
  static let audited: UInt8 = 0x20
  static let ownerMask: UInt8 = 0x0F

  @inline(__always) static func owner(_ share: UInt8) -> PageOwner {
    PageOwner(rawValue: share & ownerMask) ?? .nobody
  }
}

/// Memory with structures of the kernel's own.
struct SpecialRange: BitwiseCopyable {
  /// What lies there.
  enum Kind: UInt8 {
    /// The fields of a descriptor before its list heads.
    case descriptor
    case listHeads
    case trackerTable
    case bigTable
    case runHeads
    case map
  }

  var kind: Kind
  /// The descriptor's position, or the map's number.
  var number: Int32
  var start: Address
  var end: Address
  /// Whether it lies in pages of a pool, which then are looked at as such too.
  var isInPool: Bool
}

/// The kernel's own structures by the chunks of the journal in which they lie.
struct SpecialRanges: ~Copyable {
  /// What of a structure lies in one chunk.
  struct Part: BitwiseCopyable {
    /// The lines of the chunk in which it lies.
    var lines: UInt64
    var range: SpecialRange
    /// The number of the chunk's next part, or -1.
    var next: Int32 = -1
  }

  /// The first part of each chunk that has any.
  private var index = AddressIndex()
  private var parts = FlatArray<Part>()

  init() {}

  /// Adds a structure.
  mutating func add(_ range: SpecialRange) {
    guard range.start < range.end else { return }
    var chunk = range.start & ~(WriteJournal.chunkBytes &- 1)
    while chunk < range.end {
      let first = max(range.start, chunk) &- chunk
      let last = min(range.end &- 1 &- chunk, WriteJournal.chunkBytes &- 1)
      let lines =
        UInt64.max &<< (first &>> WriteJournalLine.shift)
        & UInt64.max &>> (63 &- last &>> WriteJournalLine.shift)
      let number = Int32(parts.count)
      parts.append(Part(lines: lines, range: range))
      if var place = index[chunk].map({ Int($0) }) {
        while parts[place].next >= 0 { place = Int(parts[place].next) }
        parts.place(place).pointee.next = number
      } else {
        index.set(chunk, UInt32(number))
      }
      chunk &+= WriteJournal.chunkBytes
    }
  }

  /// The number of the first part in a chunk, or nil.
  @inline(__always) func number(at chunk: Address) -> UInt32? { index[chunk] }

  /// Where a part stands.
  @inline(__always) func place(of number: Int) -> UnsafeMutablePointer<Part> {
    parts.place(number)
  }
}

/// What the incremental audit asks of a profile for every block, worked out once: reading it from
/// the profile each time showed in the time.
struct IncrementalConstants {
  let isIndexKept: Bool
  let deferredLooksFree: Bool
  let hasRuns: Bool
  let smallestListedUnits: Int
  let smallestBlockUnits: Int
  let headBytes: UInt64
  let unitsPerPage: Int
  let unitShift: Int
  let headerBytes: UInt64
  let header: HeaderLayout

  init(_ view: PoolView, _ facts: PoolFacts) {
    let profile = facts.profile
    isIndexKept = profile.poolIndexRule != .stale
    deferredLooksFree = profile.deferredFreeType == .free
    hasRuns = profile.nonPagedPages == .runLists
    smallestListedUnits = Int(profile.smallestListedUnits)
    smallestBlockUnits = Int(profile.smallestBlockUnits)
    headBytes = facts.wordBytes &* 2
    unitsPerPage = Int(facts.unitsPerPage)
    unitShift = Int(facts.unitShift)
    headerBytes = facts.headerBytes
    header = facts.header
  }
}

/// A descriptor, and the host bytes behind it: they are always mapped.
struct CachedDescriptor: BitwiseCopyable {
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
  private(set) var bigTable: Address
  private(set) var bigTableEntries: UInt64
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

  /// The same with the big-page table where it is now.
  func withBigTable(of view: PoolView) -> IncrementalRoots {
    var roots = self
    roots.bigTable = view.variables.bigTable
    roots.bigTableEntries = view.variables.bigTableEntries
    return roots
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
