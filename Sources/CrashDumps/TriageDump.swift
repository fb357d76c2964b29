/// A small memory dump: pieces of virtual memory around what registers, stack and structures point
/// at; no page tables and no counters of the pool.
///
/// Layout as read by rizin, checked on real 64-bit files; that of 32 bits is untested. The table of
/// pieces is not sorted, and their bytes stand unaligned.
public struct TriageDump: Sendable {
  /// A driver in memory.
  public struct Driver: Sendable, Equatable {
    /// Its path.
    public let path: String
    /// Its first address.
    public let base: UInt64
    /// Its bytes.
    public let byteCount: UInt64
    /// When it was linked, as its header says: seconds since 1970, or a hash.
    public let timeStamp: UInt32

    /// The last part of the path.
    public var name: String {
      path.split(whereSeparator: { $0 == "\\" || $0 == "/" }).last.map(String.init) ?? path
    }
  }

  /// A driver that was in memory before.
  public struct UnloadedDriver: Sendable, Equatable {
    /// Its name, 12 letters at most.
    public let name: String
    /// Where it began.
    public let start: UInt64
    /// Where it ended.
    public let end: UInt64
  }

  /// A piece of virtual memory.
  struct Piece: Sendable, Equatable {
    let address: UInt64
    let offset: UInt64
    let byteCount: UInt64
  }

  /// The header.
  public let header: DumpHeader
  /// Drivers in memory, in the file's order.
  public let drivers: [Driver]
  /// Drivers that were unloaded, the last ones.
  public let unloadedDrivers: [UnloadedDriver]
  /// Pieces of memory, and their bytes together.
  public var pieceCount: Int { pieces.count }
  /// Bytes of all pieces.
  public let memoryBytes: UInt64
  /// The system's own text about its build; nil where no piece holds it.
  public private(set) var buildText: String?

  /// By address.
  private let pieces: [Piece]
  private let contents: [UInt8]

  /// The longest file that is read whole. Small dumps have a megabyte or two.
  static let mostBytes: UInt64 = 1 << 26
  /// More drivers than any system has.
  private static let mostDrivers: UInt64 = 4096

  /// Where the fields of the triage header stand.
  private struct Layout {
    let byteCount: UInt64
    let topOfStack, debuggerData, blocks, pieceBytes: Int

    static let bits64 = Layout(
      byteCount: 0x80, topOfStack: 0x48, debuggerData: 0x70, blocks: 0x78, pieceBytes: 16)
    /// Untested: no file was at hand.
    static let bits32 = Layout(
      byteCount: 0x68, topOfStack: 0x48, debuggerData: 0x58, blocks: 0x60, pieceBytes: 12)
  }

  /// Reads a dump of this kind. Throws where the file is shorter than what it says of itself.
  public init(_ header: DumpHeader, _ source: some DumpSource) throws(CrashDumpError) {
    let start = header.byteCount
    let layout = header.is64Bit ? Layout.bits64 : .bits32
    guard source.byteCount <= Self.mostBytes else {
      throw CrashDumpError(
        message:
          "a small memory dump of \(source.byteCount) bytes: at most \(Self.mostBytes) are read")
    }
    let whole = DumpBytes(try source.require("the file", at: 0, count: source.byteCount))
    let fields = DumpFields(
      bytes: try whole.require("the triage header", at: start, count: layout.byteCount))
    let valid = UInt64(fields.word32(8))
    guard try whole.require("the mark TRGD", at: valid, count: 4) == Array("TRGD".utf8) else {
      throw CrashDumpError(message: "offset 0x\(String(valid, radix: 16)): expected TRGD")
    }
    let pieces = try Self.pieces(whole, fields, layout, header.is64Bit)
    self.header = header
    contents = whole.bytes
    self.pieces = pieces.sorted { ($0.address, $0.offset) < ($1.address, $1.offset) }
    memoryBytes = pieces.reduce(0) { $0 &+ $1.byteCount }
    drivers = try Self.drivers(whole, fields, header.is64Bit)
    unloadedDrivers = try Self.unloadedDrivers(whole, fields, header.is64Bit)
    buildText = nil
    buildText = readBuildText(whole, fields, layout)
  }

  // MARK: Memory

  /// The bytes of memory from an address on, as far as pieces that follow one another hold them, at
  /// most so many. Where pieces overlap the one that starts next below counts. Empty where none
  /// holds the address.
  public func memory(at address: UInt64, most count: Int) -> [UInt8] {
    var found: [UInt8] = []
    var next = address
    while found.count < count, let piece = piece(holding: next) {
      let skipped = next &- piece.address
      let taken = min(piece.byteCount - skipped, UInt64(count - found.count))
      let first = Int(piece.offset + skipped)
      found += contents[first..<first + Int(taken)]
      guard next <= UInt64.max - taken else { break }
      next += taken
    }
    return found
  }

  private func piece(holding address: UInt64) -> Piece? {
    guard let piece = pieces.last(startingUpTo: address, \.address) else { return nil }
    return address - piece.address < piece.byteCount ? piece : nil
  }

  /// The driver in whose memory an address lies.
  public func driver(holding address: UInt64) -> Driver? {
    drivers.first { address >= $0.base && address - $0.base < $0.byteCount }
  }

  // MARK: Tables

