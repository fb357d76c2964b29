import Foundation
import PropertyTesting
import Testing

@testable import PoolDebugger

@Suite struct TraceImporterTests {
  private static let recorded = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Corpus/recorded")

  private func recording(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: Self.recorded.appendingPathComponent(name)), as: UTF8.self)
  }

  @Test(arguments: [
    ("linux-kmem.tracecmd", RecordedFormat.kmem), ("library-start.heaptrack", .heaptrack),
    ("awk-count.mtrace", .mtrace), ("linux-files.perf", .kmem),
  ]) func everyRecordingGivesTheTraceBesideIt(name: String, format: RecordedFormat) throws {
    let text = try recording(name)
    #expect(RecordedFormat.detect(Array(LineSplitter.lines(of: text).prefix(50))) == format)
    let (trace, summary) = Importing.run(text, format)
    let base = name.prefix { $0 != "." }
    #expect(trace.joined(separator: "\n") + "\n" == (try recording("\(base).trace")))
    // A recording of a running kernel begins in the middle of lives.
    #expect(
      summary.dropped.keys.allSatisfy { $0 == .nullFree || $0 == .allocatedBefore }, "\(name)")
  }

  @Test func slotsAreRecycledOrUnique() {
    let text = "20\n2\n6\n1\na 0 1\nf 0\na 1 2\nf 1\n"
    #expect(Importing.operations(text, .malloclab).suffix(2).first == "alloc s0 NonPaged 2 'Rec '")
    var options = ImportOptions()
    options.slotNames = .unique
    options.pool = "Paged"
    options.tag = ListedTag("x'y\u{1}")
    #expect(
      Importing.operations(text, .malloclab, options).suffix(2)
        == ["alloc s1 Paged 2 'x\\x27y\\x01'", "free s1"])
  }

  @Test func memoryFollowsTheLiveBlocksOnly() {
    var importer = TraceImporter(format: .malloclab, options: ImportOptions())
    var highest = 0
    for round in 0..<2_000 {
      let id = round % 16
      for operation in ["a \(id) 64", "f \(id)"] {
        importer.read(line: Array(operation.utf8)) { line in
          if line.starts(with: Array("alloc s".utf8)) {
            var scanner = ByteScanner(line, at: 7)
            highest = max(highest, Int(scanner.decimal() ?? 0))
          }
        }
      }
    }
    let summary = importer.finish { _ in }
    #expect(highest == 0 && summary.peakLiveBlocks == 1 && summary.allocations == 2_000)
  }

  @Test func absurdSizesAreLeftOut() {
    let summary = Importing.run("a 0 18446744073709551615\na 1 99999999999999999999\n", .malloclab)
      .summary
    #expect(summary.dropped == [.absurdSize: 1, .unreadableLine: 1])
  }

  @Test func theSameSiteAlwaysHasTheSameTag() {
    var tags = SiteTags()
    let site = Array("tomoyo_find_next_domain+0x84".utf8)[...]
    let (tag, isNew) = tags.tag(site)
    #expect(isNew && tags.tag(site) == (tag, false))
    var others = SiteTags()
    #expect(others.tag(site).tag == tag)
    #expect(tags.tag(Array("elsewhere".utf8)[...]).tag != tag)
    #expect(tag.bytes.allSatisfy { TraceTag.text(ListedTag([$0, $0, $0, $0])).count == 4 })
  }

  @Test func theSummarySaysWhatWasLeftOut() {
    let text = "= Start\n+ 0x10 0x8\n- 0x20\n- 0x0\n"
    #expect(
      Importing.run(text, .mtrace).summary.text == """
        4 lines: 1 allocation, 0 frees, 1 block alive at most, 1 at the end
        1 left out: free of a block allocated before the recording, first on line 3
        1 left out: free of the null pointer, first on line 4

        """)
  }

  @Test func everyTraceOfNoiseIsWellFormed() {
    var random = SplitMix64(seed: 9)
    let words = [
      "= ", "@ ", "+ ", "- ", "< ", "> ", "a ", "f ", "r ", "0x1f", "12 ", "kmalloc: ", " ptr=",
      "bytes_req=", "--1-- ", "malloc(", "free(", ") = ", "utrace: ", ",", "\"", "Alloc Time,Size,",
      "1: ", "realloc ", "\u{1}", "ffff",
    ]
    for format in RecordedFormat.allCases {
      var importer = TraceImporter(format: format, options: ImportOptions())
      var bad = 0
      let check: ([UInt8]) -> Void = { line in
        let text = String(decoding: line, as: UTF8.self)
        let isKnown = ["alloc s", "free s", "# ", "config "].contains { text.hasPrefix($0) }
        if !isKnown || line.contains(where: { $0 < 0x20 }) { bad += 1 }
      }
      for _ in 0..<300 {
        let count = Int.random(in: 0...8, using: &random)
        let text = (0..<count).map { _ in words[Int.random(in: words.indices, using: &random)] }
        importer.read(line: Array(text.joined().utf8), sink: check)
      }
      let summary = importer.finish(sink: check)
      #expect(bad == 0 && summary.lines == 300, "\(format)")
    }
  }
}
