import Foundation
import FuzzHarness
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

  @Test func theRegistryAndTheCorpusHaveTheSameTargets() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(FuzzSubject.all.map(\.name).sorted() == folders.filter { $0 != "README.md" }.sorted())
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
