import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// The four fields of a block header's first word.
public struct HeaderFields: Sendable, Equatable {
  /// The stored size of the block before, in units.
  public let previousUnits: UInt64
  /// The stored index of the owning descriptor.
  public let poolIndex: UInt32
  /// The stored size, in units, header included.
  public let units: UInt64
  /// The stored pool type; zero marks a free block.
  public let type: UInt32

  /// The fields of `word`.
  @inlinable @inline(__always) public init(_ word: UInt32, _ layout: HeaderLayout) {
    previousUnits = UInt64(layout.previousSize.get(word))
    poolIndex = layout.poolIndex.get(word)
    units = UInt64(layout.blockSize.get(word))
    type = layout.poolType.get(word)
  }
}

/// The fields of a block header as they lie in memory.
///
/// Nothing is checked or corrected: a stale index is a stale index (public symbols;
/// ReactOS `POOL_HEADER`).
public struct BlockHeader: Sendable, Equatable {
  /// Address of the header.
  public let address: Address
  /// The stored size of the block before, in units.
  public let previousUnits: UInt64
  /// The stored index of the owning descriptor.
  public let poolIndex: UInt32
  /// The stored size, in units, header included.
  public let units: UInt64
  /// The stored pool type; zero marks a free block.
  public let storedType: UInt32
  /// The tag as stored, the mark of a protected block included.
  public let tag: PoolTag

  /// The header at `address`, or nil where it cannot be read.
  public init?(_ view: PoolView, at address: Address) {
    guard let word = view.word32(address) else { return nil }
    self.init(view, at: address, HeaderFields(word, view.profile.header))
  }

  /// The header at `address` whose first word has these fields, or nil where its tag cannot be read.
  init?(_ view: PoolView, at address: Address, _ fields: HeaderFields) {
    guard let tag = view.word32(address &+ HeaderLayout.tagOffset) else { return nil }
    self.address = address
    previousUnits = fields.previousUnits
    poolIndex = fields.poolIndex
    units = fields.units
    storedType = fields.type
    self.tag = PoolTag(word: tag)
  }
}

/// Something that a page's chain of headers does not have when it is sound.
public struct ChainFault: Sendable, Equatable {
  /// Address of the header that is wrong.
  public let address: Address
  /// What is wrong with it.
  public let defect: Defect

  /// What can be wrong with a header.
  public enum Defect: Sendable, Equatable {
    /// The size is zero: there is no next block to go to.
    case zeroSize
    /// The block would end this many bytes behind the page.
    case pastPageEnd(byBytes: UInt64)
    /// The previous size does not tell the block before; both in bytes.
    case previousSize(expected: UInt64, found: UInt64)
    /// The header is not mapped.
    case unreadable

    /// True where a walk cannot go on.
    public var endsWalk: Bool {
      switch self {
      case .previousSize: false
      case .zeroSize, .pastPageEnd, .unreadable: true
      }
    }
  }
}

/// The headers of a page from each to the next, as far as their sizes lead.
///
/// The walk trusts nothing and takes at most as many steps as the page has units. It stops behind a
/// header whose size leads nowhere; a wrong previous size is no reason to stop, for the sizes still
/// tile the page.
public struct HeaderChain: Sequence, IteratorProtocol {
  /// A header of the chain.
  public struct Step {
    /// Address of the header.
    public let address: Address
    /// Units of the page before it.
    public let unit: UInt64
    /// Units of the block before it on the page; 0 at the first.
    public let previousUnits: UInt64
    /// Its first word's fields; nil where it cannot be read.
    public let fields: HeaderFields?
    /// What ends the walk here.
    public let end: End?

    @usableFromInline @inline(__always)
    init(
      address: Address, unit: UInt64, previousUnits: UInt64, fields: HeaderFields?, end: End?
    ) {
      self.address = address
      self.unit = unit
      self.previousUnits = previousUnits
      self.fields = fields
      self.end = end
    }
  }

  /// Why a walk cannot go on.
  public enum End: Sendable {
    /// The header is not mapped.
    case unreadable
    /// Its size is zero.
    case zeroSize
    /// The block would end behind the page.
    case pastPageEnd
  }

  @usableFromInline let view: PoolView
  @usableFromInline let layout: HeaderLayout
  @usableFromInline let page: Address
  @usableFromInline let unitShift: UInt64
  @usableFromInline let unitsPerPage: UInt64
  @usableFromInline var unit: UInt64
  @usableFromInline var previousUnits: UInt64 = 0

  /// The headers of the page at `page`, from so many units on.
  @inlinable @inline(__always)
  public init(_ view: PoolView, page: Address, fromUnit unit: UInt64 = 0) {
    self.view = view
    self.page = page
    self.unit = unit
    layout = view.profile.header
    unitShift = UInt64(view.profile.unitBytes.trailingZeroBitCount)
    unitsPerPage = view.profile.pageBytes &>> unitShift
  }

  /// The next header, or nil behind the last.
  @inlinable @inline(__always) public mutating func next() -> Step? {
    guard unit < unitsPerPage else { return nil }
    let start = unit
    let before = previousUnits
    let address = page &+ start &<< unitShift
    guard let word = view.word32(address) else {
      unit = unitsPerPage
      return Step(
        address: address, unit: start, previousUnits: before, fields: nil, end: .unreadable)
    }
    let fields = HeaderFields(word, layout)
    var end: End?
    if fields.units == 0 {
      end = .zeroSize
    } else if fields.units > unitsPerPage &- start {
      end = .pastPageEnd
    }
    previousUnits = fields.units
    unit = end == nil ? start &+ fields.units : unitsPerPage
    return Step(
      address: address, unit: start, previousUnits: before, fields: fields, end: end)
  }
}
