/// Bytes of a dump file, read at any place; a 64 GiB file is never held in memory.
public protocol DumpSource {
  /// Bytes in all.
  var byteCount: UInt64 { get }

  /// So many bytes from an offset on; nil where the file ends before or cannot be read.
  func bytes(at offset: UInt64, count: Int) -> [UInt8]?
}

/// What keeps a dump from being read.
public struct CrashDumpError: Error, Equatable, Sendable {
  /// Where in the file, and what was expected there.
  public let message: String

  /// An error from its words.
  public init(message: String) { self.message = message }
}

extension DumpSource {
  /// So many bytes, or the error that names what they were to be.
  func require(_ what: String, at offset: UInt64, count: UInt64) throws(CrashDumpError) -> [UInt8] {
    // Bounded by the file before anything is allocated.
    guard count <= byteCount, offset <= byteCount - count, let found = Int(exactly: count),
      let bytes = bytes(at: offset, count: found)
    else {
      throw CrashDumpError(
        message: "offset 0x\(String(offset, radix: 16)): \(what), \(count) bytes, lies behind the"
          + " end of the file (\(byteCount) bytes)")
    }
    return bytes
  }
}

/// Bytes that stand in memory.
public struct DumpBytes: DumpSource, Sendable {
  /// The bytes.
  public let bytes: [UInt8]

  /// A source of these bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Bytes in all.
  public var byteCount: UInt64 { UInt64(bytes.count) }

  /// So many bytes from an offset on.
  public func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
    guard count >= 0, offset <= UInt64(bytes.count), UInt64(count) <= UInt64(bytes.count) - offset
    else { return nil }
    return Array(bytes[Int(offset)..<Int(offset) + count])
  }
}

/// Little-endian words of a piece of a dump. Offsets are those of the public layouts; a piece is
/// always as long as its layout.
struct DumpFields {
  let bytes: [UInt8]

  func word16(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
  func word32(_ offset: Int) -> UInt32 {
    UInt32(word16(offset)) | UInt32(word16(offset + 2)) << 16
  }
  func word64(_ offset: Int) -> UInt64 {
    UInt64(word32(offset)) | UInt64(word32(offset + 4)) << 32
  }

  /// A pointer-sized word.
  func word(_ offset: Int, is64Bit: Bool) -> UInt64 {
    is64Bit ? word64(offset) : UInt64(word32(offset))
  }

  /// A word that the writer filled in; it fills a page with the letters PAGE first.
  func written32(_ offset: Int) -> UInt32? {
    let word = word32(offset)
    return word == 0x4547_4150 ? nil : word
  }

  /// The same for 64 bits.
  func written64(_ offset: Int) -> UInt64? {
    let word = word64(offset)
    return word == 0x4547_4150_4547_4150 ? nil : word
  }

  /// UTF-16 units from an offset on.
  func text(_ offset: Int, units: Int) -> String {
    String(decoding: (0..<units).map { word16(offset + 2 * $0) }, as: UTF16.self)
  }
}

extension Array {
  /// The last element that starts at or before a place, of elements in the order of their starts.
  package func last(startingUpTo place: UInt64, _ start: (Element) -> UInt64) -> Element? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if start(self[middle]) <= place { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? self[low - 1] : nil
  }
}

/// What every dump of a Windows kernel begins with (layouts as read by kdmp-parser, volatility3 and
/// LeechCore).
public struct DumpHeader: Sendable, Equatable {
  /// How the memory behind the header is kept.
  public enum Kind: UInt32, Sendable, CaseIterable {
    case full = 1
    case summary = 2
    case headerOnly = 3
    case triage = 4
    case bitmapFull = 5
    case bitmapKernel = 6
    case automatic = 7
    case debuggerKernel = 8
    case debuggerKernelAndUser = 9
    case debuggerComplete = 10

    /// The kind in words.
    public var text: String {
      switch self {
      case .full: "full"
      case .summary: "kernel memory, old form"
      case .headerOnly: "header only"
      case .triage: "small memory dump (triage)"
      case .bitmapFull: "full, by bitmap"
      case .bitmapKernel: "kernel memory, by bitmap"
      case .automatic: "automatic"
      case .debuggerKernel: "kernel memory, written by a debugger"
      case .debuggerKernelAndUser: "kernel and user memory, written by a debugger"
      case .debuggerComplete: "complete, written by a debugger"
      }
    }
  }

