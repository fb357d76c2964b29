/// Where the physical pages of a dump stand in its file.
///
/// Full dumps keep runs of pages one after another, kernel dumps a bitmap of the pages that are there,
/// dumps written by a debugger a list of ranges (layouts as read by kdmp-parser, volatility3 and
/// LeechCore). Nothing but that map is kept in memory: at most an eighth of a byte a page.
public struct PhysicalMemory<Source: DumpSource> {
  /// Pages that follow one another in memory and in the file.
  struct Run: Equatable {
    let firstPage: UInt64
    let pageCount: UInt64
    let offset: UInt64
  }

  /// Pages that are there, by bit, with how many stand before each piece of the map.
  struct Bitmap {
    static var pieceBytes: Int { 512 }

    let bits: [UInt8]
    let bitCount: UInt64
    let before: [UInt64]
    let firstOffset: UInt64
    /// Pages that are there.
    let pageCount: UInt64

    /// The bits of the last byte that are no page's do not count.
    init(_ map: [UInt8], bitCount: UInt64, firstOffset: UInt64) {
      var bits = map
      let used = bitCount % 8
      if used != 0, !bits.isEmpty { bits[bits.count - 1] &= UInt8(1 << used) - 1 }
      self.bits = bits
      self.bitCount = bitCount
      self.firstOffset = firstOffset
      var before: [UInt64] = []
      var count: UInt64 = 0
      for (index, byte) in bits.enumerated() {
        if index % Self.pieceBytes == 0 { before.append(count) }
        count += UInt64(byte.nonzeroBitCount)
      }
      self.before = before
      pageCount = count
    }

    func offset(ofPage page: UInt64) -> UInt64? {
      guard page < bitCount else { return nil }
      let byte = Int(page / 8)
      guard bits[byte] >> UInt8(page % 8) & 1 == 1 else { return nil }
      let piece = byte / Self.pieceBytes
      var rank = before[piece]
      for index in piece * Self.pieceBytes..<byte { rank += UInt64(bits[index].nonzeroBitCount) }
      rank += UInt64((bits[byte] & (UInt8(1 << (page % 8)) &- 1)).nonzeroBitCount)
      return firstOffset + rank * PhysicalMemory.pageBytes
    }
  }

  private enum Map {
    case runs([Run])
    case bitmap(Bitmap)
  }

  static var pageBytes: UInt64 { 0x1000 }

  /// Pages in the file.
  public let pageCount: UInt64
  private let map: Map
  private let source: Source

  /// The pages of a dump. Throws where its kind keeps none, or where the file is shorter than what it
  /// says of itself.
  public init(_ header: DumpHeader, _ source: Source) throws(CrashDumpError) {
    self.source = source
    let map: Map
    switch header.kind {
    case .full: map = .runs(try Self.headerRuns(header, source))
    case .bitmapFull, .bitmapKernel, .automatic, .summary:
      map = .bitmap(try Self.bitmap(header, source))
    case .debuggerKernel, .debuggerKernelAndUser, .debuggerComplete:
      map = .runs(try Self.listedRuns(header, source))
    case .triage, .headerOnly, nil:
      throw CrashDumpError(message: "a dump of this kind holds no physical memory")
    }
    self.map = map
    switch map {
    case .runs(let runs):
      pageCount = runs.reduce(0) { $0 + $1.pageCount }
      try Self.checkEnd(runs.map { $0.offset + $0.pageCount * Self.pageBytes }.max() ?? 0, source)
    case .bitmap(let bitmap):
      pageCount = bitmap.pageCount
      try Self.checkEnd(bitmap.firstOffset + pageCount * Self.pageBytes, source)
    }
  }

  /// Raw memory: a page's place in the file is its physical address.
  public init(raw source: Source) {
    self.source = source
    pageCount = source.byteCount / Self.pageBytes
    map = .runs([Run(firstPage: 0, pageCount: pageCount, offset: 0)])
  }

  private static func checkEnd(_ end: UInt64, _ source: Source) throws(CrashDumpError) {
    guard end <= source.byteCount else {
      throw CrashDumpError(
        message: "its pages end at offset 0x\(String(end, radix: 16)), the file at"
          + " 0x\(String(source.byteCount, radix: 16)): it was cut")
    }
  }

  // MARK: Pages

  /// Where a page stands in the file; nil where the dump does not have it.
  public func offset(ofPage page: UInt64) -> UInt64? {
    switch map {
    case .bitmap(let bitmap): return bitmap.offset(ofPage: page)
    case .runs(let runs):
      guard let run = runs.last(startingUpTo: page, \.firstPage) else { return nil }
      let index = page - run.firstPage
      return index < run.pageCount ? run.offset + index * Self.pageBytes : nil
    }
  }

  /// Bytes at a physical address, within its page; nil where the dump does not have them.
  public func bytes(at address: UInt64, count: Int) -> [UInt8]? {
    let offsetInPage = address % Self.pageBytes
    guard count >= 0, offsetInPage + UInt64(count) <= Self.pageBytes,
      let offset = offset(ofPage: address / Self.pageBytes)
    else { return nil }
    return source.bytes(at: offset + offsetInPage, count: count)
  }

  /// The bytes of pages from a page on, as many as follow one another in the file, at most so many;
  /// empty where the dump does not have the first.
  public func pages(from page: UInt64, most count: Int) -> [UInt8] {
    guard let offset = offset(ofPage: page) else { return [] }
    var found = 1
    while found < count,
      self.offset(ofPage: page + UInt64(found)) == offset + UInt64(found) * Self.pageBytes
    { found += 1 }
    return source.bytes(at: offset, count: found * Int(Self.pageBytes)) ?? []
  }

