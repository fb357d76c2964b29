import ContentHash
import Foundation
import PoolTestSupport
import Testing

/// `maximize` with a corpus folder: killed and resumed, and archives that merge.
struct MaximizeArchiveTests {
  private static let search = [
    "maximize", "--page-units", "32", "--smallest-units", "2", "--peak-live-units", "200",
    "--algorithm", "map-elites", "--operations", "400000", "--json", "--save-every", "0.001s",
  ]

  private static func files(_ folder: String) -> [String: String] {
    var files: [String: String] = [:]
    let names = FileManager.default.enumerator(atPath: folder)
    for case let name as String in names ?? FileManager.DirectoryEnumerator() {
      if let data = FileManager.default.contents(atPath: folder + "/" + name) {
        files[name] = String(decoding: data, as: UTF8.self)
      }
    }
    return files
  }

  private static func merge(_ sources: [String], into target: String) throws {
    let run = try Command.run(["corpus", "merge"] + sources + ["--corpus", target])
    #expect(run.code == 0, "\(run.errors)")
  }

  @Test func theArchiveDoesNotDependOnWhenItWasSaved() throws {
    let scratch = try Scratch()
    var archives: [[String: String]] = []
    for (name, interval) in [("often", "0.001s"), ("never", "1h")] {
      let folder = scratch.path + "/" + name
      let run = try Command.run(
        Self.search.dropLast() + [interval, "--seed", "3", "--corpus", folder])
      #expect(run.code == 0, "\(run.errors)")
      archives.append(Self.files(folder))
    }
    #expect(!archives[0].isEmpty && archives[0] == archives[1])
  }

  @Test func archivesMergeInAnyOrderAndOnlyOnce() throws {
    let scratch = try Scratch()
    let (one, two) = (scratch.path + "/one", scratch.path + "/two")
    for (folder, seed) in [(one, "1"), (two, "2")] {
      let run = try Command.run(Self.search + ["--seed", seed, "--corpus", folder])
      #expect(run.code == 0, "\(run.errors)")
      #expect(try Command.run(["corpus", "verify", folder]).code == 0)
      #expect(Self.files(folder).keys.allSatisfy { $0.hasPrefix("maximal/") })
    }
    let (first, second) = (scratch.path + "/first", scratch.path + "/second")
    try Self.merge([one, two], into: first)
    try Self.merge([two], into: second)
    try Self.merge([one, two], into: second)
    let merged = Self.files(first)
    #expect(merged == Self.files(second))
    try Self.merge([one, first], into: first)
    #expect(merged == Self.files(first))
    // One program a kind of behaviour, from either side.
    let cells = merged.keys.map { ($0 as NSString).deletingLastPathComponent }
    #expect(Set(cells).count == cells.count)
    let both = Set(Self.files(one).keys).union(Self.files(two).keys)
    #expect(merged.count < both.count && both.isSuperset(of: merged.keys))
  }

  @Test func aLiarIsNotMerged() throws {
    let scratch = try Scratch()
    let folder = scratch.path + "/one"
    _ = try Command.run(Self.search + ["--seed", "1", "--corpus", folder])
    let (name, text) = try #require(Self.files(folder).min { $0.key < $1.key })
    let lines = text.split(separator: "\n").dropLast().map { line in
      line.hasPrefix("pages ") ? "pages 9999" : String(line)
    }
    let lie = lines.joined(separator: "\n") + "\n"
    _ = try scratch.file("one/" + name, ContentHash.sealed(lie))
    let run = try Command.run(["corpus", "merge", folder, "--corpus", scratch.path + "/target"])
    #expect(run.code == 3)
    #expect(run.errors.contains("pages is promised to be 9999"))
    #expect(try Command.run(["corpus", "verify", folder]).code == 1)
  }

  @Test func aKilledSearchGoesOnAndFindsTheSame() throws {
    let scratch = try Scratch()
    let whole = try Command.run(Self.search + ["--seed", "3", "--corpus", scratch.path + "/whole"])
    let folder = scratch.path + "/killed"
    let run = try Running(Self.search + ["--seed", "3", "--corpus", folder])
    run.waitForASave(in: folder + "/maximize")
    run.kill()
    let states = Self.files(folder).keys.filter { $0.hasSuffix(".campaign") }
    try #require(states.count == 1)
    let again = try Command.run(Self.search + ["--seed", "3", "--corpus", folder, "--jobs", "1"])
    #expect(again.errors.contains("going on from operation"))
    #expect(again.output == whole.output)
    func cells(_ folder: String) -> Set<String> {
      Set(Self.files(folder).keys.map { ($0 as NSString).deletingLastPathComponent })
    }
    #expect(cells(folder) == cells(scratch.path + "/whole"))
    // A state of something else is no state.
    let state = folder + "/" + states[0]
    try Data("something else".utf8).write(to: URL(filePath: state))
    let refused = try Command.run(Self.search + ["--seed", "3", "--corpus", folder])
    #expect(refused.code == 3)
    #expect(refused.errors.contains("expected the state of the search"))
  }
}
