import Testing

@testable import PoolDebugger

@Suite struct FormatTests {
  @Test func mtrace() {
    let text = """
      = Start
      @ ./a.out:(main+1c)[0x1189] + 0x55e0 0x40
      + 0x6000 0x10
      @ [0x4006] < 0x55e0
      @ [0x4006] > 0x5700 0x80
      ! 0x5700 0x4000
      - 0x6000
      - 0x9999
      nonsense
      = End
      """
    let (trace, summary) = Importing.run(text, .mtrace)
    #expect(trace.filter { $0.hasPrefix("# tag") }.count == 2)
    let operations = trace.filter { !$0.hasPrefix("#") && !$0.hasPrefix("config") }
    #expect(operations[0].hasPrefix("alloc s0 NonPaged 64 "))
    #expect(operations[1] == "alloc s1 NonPaged 16 'Rec '")
    #expect(operations[2].hasPrefix("alloc s2 NonPaged 128 "))
    #expect(operations[3...] == ["free s0", "free s1"])
    #expect(summary.dropped == [.failedAllocation: 1, .allocatedBefore: 1, .unreadableLine: 1])
    #expect(summary.firstDropped[.unreadableLine] == 9)
    #expect(summary.liveBlocks == 1 && summary.peakLiveBlocks == 2 && summary.operations == 5)
  }

  @Test func heaptrack() {
    let text =
      "v 10550 3\nI 1000 7d\nt 7bf3 0\n+ 12000 4 5d7e\n+ 18 a 5d80\n- 5d7e\nc 1f4\nR 3e8\n? x\n"
    let (trace, summary) = Importing.run(text, .heaptrack)
    #expect(trace.contains { $0.hasPrefix("alloc s0 NonPaged 73728 ") })
    #expect(trace.contains { $0.hasPrefix("alloc s1 NonPaged 24 ") })
    #expect(trace.last == "free s0")
    #expect(summary.dropped == [.unreadableLine: 1])
    let interpreted = Importing.run("v 10550 3\na 10 1\n+ 0\n- 0\n", .heaptrack)
    #expect(interpreted.summary.dropped.isEmpty && interpreted.summary.operations == 2)
  }

