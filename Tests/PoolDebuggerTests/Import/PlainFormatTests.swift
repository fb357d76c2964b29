import Testing

@testable import PoolDebugger

/// The formats that scripts and small tools write.
@Suite struct PlainFormatTests {
  private func imported(_ text: String) throws -> (
    format: RecordedFormat, lines: [String], summary: ImportSummary
  ) {
    let lines = LineSplitter.lines(of: text)
    let format = try #require(RecordedFormat.detect(lines))
    var importer = TraceImporter(format: format, options: ImportOptions())
    var trace: [String] = []
    for line in lines {
      importer.read(line: line) { trace.append(String(decoding: $0, as: UTF8.self)) }
    }
    let summary = importer.finish { trace.append(String(decoding: $0, as: UTF8.self)) }
    return (format, trace.filter { !$0.hasPrefix("#") && !$0.hasPrefix("config") }, summary)
  }

  @Test func heaptracksInterpretedFileIsRead() throws {
    let small = try imported("v 10250 2\nX ./a\ns f\na 40 1\n+ 0\n- 0\n")
    #expect(small.format == .heaptrack && small.summary.dropped.isEmpty)
    #expect(small.lines.count == 2 && small.lines[0].hasPrefix("alloc s0 NonPaged 64 "))
    #expect(small.lines[1] == "free s0")
    let two = try imported("v 10250 2\na 10 1\na 20 2\n+ 0\n+ 1\n+ 0\n- 0\n- 0\n- 0\n+ 9\n- 1\n")
    #expect(two.summary.allocations == 3 && two.summary.frees == 3)
    #expect(two.summary.dropped == [.allocatedBefore: 1, .unreadableLine: 1])
    // The oldest live block of an index stands for the one that is freed.
    #expect(two.lines.dropFirst(3).prefix(2) == ["free s0", "free s2"])
  }

  @Test(arguments: [
    "op,id,size\nalloc,1,64\nalloc,2,32\nfree,1,\nfree,2,",
    "Action;x\n",
    "time\top\tptr\tbytes\n0.1\tmalloc\t0x10\t64\n0.2\tmalloc\t0x20\t32\n0.3\tfree\t0x10\n0.4\tfree\t0x20",
    "call,address,len,tag\nAlloc,10,64,Abcd\nALLOC,20,32,Abcd\nFree,10,,\nrelease,20,,",
    "# note\nfunction,result,nmemb,size\ncalloc,ffe0,2,32\nmalloc,fff0,,32\nfree,ffe0,,\nfree,fff0,,",
  ]) func namedColumns(_ text: String) throws {
    guard !text.hasPrefix("Action;") else {
      #expect(RecordedFormat.detect(LineSplitter.lines(of: text)) == nil)
      return
    }
    let (format, lines, summary) = try imported(text)
    #expect(format == .csv && summary.dropped.isEmpty && summary.liveBlocks == 0)
    #expect(
      lines[0].hasPrefix("alloc s0 NonPaged 64") && lines[1].hasPrefix("alloc s1 NonPaged 32"))
    #expect(lines[2...] == ["free s0", "free s1"])
  }

  @Test func namedColumnsCarryPoolTagAndReallocation() throws {
    let (_, lines, summary) = try imported(
      "op,id,size,pool,tag,old\nalloc,1,16,PagedPool,Abcd,\nrealloc,2,48,PagedPool,Abcd,1\nfly,3,1,,,\nalloc,,9,,,\nalloc,4,x,,,"
    )
    #expect(lines == ["alloc s0 Paged 16 Abcd", "alloc s1 Paged 48 Abcd", "free s0"])
    #expect(summary.dropped == [.otherEvent: 1, .hiddenAddress: 1, .unreadableLine: 1])
  }

  @Test func callLogsAreRead() throws {
    let (format, lines, summary) = try imported(
      """
      [pid 42] 0.000 libc.so->malloc(64) = 0x55d0c8
      calloc(2, 16) = 0x55d100
      realloc(0x55d0c8, 96) = 0x55d200
      free(0x55d100) = <void>
      strlen("free(") = 5
      malloc(8) = <unfinished ...>
      free(nil) = <void>
      """)
    #expect(format == .ltrace && summary.allocations == 3 && summary.frees == 2)
    #expect(lines.first?.hasPrefix("alloc s0 NonPaged 64") == true)
    #expect(summary.dropped[.nullFree] == 1 && summary.dropped[.unreadableLine] == 1)
  }

  @Test func aOneLinersTwoColumnsAreRead() throws {
    let (format, lines, summary) = try imported(
      "Attaching 2 probes...\n0xffff888100a0c000 64\n0xffff888100a0c040 32\n0xffff888100a0c000 -\n")
    #expect(format == .columns && lines.count == 3 && lines[2] == "free s0")
    #expect(summary.dropped == [.otherEvent: 1] && summary.liveBlocks == 1)
  }

  @Test func aBoardsHeapTraceIsRead() throws {
    let (format, lines, summary) = try imported(
      """
      2 allocations trace (100 entry buffer)
      16 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x12e9b384 caller 0x400d276d:0x400d27c1
      freed by 0x400d276d:0x400d27c1
      24 bytes (@ 0x3ffaf22c) allocated CPU 0 ccount 0x12e9b4b4 caller 0x400d2776:0x400d27c1
      """)
    #expect(format == .espHeap && summary.allocations == 2 && summary.frees == 1)
    #expect(lines[0].hasPrefix("alloc s0 NonPaged 16 ") && lines[1] == "free s0")
  }

  @Test func babeltracesLinesAreKernelEvents() throws {
    let (format, lines, summary) = try imported(
      """
      [10:00:00.100000001] (+?.?) host kmem_kmalloc: { cpu_id = 0 }, { call_site = 0xFFFFFFFF811A2B3C, ptr = 0xFFFF8881000A0000, bytes_req = 100, bytes_alloc = 128, gfp_flags = 208 }
      [10:00:00.100000002] (+0.000000001) host kmem_kfree: { cpu_id = 0 }, { call_site = 0xFFFFFFFF811A2B40, ptr = 0xFFFF8881000A0000 }
      """)
    #expect(format == .kmem && summary.dropped.isEmpty)
    #expect(lines.count == 2 && lines[0].hasPrefix("alloc s0 NonPaged 100 "))
  }

  @Test func totalsAreRefusedByName() {
    let files = [
      ("{\"dhatFileVersion\":2,\"mode\":\"heap\"", "dhat"),
      ("desc: --pages\ncmd: ./a\ntime_unit: i\nsnapshot=0\ntime=0\nmem_heap_B=0", "massif"),
      ("heap profile:    3:   300 [  9:  900] @ heapprofile", "gperftools"),
      ("heap_v2/524288", "jemalloc's heap profile"),
    ]
    for (text, name) in files {
      let lines = LineSplitter.lines(of: text)
      #expect(RecordedFormat.detect(lines) == nil && RecordedFormat.totals(in: lines) == name)
    }
    #expect(RecordedFormat.totals(in: LineSplitter.lines(of: "op,id,size\n")) == nil)
  }
}
