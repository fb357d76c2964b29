import Testing

@testable import CrashDumps

@Suite struct PhysicalMemoryTests {
  private func memory(_ bytes: [UInt8]) throws -> PhysicalMemory<DumpBytes> {
    let source = DumpBytes(bytes)
    return try PhysicalMemory(try DumpHeader(source), source)
  }

  private func space(_ dump: MemoryDump) throws -> AddressSpace<DumpBytes> {
    let source = DumpBytes(dump.bytes)
    let header = try DumpHeader(source)
    return AddressSpace(
      try PhysicalMemory(header, source), try #require(header.mode),
      directoryBase: header.directoryBase)
  }

  /// Every page of every form is the one that was put there.
  @Test(arguments: MemoryDump.Form.allCases)
  func pagesAreFound(_ form: MemoryDump.Form) throws {
    let dump = MemoryDump(form)
    let memory = try memory(dump.bytes)
    let isWhole = form != .bitmapKernel
    #expect(memory.pageCount == (isWhole ? 8 : 7))
    for page in 0...MemoryDump.lastPage + 8 {
      let expected = page == 7 && !isWhole ? nil : dump.pages[page]?.bytes
      #expect(memory.bytes(at: page << 12, count: 0x1000) == expected, "page \(page)")
    }
    #expect(memory.bytes(at: 0x5FFF, count: 2) == nil)
  }

  @Test(arguments: MemoryDump.Form.allCases)
  func addressesAreTranslated(_ form: MemoryDump.Form) throws {
    let dump = MemoryDump(form)
    let space = try space(dump)
    let pool = dump.poolAddress
    #expect(space.translate(pool + 0x123) == .mapped(0x5123))
    #expect(space.translate(pool + 0x1FFF) == .mapped(0x6FFF))
    #expect(space.translate(pool + 0x2000) == .pagedOut)
    #expect(space.translate(pool + 0x3000) == .prototype)
    #expect(space.translate(pool + 0x4000) == .mapped(99 << 12))
    #expect(space.translate(pool + 0x5000) == .notMapped)
    #expect(space.translate(dump.largeAddress + 0x8020) == .mapped(0x8020))
    // Across two pages, and no further than what is there.
    let read = space.bytes(at: pool, most: 0x4000)
    #expect(read.count == 0x2000)
    #expect(read.starts(with: Array("pool page".utf8)))
    #expect(read[0x1000...].starts(with: Array("in transition".utf8)))
    #expect(space.bytes(at: pool + 0x4000, most: 1).isEmpty)
    #expect(space.bytes(at: dump.largeAddress + 0x8020, most: 7) == Array("a large".utf8))
    #expect(space.translate(dump.isWide ? 1 << 60 : 1 << 32) == .notCanonical)
  }

  @Test func anAbsentTableIsNamed() throws {
    var dump = MemoryDump(.full)
    let place = Int(dump.poolAddress >> 30 & 511) * 8
    dump.pages[2]?.put(0x70_0063, at: place, bytes: 8)
    #expect(try space(dump).translate(dump.poolAddress) == .tableAbsent(0x700))
    // A table that points at itself ends after as many levels as there are.
    dump.pages[2]?.put(0x2063, at: place, bytes: 8)
    #expect(try space(dump).translate(dump.poolAddress) != .mapped(0x5000))
  }

  @Test(arguments: [
    (MemoryDump.Form.full, 0x88, "runs"), (.full, 0x90, "named"), (.full, 0x98, "run"),
    (.full, 0xB0, "overlap"), (.bitmapFull, 0x2020, "bitmap"), (.bitmapFull, 0x2028, "marked"),
    (.bitmapFull, 0x2030, "bitmap"), (.bitmapFull, 0x2000, "SDMPDUMP"),
    (.listed, 0x2010, "agree"), (.listed, 0x2004, "RDMPDUMP"), (.listed, 0x2038, "cut"),
  ])
  func wrongNumbersAreNamed(_ form: MemoryDump.Form, _ offset: Int, _ words: String) {
    var dump = SmallDump(bytes: MemoryDump(form).bytes)
    let value: UInt64 = offset == 0xB0 ? 3 : offset == 0x2038 ? 9 : 0x7FFF_FFFF_FFFF_FFF0
    // Where a run begins later and another grows, the sum stays what was named.
    if offset == 0xB0 {
      dump.put(3, at: 0xA8, bytes: 8)
    } else {
      dump.put(value, at: offset, bytes: offset == 0x88 ? 4 : 8)
    }
    #expect {
      _ = try memory(dump.bytes)
    } throws: { error in
      (error as? CrashDumpError)?.message.contains(words) == true
    }
  }

  /// Every length, and every word of headers and maps at its extremes: an answer or a refusal.
  @Test(arguments: MemoryDump.Form.allCases)
  func nothingTraps(_ form: MemoryDump.Form) throws {
    let whole = MemoryDump(form)
    let bytes = whole.bytes
    for length in stride(from: 0, to: bytes.count, by: 1021) {
      #expect(throws: CrashDumpError.self) { try memory(Array(bytes[..<length])) }
    }
    let start = whole.isWide ? 0x2000 : 0x1000
    let places = Array(stride(from: 0x60, to: 0x100, by: 4)) + Array(start..<start + 0x60)
    for offset in places {
      for value: UInt64 in [0, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        var changed = SmallDump(bytes: bytes)
        changed.put(value, at: offset, bytes: 4)
        let source = DumpBytes(changed.bytes)
        guard let header = try? DumpHeader(source),
          let memory = try? PhysicalMemory(header, source), let mode = header.mode
        else { continue }
        let space = AddressSpace(memory, mode, directoryBase: header.directoryBase)
        #expect(space.bytes(at: whole.poolAddress, most: 0x3000).count <= 0x3000)
      }
    }
  }
}
