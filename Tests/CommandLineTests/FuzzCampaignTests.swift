import ContentHash
import Foundation
import PoolFuzzing
import PoolTestSupport
import Testing

@testable import poolfuzz

/// `poolfuzz fuzz` as people run it overnight: the same findings however it is run, whatever is
/// done to it meanwhile.
struct FuzzCampaignTests {
  /// A campaign that finds something soon: two planted bugs' worth of failures in small traces.
  private static func arguments(
    _ corpus: String = "corpus", traces: Int = 64, jobs: Int = 1, seed: String = "5"
  ) -> [String] {
    [
      "fuzz", "--traces", "\(traces)", "--seed", seed, "--mutant", "free-not-counted",
      "--profile", "small-lists", "--profile", "tags", "--jobs", "\(jobs)", "--corpus", corpus,
      "--operations", "16", "--quiet",
    ]
  }

  /// Every file below a folder's `found`, with its text.
  private static func found(_ corpus: String) throws -> [String: String] {
    try Scratch.tree(corpus + "/found")
  }

  /// Every file that a campaign leaves in a folder, but for what its time and memory were.
  private static func left(_ folder: String) throws -> [String: String] {
    var files = try Scratch.tree(folder)
    #expect(files.removeValue(forKey: "corpus/fuzz/costs.json") != nil)
    return files
  }

  /// As many traces as were asked for, also where that is no whole number of batches.
  @Test(arguments: [1, 20]) func aCampaignRunsAsManyTracesAsItIsAskedFor(_ count: Int) throws {
    let scratch = try Scratch()
    let run = try Command.run([
      "fuzz", "--traces", "\(count)", "--seed", "3", "--operations", "16", "--corpus",
      scratch.path, "--json", "--quiet",
    ])
    let end = try JSONLine(try #require(run.lines.last))
    #expect(end.text("event") == "end")
    #expect((end.number("traces") ?? 0) + (end.number("canaries") ?? 0) == Double(count))
  }

  @Test func aSeedLeavesTheSameForAnyNumberOfJobs() throws {
    let scratch = try Scratch()
    let (one, two) = (try scratch.folder("one"), try scratch.folder("two"))
    for (folder, jobs) in [(one, 1), (two, 2)] {
      let run = try Command.run(Self.arguments(jobs: jobs), in: URL(filePath: folder))
      #expect(run.code == 1, "\(run.errors)")
    }
    let files = try Self.left(one)
    #expect(files == (try Self.left(two)))
    for part in ["corpus/found/", ".certificate"] {
      #expect(files.keys.contains { $0.contains(part) }, "\(part)")
    }
    for (name, text) in files where name.hasPrefix("corpus/found") && name.hasSuffix(".trace") {
      #expect(text.contains("# mutant: free-not-counted\n# replay: poolfuzz replay FILE\n"))
    }
    // A campaign that has ended leaves its report and nothing that would be gone on with.
    #expect(
      try Scratch.names(one + "/corpus/fuzz") == ["costs.json", "report.json", "report.md"])
  }

