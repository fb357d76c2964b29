import PoolTestSupport
import PropertyTesting
import Testing

@testable import PoolDebugger

/// Every sample truncated at every line, with each line deleted, doubled or moved, and with random
/// bytes. Losing lines must never turn a healthy page into a corrupt one or the reverse, nor make a
/// block that the text does not hold. (What a changed digit means is the planted corruptions'
/// business; here digits stay as they are, except under random bytes, where only survival counts.)
@Suite struct DamagedListingTests {
  private struct Sample {
    var file: String
    var lines: [[UInt8]]
    var verdict: ListingVerdict
    var blocks: Set<ListedBlock>
  }

  private func samples() throws -> [Sample] {
    var files = try Samples.expectations().map { ($0.file, $0.verdict) }
    files += ["vm.txt", "poolused.txt", "pool-pages.txt", "mmcm.txt"]
      .map { ("incident/\($0)", "healthy") }
    return try files.map { file, verdict in
      let lines = LineSplitter.lines(of: try Samples.text(file))
      var reader = ListingReader(source: file)
      for line in lines { reader.read(line: line) }
      return Sample(
        file: file, lines: lines, verdict: try #require(ListingVerdict(rawValue: verdict)),
        blocks: Self.blocks(reader.finish()))
    }
  }

  private static func blocks(_ reading: ParsedOutput) -> Set<ListedBlock> {
    var blocks: Set<ListedBlock> = []
    for listing in reading.listings {
      switch listing.content {
      case .pool(let page), .poolInfoPage(let page): blocks.formUnion(page.blocks.map(essence))
      case .poolFind(let find): blocks.formUnion(find.blocks.map(essence))
      default: break
      }
    }
    return blocks
  }

  private static func essence(_ block: ListedBlock) -> ListedBlock {
    ListedBlock(
      address: block.address, width: block.width, sizeBytes: block.sizeBytes,
      previousSizeBytes: block.previousSizeBytes, state: block.state, tag: block.tag)
  }

  /// Ends a copy of the reader and judges what it read.
  private func expectNoWrongClaim(
    _ reader: ListingReader, _ sample: Sample, _ damage: @autoclosure () -> String
  ) {
    var copy = reader
    let reading = copy.finish()
    let checked = reading.listings.map(ListingCheck.check)
    let isHealthySample = sample.verdict == .healthy || sample.verdict == .incomplete
    let wrong: ListingVerdict = isHealthySample ? .corrupt : .healthy
    #expect(
      checked.allSatisfy { $0.verdict != wrong }, "\(sample.file): \(wrong) \(damage())")
    #expect(
      Self.blocks(reading).isSubset(of: sample.blocks), "\(sample.file): invented \(damage())")
    let entries = Diagnosis.diagnose(checked)
    if isHealthySample {
      #expect(entries.allSatisfy { $0.verdict != .corruption }, "\(sample.file) \(damage())")
    }
  }

  @Test func truncatedAtEveryLine() throws {
    for sample in try samples() {
      var reader = ListingReader(source: sample.file)
      for (index, line) in sample.lines.enumerated() {
        expectNoWrongClaim(reader, sample, "before line \(index + 1)")
        reader.read(line: line)
      }
      expectNoWrongClaim(reader, sample, "whole")
    }
  }

  @Test func withEachLineDeletedOrDoubled() throws {
    for sample in try samples() {
      var prefix = ListingReader(source: sample.file)
      for (index, line) in sample.lines.enumerated() {
        defer { prefix.read(line: line) }
        guard index % TestScale.count(4, all: 1) == 0 else { continue }
        var without = prefix
        var doubled = prefix
        doubled.read(line: line)
        doubled.read(line: line)
        for rest in sample.lines[(index + 1)...] {
          without.read(line: rest)
          doubled.read(line: rest)
        }
        expectNoWrongClaim(without, sample, "without line \(index + 1)")
        expectNoWrongClaim(doubled, sample, "with line \(index + 1) twice")
      }
    }
  }

  @Test func withEachLineMovedAndWithAllShuffled() throws {
    var random = SplitMix64(seed: 5)
    for sample in try samples() {
      for _ in 0..<8 {
        var reader = ListingReader(source: sample.file)
        for line in sample.lines.shuffled(using: &random) { reader.read(line: line) }
        expectNoWrongClaim(reader, sample, "shuffled")
      }
      for index in sample.lines.indices where index.isMultiple(of: 3) {
        var lines = sample.lines
        let line = lines.remove(at: index)
        lines.insert(line, at: Int.random(in: 0...lines.count, using: &random))
        var reader = ListingReader(source: sample.file)
        for line in lines { reader.read(line: line) }
        expectNoWrongClaim(reader, sample, "line \(index + 1) moved")
      }
    }
  }

  @Test func noiseBetweenTheLinesChangesNoVerdict() throws {
    var random = SplitMix64(seed: 6)
    for sample in try samples() where !sample.file.hasPrefix("incident/") {
      var reader = ListingReader(source: sample.file)
      for line in sample.lines {
        reader.read(line: line)
        let length = Int.random(in: 1...40, using: &random)
        reader.read(line: (0..<length).map { _ in UInt8.random(in: 0x80...0xFF, using: &random) })
      }
      let verdict = reader.finish().listings.first.map { ListingCheck.check($0).verdict }
      #expect(verdict == sample.verdict, "\(sample.file)")
    }
  }

  @Test func randomBytesAreSurvived() throws {
    var random = SplitMix64(seed: 7)
    var damaged = 0
    for sample in try samples() {
      for _ in 0..<4 {
        var inspection = Inspection()
        inspection.begin(source: sample.file)
        for line in sample.lines {
          var bytes = line
          for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            bytes[index] = UInt8.random(in: 0...255, using: &random)
            damaged += 1
          }
          inspection.read(line: bytes)
        }
        let report = inspection.report()
        let blocks = report.listings.reduce(0) { $0 + $1.blockCount }
        #expect(blocks <= sample.lines.count, "\(sample.file)")
        #expect(report.jsonLines.count == report.listings.count + 1)
      }
    }
    #expect(damaged > 1_000)
  }

  @Test func pureNoiseIsNothing() {
    var random = SplitMix64(seed: 8)
    var reader = ListingReader(source: "noise")
    for _ in 0..<500 {
      let length = Int.random(in: 0...200, using: &random)
      reader.read(line: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    let reading = reader.finish()
    #expect(reading.listings.isEmpty && reading.lines == 500)
  }

  @Test func aStoryThatLostALineTellsTheSameNumbersOrNone() throws {
    let lines = try ["vm.txt", "poolused.txt"].flatMap {
      LineSplitter.lines(of: try Samples.text("incident/\($0)"))
    }
    var silent = 0
    for index in lines.indices {
      var reader = ListingReader(source: "story")
      for (number, line) in lines.enumerated() where number != index { reader.read(line: line) }
      let checked = reader.finish().listings.map(ListingCheck.check)
      let found = Diagnosis.diagnose(checked)
        .first { $0.verdict == .fragmentation && $0.pool == "nonpaged" }
      if let found {
        #expect(found.bytes == 38_384_344, "line \(index + 1)")
      } else {
        silent += 1
      }
    }
    // Only the pool's usage, the headings of the table and its TOTAL can take the verdict away.
    #expect((2...3).contains(silent))
  }
}