  private static func pieces(
    _ whole: DumpBytes, _ fields: DumpFields, _ layout: Layout, _ is64Bit: Bool
  ) throws(CrashDumpError) -> [Piece] {
    let count = UInt64(fields.word32(layout.blocks + 4))
    let size = UInt64(layout.pieceBytes)
    let table = DumpFields(
      bytes: try whole.require(
        "the table of data blocks", at: UInt64(fields.word32(layout.blocks)), count: count * size))
    var pieces: [Piece] = []
    for index in 0..<Int(count) {
      let place = index * layout.pieceBytes
      let word = is64Bit ? 8 : 4
      pieces.append(
        try piece(
          whole, table.word(place, is64Bit: is64Bit), UInt64(table.word32(place + word)),
          UInt64(table.word32(place + word + 4))))
    }
    // The stack is one more.
    let stackBytes = UInt64(fields.word32(0x2C))
    if stackBytes > 0 {
      pieces.append(
        try piece(
          whole, fields.word(layout.topOfStack, is64Bit: is64Bit), UInt64(fields.word32(0x28)),
          stackBytes))
    }
    return pieces
  }

  private static func piece(
    _ whole: DumpBytes, _ address: UInt64, _ offset: UInt64, _ byteCount: UInt64
  ) throws(CrashDumpError) -> Piece {
    guard byteCount <= whole.byteCount, offset <= whole.byteCount - byteCount else {
      throw CrashDumpError(
        message: "the data block of 0x\(String(address, radix: 16)), \(byteCount) bytes at offset"
          + " 0x\(String(offset, radix: 16)), lies behind the end of the file"
          + " (\(whole.byteCount) bytes)")
    }
    return Piece(address: address, offset: offset, byteCount: byteCount)
  }

  /// How many entries a table has, refused where no system has so many.
  private static func count(
    _ what: String, _ count: UInt64, at offset: UInt64
  ) throws(CrashDumpError) -> Int {
    guard count <= mostDrivers else {
      throw CrashDumpError(
        message: "offset 0x\(String(offset, radix: 16)): \(count) \(what), at most \(mostDrivers)"
          + " are read")
    }
    return Int(count)
  }

  /// An entry is the offset of the path and the loader's own entry. That of 32 bits is not known well
  /// enough to be read.
  private static func drivers(
    _ whole: DumpBytes, _ fields: DumpFields, _ is64Bit: Bool
  ) throws(CrashDumpError) -> [Driver] {
    guard is64Bit else { return [] }
    let offset = UInt64(fields.word32(0x30))
    let count = try count("drivers", UInt64(fields.word32(0x34)), at: offset)
    let entryBytes = 0x90
    let table = DumpFields(
      bytes: try whole.require(
        "the list of drivers", at: offset, count: UInt64(count * entryBytes)))
    var drivers: [Driver] = []
    for place in stride(from: 0, to: count * entryBytes, by: entryBytes) {
      drivers.append(
        Driver(
          path: try string(whole, at: UInt64(table.word32(place))),
          base: table.word64(place + 0x38),
          byteCount: UInt64(table.word32(place + 0x48)), timeStamp: table.word32(place + 0x88)))
    }
    return drivers
  }

  /// A string of the pool of names: its length in units, then the units. Many drivers may name one
  /// long string, so none is read beyond the longest path.
  private static func string(
    _ whole: DumpBytes, at offset: UInt64
  ) throws(CrashDumpError) -> String {
    let length = DumpFields(bytes: try whole.require("a name's length", at: offset, count: 4))
    let units = min(UInt64(length.word32(0)), 1024)
    let name = DumpFields(bytes: try whole.require("a name", at: offset + 4, count: units * 2))
    return name.text(0, units: Int(units))
  }

  private static func unloadedDrivers(
    _ whole: DumpBytes, _ fields: DumpFields, _ is64Bit: Bool
  ) throws(CrashDumpError) -> [UnloadedDriver] {
    let offset = UInt64(fields.word32(0x18))
    guard is64Bit, offset != 0 else { return [] }
    let head = DumpFields(
      bytes: try whole.require("the count of unloaded drivers", at: offset, count: 8))
    let count = try count("unloaded drivers", head.word64(0), at: offset)
    let entryBytes = 0x38
    let table = DumpFields(
      bytes: try whole.require(
        "the unloaded drivers", at: offset + 8, count: UInt64(count * entryBytes)))
    return stride(from: 0, to: count * entryBytes, by: entryBytes).map { place in
      UnloadedDriver(
        name: table.text(place + 0x10, units: min(Int(table.word16(place)) / 2, 12)),
        start: table.word64(place + 0x28), end: table.word64(place + 0x30))
    }
  }

  /// The copy of the debugger's data block in a small dump is readable.
  private func readBuildText(
    _ whole: DumpBytes, _ fields: DumpFields, _ layout: Layout
  ) -> String? {
    let offset = UInt64(fields.word32(layout.debuggerData))
    let room = min(UInt64(DebuggerData.mostBytes), whole.byteCount - min(offset, whole.byteCount))
    guard let block = whole.bytes(at: offset, count: Int(room)) else { return nil }
    return DebuggerData(block, is64Bit: header.is64Bit)?.buildText { memory(at: $0, most: $1) }
  }
}
