import typealias KernelPool.Address
import struct KernelPool.PoolTag

/// What one operation touched, sorted by what has to be looked at.
struct TouchedThings: ~Copyable {
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
  static let ownerMask: UInt8 = 0x0F

  @inline(__always) static func owner(_ share: UInt8) -> PageOwner {
    PageOwner(rawValue: share & ownerMask) ?? .nobody
  }
}
