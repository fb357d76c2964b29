/// The page tables of a machine that is written as a dump.
///
/// Every table has a page frame of its own. A table costs four kilobytes while it is built, so a
/// gigabyte of mapped memory costs two megabytes.
public struct PageTables {
  /// How addresses are taken apart.
  public let mode: PageTableMode
  private let newFrame: () -> UInt64
  private var tables: [[UInt64]] = []
  /// The page frames of `tables`; the first is the root's.
  private var frames: [UInt64] = []
  /// The table below an entry, by the place of the entry's table and its index.
  private var below: [Place: Int] = [:]

  private struct Place: Hashable {
    let table: Int
    let index: Int
  }

  /// Present, writable, accessed, dirty: what a kernel's own pages have.
  private static let kernelPage: UInt64 = 0x63
  /// The entries of the root with wide 32-bit tables have no bits but this one.
  private static let present: UInt64 = 0x1

  /// Empty tables; `newFrame` gives the frame of each table that is needed.
  public init(_ mode: PageTableMode, newFrame: @escaping () -> UInt64) {
    self.mode = mode
    self.newFrame = newFrame
    _ = addTable(level: 0)
  }

  /// Where the root lies: the directory base.
  public var directoryBase: UInt64 { frames[0] << 12 }

  private mutating func addTable(level: Int) -> Int {
    tables.append([UInt64](repeating: 0, count: 1 << Int(mode.levels[level].bits)))
    frames.append(newFrame())
    return tables.count - 1
  }

  /// Maps a page; what was mapped there before is replaced.
  public mutating func map(_ page: UInt64, frame: UInt64) {
    var table = 0
    for (level, index) in mode.levels.enumerated() {
      let place = Int(page >> index.shift & (1 << index.bits - 1))
      guard level < mode.levels.count - 1 else {
        tables[table][place] = frame << 12 | Self.kernelPage
        return
      }
      let entry = Place(table: table, index: place)
      if let next = below[entry] {
        table = next
        continue
      }
      let next = addTable(level: level + 1)
      let isWideRoot = mode == .physicalAddressExtension && level == 0
      tables[table][place] = frames[next] << 12 | (isWideRoot ? Self.present : Self.kernelPage)
      below[entry] = next
      table = next
    }
  }

  /// The frames of all tables, and their bytes: a page each.
  public var pages: [(frame: UInt64, bytes: [UInt8])] {
    zip(frames, tables).map { frame, entries in
      var page = DumpPage()
      for (index, entry) in entries.enumerated() where entry != 0 {
        page.put(entry, at: index * Int(mode.entryBytes), bytes: Int(mode.entryBytes))
      }
      return (frame, page.bytes)
    }
  }
}

/// Bytes that are filled in word by word, little-endian.
public struct DumpPage {
  /// The bytes.
  public private(set) var bytes: [UInt8]

  /// So many zeroes, a page of them by default.
  public init(byteCount: Int = 0x1000) { bytes = Array(repeating: 0, count: byteCount) }

  /// Bytes that stand already.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The word that at most eight bytes are.
  package static func word(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Puts the low bytes of a word.
  public mutating func put(_ word: UInt64, at offset: Int, bytes count: Int) {
    for index in 0..<count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index))
    }
  }

  /// Puts characters.
  public mutating func put(_ text: String, at offset: Int) {
    for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
  }
}

/// What the header of a written dump says.
public struct WrittenDump: Sendable {
  /// How the pages are kept: `.full`, `.bitmapFull` or `.bitmapKernel`.
  public var kind: DumpHeader.Kind
  /// How virtual addresses are taken apart.
  public var mode: PageTableMode
  /// The build of the system.
  public var build: UInt32
  /// Processors.
  public var processors: UInt32
  /// The bug check's code.
  public var code: UInt32
  /// Its four parameters.
  public var parameters: [UInt64]
  /// The physical address of the page tables' root.
  public var directoryBase: UInt64
  /// Where the debugger's data block lies, 0 for none.
  public var debuggerData: UInt64
  /// At most 127 ASCII characters.
  public var comment: String

  /// A header from its parts.
  public init(
    kind: DumpHeader.Kind, mode: PageTableMode, build: UInt32, processors: UInt32, code: UInt32,
    parameters: [UInt64], directoryBase: UInt64, debuggerData: UInt64, comment: String
  ) {
    self.kind = kind
    self.mode = mode
    self.build = build
    self.processors = processors
    self.code = code
    self.parameters = parameters
    self.directoryBase = directoryBase
    self.debuggerData = debuggerData
    self.comment = comment
  }

