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
  static let mostBytes = 1 << 18

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
    var binaryDigits: Int
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
  var isUnloaded = false
  /// The first of the allocations, free blocks among them; the totals are of all.
  public private(set) var entries: [Entry] = []
  /// How many there are, free blocks among them.
  public private(set) var count = 0
  /// Those in use, all together and by tag.
  private(set) var live = Total()
  private(set) var totals: [Kind: Total] = [:]

  /// So many are kept one by one, and so many kinds are told apart: no system has as many tags.
  static let mostEntries = 1 << 12
  private static let mostKinds = ListingAssembler.mostRows

  /// What is counted together.
  struct Kind: Sendable, Hashable {
    var tag: ListedTag
    var isPaged: Bool?
  }

  /// What allocations come to.
  struct Total: Sendable, Hashable {
    var count: UInt64 = 0
    var bytes: UInt64 = 0
    /// The line of the first.
    var line = 0

    fileprivate mutating func add(_ entry: Entry) {
      if count == 0 { line = entry.line }
      count += 1
      bytes = Saturating.sum(bytes, entry.sizeBytes)
    }
  }

  /// Whether there were more kinds than are told apart.
  var isShortened: Bool { totals.values.reduce(0) { $0 + $1.count } < live.count }

  /// Takes one in.
  mutating func append(_ entry: Entry) {
    count += 1
    if entries.count < Self.mostEntries { entries.append(entry) }
    guard entry.isAllocated else { return }
    live.add(entry)
    let kind = Kind(tag: entry.tag, isPaged: entry.isPaged)
    guard totals.count < Self.mostKinds || totals[kind] != nil else { return }
    totals[kind, default: Total()].add(entry)
  }
}

/// Dumps of memory, headers taken apart, and allocations listed one by one.
extension ListingAssembler {
  mutating func addMemory(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .memoryRow(let row): addRow(row, number)
    case .headerField(let field):
      openHeader(number)
      if header?.content.field(field.name) != nil {
        closeHeader()
        openHeader(number)
      }
      header?.content.fields.append(field)
    case .allocation(var entry, let tool):
      entry.line = number
      openAllocations(tool, number)
      allocations?.content.append(entry)
    case .verifiedDriver(let name, let isUnloaded):
      closeAllocations()
      openAllocations(.verifier, number)
      allocations?.content.driver = name
      allocations?.content.isUnloaded = isUnloaded
    default: break
    }
  }

  mutating func closeMemory() {
    reading.close(&memory) { .memory($0) }
    closeHeader()
    closeAllocations()
  }

  private mutating func closeHeader() { reading.close(&header) { .header($0) } }
  private mutating func closeAllocations() { reading.close(&allocations) { .allocations($0) } }

  private mutating func addRow(_ row: MemoryRow, _ number: Int) {
    if memory?.content.append(row) == true { return }
    reading.close(&memory) { .memory($0) }
    let listing = MemoryListing(address: row.address, width: row.width, bytes: row.bytes)
    memory = OpenTable(index: open(.memory(listing), line: number), content: listing)
  }

  private mutating func openHeader(_ number: Int) {
    guard header == nil else { return }
    let listing = HeaderListing()
    header = OpenTable(index: open(.header(listing), line: number), content: listing)
  }

  private mutating func openAllocations(_ tool: AllocationListing.Tool, _ number: Int) {
    if let known = allocations?.content, known.tool != tool { closeAllocations() }
    guard allocations == nil else { return }
    let listing = AllocationListing(tool: tool)
    allocations = OpenTable(index: open(.allocations(listing), line: number), content: listing)
  }
}

/// The eight bytes of a block header as far as a listing shows them.
///
/// A listing prints size, previous size and tag, from which most of the header can be rebuilt:
/// on x64 previous size, pool index, size and pool type are a byte each, in units of 16 bytes; on
/// x86 previous size and size have nine bits, index and type seven, in units of 8 (Mandt 2011).
/// Text that overran a header shows itself as text there, which is the best hint at its author.
struct DecodedHeader: Sendable, Hashable {
  /// The bytes in memory order; nil where the listing does not tell.
  public var bytes: [UInt8?]

  /// Rebuilds the header of a listed block.
  public init(_ block: ListedBlock) {
    let unit = block.width.unitBytes
    let size = block.sizeBytes / unit
    let previous = block.previousSizeBytes / unit
    bytes = [UInt8?](repeating: nil, count: 4)
    if block.width == .bits64 {
      bytes[0] = UInt8(exactly: previous)
      bytes[1] = block.poolIndex
      bytes[2] = UInt8(exactly: size)
      bytes[3] = block.poolType
    } else {
      bytes[0] = previous < 0x200 ? UInt8(truncatingIfNeeded: previous) : nil
      bytes[1] = Self.joined(block.poolIndex, highBit: previous)
      bytes[2] = size < 0x200 ? UInt8(truncatingIfNeeded: size) : nil
      bytes[3] = Self.joined(block.poolType, highBit: size)
    }
    let tag = block.tag?.bytes
    bytes += (0..<4).map { index in
      // A full stop stands for any unprintable byte.
      tag.flatMap { $0[index] == 0x2E ? nil : $0[index] }
    }
  }

  /// `41 ?? 41 ?? 41 41 41 41`.
  public var hexadecimal: String {
    bytes.map { $0.map { Hexadecimal.text(UInt64($0), digits: 2) } ?? "??" }
      .joined(separator: " ")
  }

  /// The same bytes as characters, a full stop for what is unprintable and `?` for the unknown.
  public var ascii: String {
    let characters = bytes.map { byte -> UInt8 in
      guard let byte else { return 0x3F }
      return (0x20...0x7E).contains(byte) ? byte : 0x2E
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The byte that all known bytes have in common, if at least three are known: a fill pattern.
  var fillByte: UInt8? {
    let known = bytes.compactMap { $0 }
    guard let first = known.first, known.count >= 3, known.allSatisfy({ $0 == first }) else {
      return nil
    }
    return first
  }

  private static func joined(_ field: UInt8?, highBit units: UInt64) -> UInt8? {
    guard let field, field < 0x80, units < 0x200 else { return nil }
    return field << 1 | UInt8(units >> 8)
  }
}