  /// Whether pointers have 64 bits.
  public let is64Bit: Bool
  /// The build of the system, for example 19041.
  public let build: UInt32
  /// The machine as executables name it: 0x14C, 0x8664, 0xAA64, 0x200.
  public let machine: UInt32
  /// Processors.
  public let processors: UInt32
  /// The bug check's code.
  public let code: UInt32
  /// Its four parameters.
  public let parameters: [UInt64]
  /// The number of the kind, and the kind where it is known.
  public let kindNumber: UInt32?
  /// The physical address of the page tables' root, as stored.
  public let directoryBase: UInt64
  /// Whether a 32-bit system used wide page tables; nil where the writer left it out.
  public let hasWideTables: Bool?
  /// Where the debugger's data block lies, 0 where unknown.
  public let debuggerData: UInt64
  /// When it was written, in 100 ns from 1601 on; nil where the writer left it out.
  public let systemTime: UInt64?
  /// How long the system ran, in 100 ns.
  public let upTime: UInt64?
  /// What the writer had to say, printable characters only; nil where it said nothing.
  public let comment: String?

  /// How the memory is kept.
  public var kind: Kind? { kindNumber.flatMap(Kind.init) }

  /// Bytes of the header.
  var byteCount: UInt64 { Layout.of(is64Bit: is64Bit).byteCount }

  /// The processor in words.
  public var machineText: String {
    switch machine {
    case 0x14C: "x86"
    case 0x8664: "x64"
    case 0xAA64: "ARM64"
    case 0x200: "Itanium"
    default: "machine 0x\(String(machine, radix: 16))"
    }
  }

  /// The width of the first eight bytes of a dump: 64 or 32; nil for any other file.
  public static func pointerBits(_ head: [UInt8]) -> Int? {
    if head.starts(with: Array("PAGEDU64".utf8)) { return 64 }
    return head.starts(with: Array("PAGEDUMP".utf8)) ? 32 : nil
  }

  /// True where small blocks of the kernel's pool come from segment heaps, whose pages have no chain
  /// of headers: Windows 10 1903 and later.
  public var hasSegmentHeap: Bool { build >= 18_362 }

  /// What there is to know of raw memory, which has no header.
  public init(rawMemory mode: PageTableMode, directoryBase: UInt64) {
    is64Bit = mode == .x64
    build = 0
    machine = is64Bit ? 0x8664 : 0x14C
    processors = 0
    code = 0
    parameters = []
    kindNumber = nil
    self.directoryBase = directoryBase
    hasWideTables = is64Bit ? nil : mode == .physicalAddressExtension
    debuggerData = 0
    systemTime = nil
    upTime = nil
    comment = nil
  }

  /// Where the fields stand: in the 32-bit header and in the 64-bit one.
  struct Layout {
    let byteCount: UInt64
    let directoryBase, machine, code, parameters, debuggerData, runs, comment, kind: Int
    let systemTime, upTime: Int

    static let bits32 = Layout(
      byteCount: 0x1000, directoryBase: 0x10, machine: 0x20, code: 0x28, parameters: 0x2C,
      debuggerData: 0x60, runs: 0x64, comment: 0x820, kind: 0xF88, systemTime: 0xFC0, upTime: 0xFB8)
    static let bits64 = Layout(
      byteCount: 0x2000, directoryBase: 0x10, machine: 0x30, code: 0x38, parameters: 0x40,
      debuggerData: 0x80, runs: 0x88, comment: 0xFB0, kind: 0xF98, systemTime: 0xFA8,
      upTime: 0x1030)

    static func of(is64Bit: Bool) -> Layout { is64Bit ? .bits64 : .bits32 }
  }

  /// Reads the header. Throws where the file is no dump of a kernel, or shorter than its header.
  public init(_ source: some DumpSource) throws(CrashDumpError) {
    let head = try source.require("the signature", at: 0, count: 8)
    guard let bits = Self.pointerBits(head) else {
      throw CrashDumpError(message: "offset 0x0: expected PAGEDU64 or PAGEDUMP")
    }
    let is64Bit = bits == 64
    let layout = Layout.of(is64Bit: is64Bit)
    let fields = DumpFields(
      bytes: try source.require("the header", at: 0, count: layout.byteCount))
    self.is64Bit = is64Bit
    build = fields.word32(0xC)
    machine = fields.word32(layout.machine)
    processors = fields.word32(layout.machine + 4)
    code = fields.word32(layout.code)
    let step = is64Bit ? 8 : 4
    parameters = (0..<4).map { fields.word(layout.parameters + step * $0, is64Bit: is64Bit) }
    kindNumber = fields.written32(layout.kind)
    // The letter P of PAGE is no value.
    hasWideTables = is64Bit || fields.bytes[0x5C] == 0x50 ? nil : fields.bytes[0x5C] == 1
    directoryBase = fields.word(layout.directoryBase, is64Bit: is64Bit)
    debuggerData = fields.word(layout.debuggerData, is64Bit: is64Bit)
    systemTime = fields.written64(layout.systemTime)
    upTime = fields.written64(layout.upTime)
    let comment = fields.bytes[layout.comment..<layout.comment + 128]
      .prefix { (0x20...0x7E).contains($0) }
    self.comment =
      comment.isEmpty || comment.starts(with: Array("PAGE".utf8))
      ? nil : String(decoding: comment, as: UTF8.self)
  }
}