  // MARK: Maps

  /// More pages than any file of 64-bit offsets holds.
  private static var mostPages: UInt64 { 1 << 40 }

  /// Runs in the order of addresses; an overlap says nothing about where a page is.
  private static func sorted(_ runs: [Run]) throws(CrashDumpError) -> [Run] {
    let sorted = runs.filter { $0.pageCount > 0 }.sorted { $0.firstPage < $1.firstPage }
    for (run, next) in zip(sorted, sorted.dropFirst())
    where run.firstPage + run.pageCount > next.firstPage {
      throw CrashDumpError(
        message: "two runs of pages overlap at page 0x\(String(next.firstPage, radix: 16))")
    }
    return sorted
  }

  /// A run, its numbers small enough to be added up.
  private static func run(
    _ first: UInt64, _ count: UInt64, _ offset: UInt64
  ) throws(CrashDumpError) -> Run {
    guard first < mostPages, count < mostPages else {
      throw CrashDumpError(
        message: "a run of \(count) pages from page 0x\(String(first, radix: 16)) on")
    }
    return Run(firstPage: first, pageCount: count, offset: offset)
  }

  private static func headerRuns(
    _ header: DumpHeader, _ source: Source
  ) throws(CrashDumpError) -> [Run] {
    let isWide = header.is64Bit
    let place = isWide ? 0x88 : 0x64
    let fields = DumpFields(
      bytes: try source.require("the runs of pages", at: UInt64(place), count: 700))
    let count = Int(fields.word32(0))
    let first = isWide ? 16 : 8
    let step = isWide ? 16 : 8
    guard count <= (700 - first) / step else {
      throw CrashDumpError(
        message: "offset 0x\(String(place, radix: 16)): \(count) runs of pages, at most"
          + " \((700 - first) / step) fit")
    }
    let pages = fields.word(isWide ? 8 : 4, is64Bit: isWide)
    var runs: [Run] = []
    var offset = header.byteCount
    for entry in stride(from: first, to: first + count * step, by: step) {
      let run = try run(
        fields.word(entry, is64Bit: isWide), fields.word(entry + step / 2, is64Bit: isWide), offset)
      runs.append(run)
      offset += run.pageCount * pageBytes
    }
    let sum = runs.reduce(0) { $0 + $1.pageCount }
    guard sum == pages else {
      throw CrashDumpError(
        message:
          "offset 0x\(String(place, radix: 16)): runs of \(sum) pages together, \(pages) named")
    }
    return try sorted(runs)
  }

  private static func bitmap(
    _ header: DumpHeader, _ source: Source
  ) throws(CrashDumpError) -> Bitmap {
    let start = header.byteCount
    let head = try source.require("the bitmap's header", at: start, count: 0x38)
    let mark = String(decoding: head[..<8], as: UTF8.self)
    guard mark == "SDMPDUMP" || mark == "FDMPDUMP" else {
      throw CrashDumpError(
        message: "offset 0x\(String(start, radix: 16)): expected SDMPDUMP or FDMPDUMP")
    }
    let fields = DumpFields(bytes: head)
    let (first, present, bitCount) = (fields.word64(0x20), fields.word64(0x28), fields.word64(0x30))
    guard bitCount < mostPages, first % pageBytes == 0, first >= start + 0x38 + (bitCount + 7) / 8
    else {
      throw CrashDumpError(
        message:
          "offset 0x\(String(start + 0x20, radix: 16)): a bitmap of \(bitCount) pages does not"
          + " end before the first page at 0x\(String(first, radix: 16))")
    }
    let bitmap = Bitmap(
      try source.require("the bitmap", at: start + 0x38, count: (bitCount + 7) / 8),
      bitCount: bitCount, firstOffset: first)
    let found = bitmap.pageCount
    guard found == present else {
      throw CrashDumpError(
        message:
          "offset 0x\(String(start + 0x28, radix: 16)): \(present) pages named, \(found) marked")
    }
    return bitmap
  }

  /// The list of ranges ends where its length says, at a range of page 0, or when it has named all
  /// pages.
  private static func listedRuns(
    _ header: DumpHeader, _ source: Source
  ) throws(CrashDumpError) -> [Run] {
    let start: UInt64 = 0x2000
    let head = try source.require("the list of ranges", at: start, count: 0x30)
    guard header.is64Bit, String(decoding: head[4..<12], as: UTF8.self) == "RDMPDUMP" else {
      throw CrashDumpError(message: "offset 0x2004: expected RDMPDUMP")
    }
    let fields = DumpFields(bytes: head)
    let (metadata, first) = (fields.word64(0x10), fields.word64(0x18))
    guard metadata >= 0x20, metadata < 1 << 32, metadata % 16 == 0, first < 1 << 40,
      metadata - 0x20 + 0x2040 == first
    else {
      throw CrashDumpError(
        message: "offset 0x2010: \(metadata) bytes of ranges and a first page at"
          + " 0x\(String(first, radix: 16)) do not agree")
    }
    let total = header.kind == .debuggerComplete ? fields.word64(0x28) : nil
    let list = DumpFields(
      bytes: try source.require("the ranges", at: start + 0x30, count: first - start - 0x30))
    var runs: [Run] = []
    var offset = first
    var pages: UInt64 = 0
    for entry in stride(from: 0, to: list.bytes.count - 15, by: 16) {
      let run = try run(list.word64(entry), list.word64(entry + 8), offset)
      if run.firstPage == 0 || pages == total { break }
      runs.append(run)
      pages += run.pageCount
      offset += run.pageCount * pageBytes
    }
    return try sorted(runs)
  }
}
