import ContentHash
import Foundation
import FuzzHarness
import PoolFuzzing
import Testing

/// Every input that a fuzzer has left in the repository is run again: none may alarm, and each bears
/// the hash of its content as its name.
@Suite struct FuzzCorpusTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Corpus/fuzz").path

  static func inputs(_ subject: FuzzSubject) -> [(name: String, bytes: [UInt8])] {
    let path = folder + "/" + subject.name
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().compactMap { name in
      FileManager.default.contents(atPath: path + "/" + name).map { (name, [UInt8]($0)) }
    }
  }

  @Test(arguments: FuzzSubject.all)
  func everyInputHoldsAndIsNamedByItsContent(_ subject: FuzzSubject) {
    let inputs = Self.inputs(subject)
    #expect(inputs.count >= 5, "an empty corpus would pass in silence")
    let harness = subject.harness()
    for input in inputs {
      #expect(harness.run(input.bytes) == nil, "\(subject) \(input.name)")
      #expect(ContentName.of(input.bytes) == input.name)
    }
  }

  @Test(arguments: FuzzSubject.all)
  func aPlantedBugSetsOffTheAlarm(_ subject: FuzzSubject) {
    let harness = subject.harness(plant: subject.canary)
    let findings = Self.inputs(subject).compactMap { harness.run($0.bytes) }
    #expect(!findings.isEmpty, "no input of \(subject) shows \(subject.canary)")
  }

  /// Inputs that were kept before bytes chose the later profiles mean the operations that they always
  /// meant, and some of the later ones are kept too.
  @Test(arguments: [("trace", "6baf8b19f360971a"), ("differential", "1fc50b54edb0e351")])
  func keptInputsMeanWhatTheyAlwaysMeant(_ target: String, _ digest: String) throws {
    var records = TraceRecords()
    var sum = ContentHash()
    var later = 0
    for input in Self.inputs(try #require(FuzzSubject.named(target))) {
      if input.bytes[0] >= 225 {
        later += 1
      } else {
        sum.add(records.trace(decoding: input.bytes).text().utf8)
      }
    }
    #expect(sum.text == digest)
    #expect(later >= 8)
  }

  @Test func theRegistryAndTheCorpusHaveTheSameTargets() throws {
    // A campaign with `--corpus Corpus` leaves its state and its report here: files beside the folders.
    let manager = FileManager.default
    let folders = try manager.contentsOfDirectory(atPath: Self.folder)
      .filter { (try? manager.contentsOfDirectory(atPath: Self.folder + "/" + $0)) != nil }
    #expect(FuzzSubject.all.map(\.name).sorted() == folders.sorted())
    for subject in FuzzSubject.all {
      #expect(ReplayProgram.table.contains("fuzz-\(subject.name), canary \(subject.canary)\n"))
      #expect(ReplayProgram.subject(ofProgram: "./a/fuzz-\(subject.name)")?.name == subject.name)
      #expect(!subject.covers.isEmpty && !subject.doesNotCover.isEmpty)
    }
    #expect(ReplayProgram.subject(ofProgram: "fuzz-targets") == nil)
    #expect(ReplayProgram.subject(ofProgram: "trace") == nil)
  }

  /// The services read both beside the binary; libFuzzer ends at once where a dictionary is not there.
  @Test(arguments: FuzzSubject.all)
  func theDictionaryThatTheOptionsNameIsThere(_ subject: FuzzSubject) throws {
    let settings = URL(filePath: Self.folder + "/../../Fuzz/settings")
    let options = try String(
      contentsOf: settings.appending(path: "fuzz-\(subject.name).options"), encoding: .utf8)
    #expect(options.hasPrefix("[libfuzzer]\n"))
    for line in options.split(separator: "\n") where line.hasPrefix("dict = ") {
      let name = String(line.dropFirst("dict = ".count))
      let words = try String(contentsOf: settings.appending(path: name), encoding: .utf8)
      #expect(words.contains("\n\""), "\(name)")
    }
  }

  @Test(arguments: FuzzSubject.all)
  func emptyAndShortInputsAreInputsToo(_ subject: FuzzSubject) {
    let harness = subject.harness()
    for count in [0, 1, 2, 7, 8, 79, 80, 81, 87, 88] {
      #expect(harness.run(Array(repeating: 0xA5, count: count)) == nil)
    }
  }

  @Test func namesAreTheHashesThatOtherToolsGive() {
    #expect(ContentName.of([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(ContentName.of(Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    let long = Array(repeating: UInt8(ascii: "a"), count: 1_000)
    #expect(ContentName.of(long) == "291e9a6c66994949b57ba5e650361e98fc36b1ba")
  }
}
