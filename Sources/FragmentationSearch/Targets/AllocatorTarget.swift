import PoolBounds

/// An allocator that adversaries and searches can drive: the abstract pool, the kernel model, or
/// somebody else's. Only the first four members are needed; what an allocator cannot tell about
/// its free blocks it answers with 0 or false, and the searches that ask for it grow weaker.
public protocol AllocatorTarget: ~Copyable, SendableMetatype {
  /// The sizes of the pool; requests lie between its smallest and its largest block.
  var geometry: PoolGeometry { get }
  /// What is held and what is live.
  var footprint: Footprint { get }
  /// Takes a block of `units`, header included.
  mutating func allocate(units: Int) -> BlockHandle
  /// Gives a live block back.
  mutating func free(_ handle: BlockHandle)

  /// Units from the start of its page to a live block.
  func offset(of handle: BlockHandle) -> Int
  /// A number that the live blocks of one page share, and no others.
  func page(of handle: BlockHandle) -> UInt64
  /// Units of the largest free block.
  var largestFreeUnits: Int { get }
  /// Free blocks of that size.
  var largestFreeBlocks: Int { get }
  /// Units of the free block that came into being last.
  var newestFreeUnits: Int { get }
  /// Whether a free block of exactly `units` exists.
  func hasFreeBlock(units: Int) -> Bool
  /// Held pages with a single live block.
  var pinnedPages: Int { get }
  /// A number that is the same for states in which all further requests have the same consequences;
  /// nil where it is not known.
  var stateDigest: UInt64? { get }
  /// An allocator in the same state, in which the same handles name the same blocks; nil where
  /// there is no such thing.
  func duplicate() -> Self?
}

extension AllocatorTarget where Self: ~Copyable {
  /// Unknown: 0.
  public func offset(of handle: BlockHandle) -> Int { 0 }
  /// Unknown: each block by itself.
  public func page(of handle: BlockHandle) -> UInt64 { UInt64(handle.index) }
  /// Unknown: 0.
  public var largestFreeUnits: Int { 0 }
  /// Unknown: 0.
  public var largestFreeBlocks: Int { 0 }
  /// Unknown: 0.
  public var newestFreeUnits: Int { 0 }
  /// Unknown: false.
  public func hasFreeBlock(units: Int) -> Bool { false }
  /// Unknown: 0.
  public var pinnedPages: Int { 0 }
  /// Unknown: nil.
  public var stateDigest: UInt64? { nil }
  /// Not possible: nil.
  public func duplicate() -> Self? { nil }
}

extension AbstractPool: AllocatorTarget {
  /// Takes a block of `units` by the policy's own choice.
  public mutating func allocate(units: Int) -> BlockHandle { allocate(units: units, rank: 0) }

  /// Units from the start of its page to a live block.
  public func offset(of handle: BlockHandle) -> Int { Int(records[Int(handle.index)].offset) }

  /// The number of a live block's page.
  public func page(of handle: BlockHandle) -> UInt64 {
    UInt64(records[Int(handle.index)].page)
  }

  /// A pool in the same state.
  public func duplicate() -> AbstractPool? { AbstractPool(copying: self) }
}

/// Counts operations; costs one addition each.
struct CountingTarget: ~Copyable, AllocatorTarget {
  var pool: AbstractPool
  var operations = 0

  init(geometry: PoolGeometry, rules: PlacementRules) {
    pool = AbstractPool(geometry: geometry, rules: rules)
  }

  var geometry: PoolGeometry { pool.geometry }
  var footprint: Footprint { pool.footprint }
  var largestFreeUnits: Int { pool.largestFreeUnits }
  var newestFreeUnits: Int { pool.newestFreeUnits }
  func hasFreeBlock(units: Int) -> Bool { pool.hasFreeBlock(units: units) }
  func offset(of handle: BlockHandle) -> Int { pool.offset(of: handle) }

  mutating func allocate(units: Int) -> BlockHandle {
    operations &+= 1
    return pool.allocate(units: units)
  }

  mutating func free(_ handle: BlockHandle) {
    operations &+= 1
    pool.free(handle)
  }
}

/// Passes everything on to an abstract pool and tells every operation, so that what an adversary
/// or a search does becomes an ordinary trace. A block's slot is its handle's number.
public struct RecordingTarget: ~Copyable, AllocatorTarget {
  /// The pool behind.
  public private(set) var pool: AbstractPool
  private let record: (AbstractOperation) -> Void

  /// A recorder around an empty pool.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, record: @escaping (AbstractOperation) -> Void
  ) {
    pool = AbstractPool(geometry: geometry, rules: rules)
    self.record = record
  }

  /// The pool's.
  public var geometry: PoolGeometry { pool.geometry }
  /// The pool's.
  public var footprint: Footprint { pool.footprint }
  /// The pool's.
  public var largestFreeUnits: Int { pool.largestFreeUnits }
  /// The pool's.
  public var newestFreeUnits: Int { pool.newestFreeUnits }
  /// The pool's.
  public func hasFreeBlock(units: Int) -> Bool { pool.hasFreeBlock(units: units) }
  /// The pool's.
  public func offset(of handle: BlockHandle) -> Int { pool.offset(of: handle) }

  /// Takes a block and tells.
  public mutating func allocate(units: Int) -> BlockHandle {
    let handle = pool.allocate(units: units)
    record(.allocate(slot: Int(handle.index), units: units, rank: 0))
    return handle
  }

  /// Gives a block back and tells.
  public mutating func free(_ handle: BlockHandle) {
    record(.free(slot: Int(handle.index)))
    pool.free(handle)
  }
}

/// Writes operations in the trace language, in pieces of about 64 KiB, so that millions of them
/// need no memory: `alloc sN NonPaged BYTES Frag` and `free sN Frag`.
public struct TraceText: ~Copyable {
  private let geometry: PoolGeometry
  private let write: ([UInt8]) -> Void
  private var buffer: [UInt8] = []
  private static let pieceBytes = 1 << 16

  /// - Parameters:
  ///   - geometry: turns units into the bytes to ask for.
  ///   - configuration: what stands behind `config` on the first line; no such line if empty.
  ///   - comments: lines to put in front of it, each becomes a comment.
  ///   - write: takes the pieces, in order.
  public init(
    geometry: PoolGeometry, configuration: String, comments: [String] = [],
    write: @escaping ([UInt8]) -> Void
  ) {
    self.geometry = geometry
    self.write = write
    buffer.reserveCapacity(Self.pieceBytes + 256)
    for comment in comments { append("# \(comment)\n") }
    if !configuration.isEmpty { append("config \(configuration)\n") }
  }

  /// Adds one operation.
  public mutating func append(_ operation: AbstractOperation) {
    switch operation {
    case .allocate(let slot, let units, _):
      append("alloc s\(slot) NonPaged \(geometry.payloadBytes(units: units)) Frag\n")
    case .free(let slot):
      append("free s\(slot) Frag\n")
    }
  }

  /// Adds a line of the caller's, for example an expectation, without its line end.
  public mutating func append(line: String) { append(line + "\n") }

  /// Writes what is left.
  public consuming func finish() {
    if !buffer.isEmpty { write(buffer) }
  }

  private mutating func append(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.pieceBytes {
      write(buffer)
      buffer.removeAll(keepingCapacity: true)
    }
  }
}
