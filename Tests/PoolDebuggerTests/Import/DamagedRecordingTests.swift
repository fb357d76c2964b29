import PoolTrace
import PropertyTesting
import Testing

@testable import PoolDebugger

/// One recording of each format, cut off at every byte, with each line deleted, doubled or moved,
/// and with random bytes. Whatever is left of it, the trace must be one: the language's parser
/// takes every line, no slot is taken twice or freed when empty, and the summary counts what is
/// there and says of every line that brought nothing why.
@Suite struct DamagedRecordingTests {
  private static let recordings: [(RecordedFormat, String)] = [
    (
      .etwCSV,
      """
      Time,Event,PoolType,Tag,Bytes,Entry
      1,PoolAlloc,0,Abcd,100,ffffda06b51c0010
      2,PoolAlloc,1,"Io  ",1,ffffda06b51c1010
      3,SessionPoolAlloc,33,Gh05,0x20,ffffda06b51c2010
      4,PoolFree,0,Abcd,100,ffffda06b51c0010
      5,PoolAlloc,512,Nx?,"1,024",0xffffda06b51c1010
      """
    ),
    (
      .mtrace,
      """
      = Start
      @ ./a.out:(main+1c)[0x1189] + 0x55e0 0x40
      @ [0x4006] < 0x55e0
      @ [0x4006] > 0x5700 0x80
      - 0x5700
      = End
      """
    ),
    (
      .heaptrack,
      """
      v 10550 3
      t 7bf3f6a3579f 0
      + 12000 1 5d7ec4ddc570
      + 10 1 5d7ec4ddd570
      - 5d7ec4ddc570
      """
    ),
    (
      .kmem,
      """
      a-1 [001] 1.5: kmalloc: call_site=81128dd4 ptr=0xffff88003dd83800 bytes_req=768 bytes_alloc=1024
      a 1 [001] 1.6: kmem:kmem_cache_alloc: call_site=f+0x1 ptr=0xffff88003dd84800 bytes_req=96 bytes_alloc=96
      a-1 [001] 1.7: kfree: call_site=810a7abb ptr=0xffff88003dd83800
      """
    ),
    (
      .valgrind,
      """
      --123-- malloc(64) = 0x4A5B040
      --123-- calloc(8,16) = 0x4A5B0C0
      --123-- realloc(0x4A5B040,40) = 0x4A5B140
      --123-- free(0x4A5B0C0)
      """
    ),
    (.malloclab, "20000\n2\n4\n1\na 0 512\na 1 128\nr 0 640\nf 1\n"),
    (
      .memoryReplay,
      """
      186: malloc 0xb6038060 20
      187: realloc 0xb609f180 0xb6038060 12
      186: memalign 0xb609f280 16 40
      186: free 0xb609f180
      """
    ),
    (
      .utrace,
      """
      1 a.out USER <jemalloc>:utrace: 1 0x800b01000 = malloc(34816)
      1 a.out USER <jemalloc>:utrace: 1 0x800b02000 = realloc(0x800b01000, 45)
      1 a.out USER <jemalloc>:utrace: 1 free(0x800b02000)
      """
    ),
  ]

  private func expectWellFormed(
    _ lines: [[UInt8]], _ format: RecordedFormat, _ damage: @autoclosure () -> String
  ) throws {
    var importer = TraceImporter(format: format, options: ImportOptions())
    var text: [UInt8] = []
    func write(_ line: [UInt8]) { text += line + [0x0A] }
    for line in lines { importer.read(line: line, sink: write) }
    let summary = importer.finish(sink: write)
    let operations = try TraceParser.operations(in: String(decoding: text, as: UTF8.self))
    var live: Set<SlotName> = []
    var (allocations, frees, isSound) = (0, 0, true)
    for operation in operations.dropFirst() {
      switch operation {
      case .alloc(let name, _, let bytes, _):
        allocations += 1
        isSound = isSound && live.insert(name).inserted && bytes < TraceEmitter.absurdBytes
      case .free(let name, _):
        frees += 1
        isSound = isSound && live.remove(name) != nil
      default: isSound = false
      }
    }
    #expect(isSound, "\(format) \(damage())")
    #expect(summary.allocations == allocations && summary.frees == frees)
    #expect(summary.liveBlocks == live.count && summary.lines == lines.count)
    let dropped = summary.dropped.values.reduce(0, +)
    #expect(dropped <= lines.count && Set(summary.firstDropped.keys) == Set(summary.dropped.keys))
  }

  @Test func cutOffAtEveryByte() throws {
    for (format, text) in Self.recordings {
      let bytes = Array(text.utf8)
      for end in 0...bytes.count {
        let lines = bytes[..<end].split(separator: 0x0A, omittingEmptySubsequences: false)
        try expectWellFormed(lines.map(Array.init), format, "before byte \(end)")
      }
    }
  }

  @Test func withEachLineDeletedDoubledOrMoved() throws {
    var random = SplitMix64(seed: 11)
    for (format, text) in Self.recordings {
      let lines = LineSplitter.lines(of: text)
      for index in lines.indices {
        var without = lines
        let line = without.remove(at: index)
        try expectWellFormed(without, format, "without line \(index + 1)")
        let doubled = Array(lines[...index]) + Array(lines[index...])
        try expectWellFormed(doubled, format, "line \(index + 1) twice")
        without.insert(line, at: Int.random(in: 0...without.count, using: &random))
        try expectWellFormed(without, format, "line \(index + 1) moved")
      }
      for _ in 0..<10 {
        try expectWellFormed(lines.shuffled(using: &random), format, "shuffled")
      }
    }
  }

  @Test func withRandomBytes() throws {
    var random = SplitMix64(seed: 12)
    for (format, text) in Self.recordings {
      let lines = LineSplitter.lines(of: text)
      for round in 0..<100 {
        var damaged = lines
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let line = Int.random(in: damaged.indices, using: &random)
          guard !damaged[line].isEmpty else { continue }
          let place = Int.random(in: damaged[line].indices, using: &random)
          damaged[line][place] = UInt8.random(in: 0...255, using: &random)
        }
        try expectWellFormed(damaged, format, "round \(round)")
      }
    }
  }
}