  @Test func kernelMemoryEvents() {
    let text = """
      # tracer: nop
      cat-1 [001] 1.0: kmalloc: call_site=8112 ptr=0xffff88003dd83800 \
      bytes_req=768 bytes_alloc=1024
      swapper 0 [000] 2.0: kmem:kmem_cache_alloc_node: call_site=f+0x1 \
      ptr=0xab bytes_req=64 bytes_alloc=64
      cat-1 [001] 3.0: kmem:kfree: call_site=g+0x2 ptr=0xffff88003dd83800
      cat-1 [001] 3.0: kmem_cache_free: call_site=g+0x2 ptr=(____ptrval____)
      cat-1 [001] 3.0: kfree: call_site=g+0x2 ptr=(nil)
      cat-1 [001] 3.0: sched_switch: prev_comm=x
      cat-1 [001] 3.0: kmalloc: call_site=f ptr=0xcd
      """
    let (trace, summary) = Importing.run(text, .kmem)
    let operations = trace.filter { !$0.hasPrefix("#") && !$0.hasPrefix("config") }
    #expect(
      operations.map { $0.split(separator: " ").dropLast().joined(separator: " ") } == [
        "alloc s0 NonPaged 768", "alloc s1 NonPaged 64", "free",
      ])
    #expect(
      summary.dropped == [.hiddenAddress: 1, .nullFree: 1, .otherEvent: 1, .unreadableLine: 1])
    #expect(trace.contains { $0.hasPrefix("# tag ") && $0.hasSuffix(" is f+0x1") })
  }

  @Test func valgrind() {
    let text = """
      ==123== Memcheck
      --123-- malloc(64) = 0x4A5B040
      --123-- calloc(8,16) = 0x4A5B0C0
      --123-- _Znwm(32) = 0x4A5B200
      --123-- memalign(al 64, size 128) = 0x4A5B300
      --123-- realloc(0x4A5B040,40) = 0x4A5B040
      --123-- realloc(0x0,8)malloc(8) = 0x4A5B400
      --123-- _ZdlPvm(0x4A5B200)
      --123-- free(0x4A5B0C0)
      --123-- malloc(oops
      """
    let operations = Importing.operations(text, .valgrind)
    #expect(
      operations == [
        "alloc s0 NonPaged 64 'Rec '", "alloc s1 NonPaged 128 'Rec '",
        "alloc s2 NonPaged 32 'Rec '", "alloc s3 NonPaged 128 'Rec '",
        "alloc s4 NonPaged 40 'Rec '", "free s0", "alloc s0 NonPaged 8 'Rec '", "free s2",
        "free s1",
      ])
    #expect(
      Importing.run(text, .valgrind).summary.dropped == [.otherEvent: 1, .unreadableLine: 1])
  }

  @Test func malloclab() {
    let text = "20000\n3\n6\n1\na 0 512\na 1 128\nr 0 640\nf 1\nf 0\nf 7\nx 1\n"
    #expect(
      Importing.operations(text, .malloclab) == [
        "alloc s0 NonPaged 512 'Rec '", "alloc s1 NonPaged 128 'Rec '",
        "alloc s2 NonPaged 640 'Rec '", "free s0", "free s1", "free s2",
      ])
    #expect(
      Importing.run(text, .malloclab).summary.dropped == [.allocatedBefore: 1, .unreadableLine: 1])
  }

  @Test func memoryReplay() {
    let text = """
      186: malloc 0xb6038060 20
      186: calloc 0xb609f080 32 4
      187: realloc 0xb609f180 0xb603a060 12
      186: memalign 0xb609f280 16 40
      186: free 0xb6038060
      186: thread_done 0x0
      186: jump 0x1
      """
    #expect(
      Importing.operations(text, .memoryReplay) == [
        "alloc s0 NonPaged 20 'Rec '", "alloc s1 NonPaged 128 'Rec '",
        "alloc s2 NonPaged 12 'Rec '", "alloc s3 NonPaged 40 'Rec '", "free s0",
      ])
    #expect(
      Importing.run(text, .memoryReplay).summary.dropped
        == [.allocatedBefore: 1, .unreadableLine: 1])
  }

  @Test func utrace() {
    let text = """
       31532 a.out    USER  <jemalloc>:utrace: 31532 malloc_init()
       31532 a.out    USER  <jemalloc>:utrace: 31532 0x800b01000 = malloc(34816)
       31532 a.out    USER  <jemalloc>:utrace: 31532 0x800b02000 = realloc(0x800b01000, 45)
       31532 a.out    USER  <jemalloc>:utrace: 31532 free(0x800b02000)
       31532 a.out    CALL  write(1)
      """
    #expect(
      Importing.operations(text, .utrace) == [
        "alloc s0 NonPaged 34816 'Rec '", "alloc s1 NonPaged 45 'Rec '", "free s0", "free s1",
      ])
    #expect(Importing.run(text, .utrace).summary.dropped == [.otherEvent: 1])
  }

  @Test(arguments: [
    ("= Start\n", RecordedFormat.mtrace), ("v 10550 3\nx 3b /a\n", .heaptrack),
    ("x [1] 1.0: kfree: call_site=1 ptr=0x0\n", .kmem), ("--9-- free(0x1)\n", .valgrind),
    ("20000\n3\n6\n1\na 0 512\n", .malloclab), ("1: malloc 0x1 2\n", .memoryReplay),
    ("<jemalloc>:utrace: 1 free(0x1)\n", .utrace),
    ("Time,Event,PoolType,Tag,Bytes,Entry\n", .etwCSV),
  ]) func formatsAreDetected(text: String, format: RecordedFormat) {
    #expect(RecordedFormat.detect(LineSplitter.lines(of: text)) == format)
  }

  @Test func prosaicFilesHaveNoFormat() {
    let text = "Dear all,\n12\n13\n14\nfree beer: malloc\n"
    #expect(RecordedFormat.detect(LineSplitter.lines(of: text)) == nil)
  }
}