  @Test func seedAndProfilesComeFirstAndTheReportIsWritten() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let run = try Command.run([
      "fuzz", "--traces", "16", "--seed", "3", "--swarm", "--corpus", corpus, "--json",
      "--canary", "4", "--operations", "16",
    ])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.hasPrefix("seed 3, "))
    let line = try JSONLine(try scratch.text("corpus/fuzz/report.json"))
    #expect(line.number("canaries") == line.number("canaries_caught"))
    #expect(line.number("canaries") ?? 0 > 0)
    #expect(line.number("traces").map { $0 + (line.number("canaries") ?? 0) } == 16)
    let page = try scratch.text("corpus/fuzz/report.md")
    for part in ["Nothing was found", "What each profile did", "stopped being novel", "alarm"] {
      #expect(page.contains(part))
    }
    #expect(page.split(separator: "\n").count < 60)
  }

  /// Killed again and again, it ends with the files of a run that nobody disturbed.
  @Test func aKilledRunGoesOn() throws {
    let scratch = try Scratch()
    let (calm, killed) = (try scratch.folder("calm"), try scratch.folder("killed"))
    let options = ["--no-shrink", "--save-every", "0.05s"]
    let traces = 128
    let calmRun = try Command.run(
      Self.arguments(traces: traces, jobs: 2) + options, in: URL(filePath: calm))
    #expect(calmRun.code == 1)
    var resumed = 0
    for milliseconds in [5, 60] {
      let run = try Running(Self.arguments(traces: traces, jobs: 2) + options, in: killed)
      run.waitForASave(in: killed + "/corpus/fuzz")
      Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
      run.kill()
      if try run.errors().contains("going on from") { resumed += 1 }
    }
    let last = try Command.run(
      Self.arguments(traces: traces) + options, in: URL(filePath: killed))
    if last.errors.contains("going on from") { resumed += 1 }
    #expect(last.code == 1, "\(last.errors)")
    #expect(resumed > 0, "no run lived long enough to be gone on with")
    let files = try Self.left(calm)
    #expect(files.count > 3)
    #expect(files == (try Self.left(killed)))
  }

  /// The same for another allocator. What was filed before the kill is not told again, and counts.
  @Test func aKilledRunOnATargetGoesOn() throws {
    let scratch = try Scratch()
    let (calm, killed) = (scratch.path + "/calm", scratch.path + "/killed")
    func arguments(_ corpus: String) throws -> [String] {
      [
        "fuzz", "--target", try Command.product("libtarget-faulty.so"), "--traces", "120",
        "--target-option", "abort", "--seed", "1", "--no-shrink", "--save-every", "0.01s",
        "--corpus", corpus,
      ]
    }
    let whole = try Command.run(try arguments(calm))
    #expect(whole.code == 1)
    let run = try Running(try arguments(killed))
    run.waitForASave(in: killed + "/targets")
    run.kill()
    let states = try Scratch.names(killed + "/targets").filter { $0.hasSuffix(".campaign") }
    let state = "killed/targets/" + (try #require(states.first, "no run lived long enough"))
    let saved = try scratch.text(state)
    let last = try Command.run(try arguments(killed))
    #expect(last.code == 1, "\(last.errors)")
    #expect(last.errors.contains("going on from trace"))
    #expect(try Self.found(killed) == Self.found(calm))
    #expect(try Scratch.names(killed + "/targets") == [], "what has ended leaves no state")
    // A state of another library says nothing about this one; one that is no state is refused.
    let other = saved.replacing("content=", with: "content=0")
    for wrong in [other, saved.replacing("next", with: "")] {
      _ = try scratch.file(state, wrong)
      let refused = try Command.run(try arguments(killed))
      #expect(refused.code == 3, "\(refused.errors)")
      #expect(refused.errors.contains("expected the state of the target campaign"))
    }
  }

  /// A run that was killed has as long left as it had then; when its time is over, it is over.
  @Test func aKilledRunHasOnlyTheRestOfItsTime() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let arguments = [
      "fuzz", "--for", "10h", "--seed", "5", "--corpus", corpus, "--jobs", "1", "--operations",
      "16", "--save-every", "0.05s",
    ]
    let run = try Running(arguments)
    run.waitForASave(in: corpus + "/fuzz")
    run.kill()
    let folder = corpus + "/fuzz"
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: folder).first {
        $0.hasSuffix(".campaign")
      })
    func line(_ text: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix("run ") }.map(String.init)
    }
    let saved = try scratch.text("corpus/fuzz/\(name)")
    let before = try #require(line(saved))
    #expect(before != "run 0.0")
    try Data(Self.hashed(saved.replacing("\n\(before)\n", with: "\nrun 35999.9\n")).utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    let last = try Command.run(arguments)
    #expect(last.code == 0, "\(last.errors)")
    #expect(last.errors.contains("going on from"))
    #expect(line(try scratch.text("corpus/fuzz/\(name)")) == "run 0.0")
  }

  /// A state with the hash that belongs to what it says.
  private static func hashed(_ state: String) -> String {
    ContentHash.sealed(String(state.dropLast(22)))
  }

  /// A corpus that disappears is told and waited for, and what was found meanwhile is filed.
  @Test func aRemovedFolderIsWaitedFor() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let run = try Running(
      Self.arguments(corpus, traces: 192) + ["--no-shrink", "--save-every", "0.05s"])
    try run.waitForErrors("seed 5")
    // A folder that goes before the first state is saved is one that could not be begun in.
    func isSaved() -> Bool {
      let names = try? FileManager.default.contentsOfDirectory(atPath: corpus + "/fuzz")
      return names?.contains { $0.hasSuffix(".campaign") } ?? false
    }
    for _ in 0..<15_000 where !isSaved() { usleep(2000) }
    try #require(isSaved(), "a state is saved within half a minute")
    try FileManager.default.moveItem(atPath: corpus, toPath: scratch.path + "/away")
    try run.waitForErrors("No such file or directory")
    #expect(!FileManager.default.fileExists(atPath: corpus), "it must not make one of its own")
    try FileManager.default.moveItem(atPath: scratch.path + "/away", toPath: corpus)
    #expect(run.wait() == 1)
    #expect(try !Self.found(corpus).isEmpty)
  }

  /// Whether this process may mount a file system to fill up.
  static let canMount: Bool = {
    guard let scratch = try? Scratch(), let folder = try? scratch.folder("disk"),
      let run = try? Command.shell(
        "mount -t tmpfs -o size=64k none '\(folder)' && umount '\(folder)'")
    else { return false }
    return run.code == 0
  }()

  /// A full disk is told and waited for.
  @Test(.enabled(if: canMount, "no file system can be mounted here, so none can be filled up"))
  func aFullDiskIsWaitedFor() throws {
    let scratch = try Scratch()
    let disk = try scratch.folder("disk")
    #expect(try Command.shell("mount -t tmpfs -o size=256k none '\(disk)'").code == 0)
    defer { _ = try? Command.shell("umount '\(disk)'") }
    _ = try Command.shell("head -c 1000000 /dev/zero > '\(disk)/ballast' 2>/dev/null")
    let run = try Running(Self.arguments(disk) + ["--no-shrink"])
    try run.waitForErrors("No space left on device")
    try FileManager.default.removeItem(atPath: disk + "/ballast")
    #expect(run.wait() == 1)
    #expect(try !Self.found(disk).isEmpty)
  }

  @Test func anInterruptedRunIsGoneOnWithoutItsSeed() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let options = [
      "--profile", "small-lists", "--corpus", corpus, "--quiet", "--operations", "16",
    ]
    let run = try Running(["fuzz", "--forever", "--seed", "77"] + options)
    try run.waitForErrors("seed 77")
    Thread.sleep(forTimeInterval: 0.2)
    run.interrupt()
    #expect(run.wait() == 130)
    let again = try Command.run(["fuzz", "--for", "0.1s"] + options)
    #expect(again.errors.hasPrefix("seed 77, "))
    #expect(again.errors.contains("going on from"))
    #expect(again.code == 0)
  }

  @Test func aStateThatIsNoneIsRefused() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let options = [
      "--profile", "small-lists", "--corpus", corpus, "--quiet", "--seed", "7",
      "--operations", "16",
    ]
    let run = try Running(["fuzz", "--forever"] + options)
    try run.waitForErrors("seed 7")
    Thread.sleep(forTimeInterval: 0.1)
    run.interrupt()
    #expect(run.wait() == 130)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: corpus + "/fuzz")
        .first { $0.hasSuffix(".campaign") })
    let path = corpus + "/fuzz/" + name
    let text = try scratch.text("corpus/fuzz/" + name)
    var states = ["", "poolfuzz campaign 1\n", String(text.dropLast(8)), "x" + text]
    // What says that it is whole, and cannot be.
    for (line, other) in [
      ("next", "next 18446744073709551615"), ("canaries", "canaries 0 5"),
      ("seconds", "seconds nan"),
      ("seconds", "seconds -1"), ("run", "run inf"), ("profile", "profile"), ("kept", "kept"),
      ("signature", "signature zzzzzzzzzzzzzzzzzz"),
    ] {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.hasPrefix(line + " ") ? Substring(other) : $0
      }
      states.append(Self.hashed(lines.joined(separator: "\n")))
    }
    for bad in states {
      try Data(bad.utf8).write(to: URL(fileURLWithPath: path))
      let again = try Command.run(["fuzz", "--traces", "1"] + options)
      #expect(again.code == 3)
      #expect(again.errors.contains("remove the file to begin again"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bad.utf8), "left as it was")
    }
  }

  /// No byte of a saved state can be another one.
  @Test func everyByteOfAStateCounts() throws {
    let saved = SavedText(kind: "campaign", format: 1, plan: "a plan")
    let whole = Array(saved.text("next 3\nname ü\n").utf8)
    func read(_ bytes: [UInt8]) throws -> Bool {
      let scratch = try Scratch()
      let file = StateFile(base: scratch.path + "/s", saved: saved)
      try Data(bytes).write(to: URL(fileURLWithPath: file.path))
      return (try? file.load { $0 == "next 3\nname ü\n" ? true : false }) == true
    }
    #expect(try read(whole))
    for index in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[index] ^= 1 << bit
        #expect(try !read(bytes), "byte \(index), bit \(bit)")
      }
      #expect(try !read(Array(whole[..<index])), "cut at \(index)")
    }
  }
}
