/// Bytes of memory as `db`, `dd`, `dc`, `dq`, `dps` and their like print them.
public struct MemoryListing: Sendable, Hashable {
  /// Where it begins, as printed.
  public var address: UInt64
  /// The digits of the printed address tell x86 from x64.
  public var width: PointerWidth
  /// The bytes in memory order; nil where the debugger could not read.
  public var bytes: [UInt8?] = []

  /// A row's place behind the bytes so far, if it continues them.
  mutating func append(_ row: MemoryRow) -> Bool {
    guard row.width == width, row.address == address &+ UInt64(bytes.count),
      bytes.count < MemoryListing.mostBytes
    else { return false }
    bytes += row.bytes
    return true
  }

  /// Longer dumps continue as another listing.
  static let mostBytes = 1 << 20

  /// Up to eight bytes as a number; nil where one is unknown.
  func value(at offset: Int, bytes count: Int) -> UInt64? {
    guard offset >= 0, offset + count <= bytes.count else { return nil }
    var value: UInt64 = 0
    for index in (0..<count).reversed() {
      guard let byte = bytes[offset + index] else { return nil }
      value = value << 8 | UInt64(byte)
    }
    return value
  }
}

/// A line of a memory dump.
struct MemoryRow: Equatable {
  var address: UInt64
  var width: PointerWidth
  var bytes: [UInt8?]
}

/// A block header that `dt nt!_POOL_HEADER` took apart.
public struct HeaderListing: Sendable, Hashable {
  /// A field as it is printed.
  public struct Field: Sendable, Hashable {
    /// Its offset in the structure.
    public var offset: UInt64
    /// Its name.
    public var name: String
    /// Its value.
    public var value: UInt64
    /// Binary digits of a bit field, 0 for another.
    public var binaryDigits: Int
  }

  /// Where the header lies, if the command says so.
  public var address: UInt64?
  /// The fields in the order of the listing.
  public var fields: [Field] = []

  /// The first field of this name.
  public func field(_ name: String) -> Field? { fields.first { $0.name == name } }

  /// The layout: by the fields' order on Windows 2000, else by their widths.
  public var layout: HeaderDwordLayout {
    if field("PoolType")?.offset == 2, field("BlockSize")?.offset == 3 { return .windows2000 }
    if let digits = field("BlockSize")?.binaryDigits, digits > 0 { return digits > 8 ? .x86 : .x64 }
    if field("ProcessBilled")?.offset == 8 || address.map({ $0 > 0xFFFF_FFFF }) == true {
      return .x64
    }
    return .x86
  }

  /// The first dword, put together from the fields or printed as `Ulong1`.
  public var dword: UInt32? {
    if let whole = field("Ulong1")?.value { return UInt32(exactly: whole) }
    guard let previous = field("PreviousSize")?.value, let size = field("BlockSize")?.value,
      let type = field("PoolType")?.value
    else { return nil }
    let index = field("PoolIndex")?.value ?? 0
    switch layout {
    case .x64: return UInt32(truncatingIfNeeded: previous | index << 8 | size << 16 | type << 24)
    case .windows2000:
      return UInt32(truncatingIfNeeded: previous | index << 8 | type << 16 | size << 24)
    case .x86: return UInt32(truncatingIfNeeded: previous | index << 9 | size << 16 | type << 25)
    }
  }
}

/// Single allocations that a tool lists: `!verifier 3` with their callers, `!poolview` and MemProcFS
/// without.
public struct AllocationListing: Sendable, Hashable {
  /// One allocation.
  public struct Entry: Sendable, Hashable {
    /// Where it is.
    public var address: UInt64
    /// Its size in bytes.
    public var sizeBytes: UInt64
    /// Its tag.
    public var tag: ListedTag
    /// False for a free block.
    public var isAllocated = true
    /// Paged or not, where the tool tells.
    public var isPaged: Bool?
    /// Who allocated it, as far as printed.
    public var caller = ""
    /// The line it stands on, from 1.
    public var line = 0
  }

  /// What lists them; the raw value is the listing's kind in JSON.
  public enum Tool: String, Sendable, Hashable {
    /// `!verifier 3`.
    case verifier
    /// PoolViewerExt's `!poolview`.
    case poolView = "poolview"
    /// The file of all allocations that MemProcFS makes.
    case memProcFS = "memprocfs"
  }

  /// What lists them.
  public var tool: Tool
  /// The driver whose allocations they are.
  public var driver: String?
  /// The driver is gone: what is listed here was left behind.
  public var isUnloaded = false
  /// The allocations.
  public var entries: [Entry] = []
}