  private var isWide: Bool { mode == .x64 }

  /// Runs that a header of this width has room for.
  static func mostRuns(isWide: Bool) -> Int { isWide ? 42 : 86 }

  /// What stands before the pages, which follow in the order of the runs: the header, and for a
  /// bitmap dump the map. `runs` are ascending and apart. Throws where a full dump's header has no
  /// room for them.
  public func head(_ runs: [Range<UInt64>]) throws(CrashDumpError) -> [UInt8] {
    let layout = DumpHeader.Layout.of(is64Bit: isWide)
    // The writer of a kernel fills its header with these letters; what is left so is absent.
    var page = DumpPage(
      Array(repeating: Array("PAGE".utf8), count: Int(layout.byteCount) / 4).flatMap { $0 })
    let word = isWide ? 8 : 4
    page.put(isWide ? "PAGEDU64" : "PAGEDUMP", at: 0)
    page.put(0xF, at: 8, bytes: 4)
    page.put(UInt64(build), at: 0xC, bytes: 4)
    page.put(directoryBase, at: layout.directoryBase, bytes: word)
    page.put(isWide ? 0x8664 : 0x14C, at: layout.machine, bytes: 4)
    page.put(UInt64(processors), at: layout.machine + 4, bytes: 4)
    page.put(UInt64(code), at: layout.code, bytes: 4)
    for (index, parameter) in parameters.prefix(4).enumerated() {
      page.put(parameter, at: layout.parameters + index * word, bytes: word)
    }
    if !isWide { page.put(mode == .physicalAddressExtension ? 1 : 0, at: 0x5C, bytes: 1) }
    page.put(debuggerData, at: layout.debuggerData, bytes: word)
    page.put(UInt64(kind.rawValue), at: layout.kind, bytes: 4)
    page.put(comment + "\0", at: layout.comment)
    // A reader compares the two places of a processor's control word with each other.
    if isWide {
      page.put(0x1F80, at: 0x348 + 0x34, bytes: 4)
      page.put(0x1F80, at: 0x348 + 0x118, bytes: 4)
    }
    let pages = runs.reduce(0) { $0 + UInt64($1.count) }
    if kind == .full || runs.count <= Self.mostRuns(isWide: isWide) {
      try put(runs, pages, layout, &page)
    }
    return kind == .full ? page.bytes : page.bytes + bitmap(runs, pages, behind: layout.byteCount)
  }

  private func put(
    _ runs: [Range<UInt64>], _ pages: UInt64, _ layout: DumpHeader.Layout, _ page: inout DumpPage
  ) throws(CrashDumpError) {
    let most = Self.mostRuns(isWide: isWide)
    guard runs.count <= most else {
      throw CrashDumpError(
        message: "\(runs.count) runs of pages, and the header of a full dump has room for \(most):"
          + " a bitmap dump takes them")
    }
    let word = isWide ? 8 : 4
    page.put(UInt64(runs.count), at: layout.runs, bytes: word)
    page.put(pages, at: layout.runs + word, bytes: word)
    for (index, run) in runs.enumerated() {
      let place = layout.runs + (2 + 2 * index) * word
      page.put(run.lowerBound, at: place, bytes: word)
      page.put(UInt64(run.count), at: place + word, bytes: word)
    }
  }

  private func bitmap(_ runs: [Range<UInt64>], _ pages: UInt64, behind start: UInt64) -> [UInt8] {
    let bitCount = runs.last?.upperBound ?? 0
    let end = (start + 0x38 + (bitCount + 7) / 8 + 0xFFF) & ~0xFFF
    var map = DumpPage(byteCount: Int(end - start))
    map.put(kind == .bitmapFull ? "FDMPDUMP" : "SDMPDUMP", at: 0)
    map.put(end, at: 0x20, bytes: 8)
    map.put(pages, at: 0x28, bytes: 8)
    map.put(bitCount, at: 0x30, bytes: 8)
    var bytes = map.bytes
    for page in runs.joined() { bytes[0x38 + Int(page / 8)] |= 1 << UInt8(page % 8) }
    return bytes
  }
}
