import Foundation
import Platform
import PoolTestSupport
import Testing

/// What happens to a night's fuzzing besides fuzzing: full disks, killed workers, company.
struct BadNightTests {
  private static func arguments(_ corpus: String, seed: Int = 5) -> [String] {
    [
      "fuzz", "--traces", "32", "--seed", "\(seed)", "--mutant", "free-not-counted", "--profile",
      "small-lists", "--profile", "tags", "--jobs", "1", "--corpus", corpus, "--operations", "16",
      "--quiet",
    ]
  }

  /// A faulty allocator that ends its process, and what finds that out.
  private static func targetArguments(_ corpus: String) throws -> String {
    let library = try Command.executable().deletingLastPathComponent()
      .appending(path: "libtarget-faulty.so").path
    return
      "fuzz --target '\(library)' --target-option abort --mix small-lists --traces 40 --seed 1 --quiet"
      + " --corpus '\(corpus)'"
  }

  /// The names of the files below a folder.
  private static func files(_ folder: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
    return (names ?? []).sorted().filter {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder + "/" + $0, isDirectory: &isFolder)
      return !isFolder.boolValue
    }
  }

  // MARK: Full disks

  @Test(
    .enabled(
      if: FuzzCampaignTests.canMount,
      "no file system can be mounted here, so none can be filled up"))
  func aTargetsFindingIsToldWhereTheDiskIsFull() throws {
    let scratch = try Scratch()
    let disk = try scratch.folder("disk")
    #expect(try Command.shell("mount -t tmpfs -o size=64k none '\(disk)'").code == 0)
    defer { _ = try? Command.shell("umount '\(disk)'") }
    _ = try Command.shell("head -c 1000000 /dev/zero > '\(disk)/ballast' 2>/dev/null")
    let run = try Command.shell("\"$POOLFUZZ\" " + Self.targetArguments(disk))
    #expect(run.code == 1)
    #expect(run.errors.contains("No space left on device"))
    #expect(run.output.contains("# failure: target.crash-SIGABRT after alloc"))
    #expect(run.output.contains("\nalloc "))
    #expect(Self.files(disk) == ["ballast"])
  }

  /// Where shared memory is full, a worker shares a file of the next folder.
  @Test(
    .enabled(
      if: FuzzCampaignTests.canMount,
      "no file system can be mounted here, so none can be filled up"))
  func fullSharedMemoryIsAvoided() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let run = try Command.shell(
      """
      unshare -m sh -c 'mount -t tmpfs -o size=64k none /dev/shm || exit 99
      head -c 1000000 /dev/zero > /dev/shm/ballast 2>/dev/null
      exec "$@"' sh "$POOLFUZZ" \(try Self.targetArguments(corpus))
      """)
    #expect(run.code == 1, "\(run.errors)")
    #expect(Self.files(corpus).contains { $0.hasSuffix(".trace") })
  }

  // MARK: Killed workers

  /// The end of a name that a writer of this machine has left which is gone.
  private static let leftover: String = {
    let host = Machine.hostName.prefix(32).map {
      $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_"
    }
    return ".tmp-\(String(host))-99999999-5-a"
  }()

  /// What a worker that was killed in the middle of a write has left stands under no file's name;
  /// the next run clears it away and does what it would have done without.
  @Test func whatAKilledWriterLeftIsClearedAway() throws {
    let scratch = try Scratch()
    let (calm, killed) = (scratch.path + "/calm", scratch.path + "/killed")
    #expect(try Command.run(Self.arguments(calm)).code == 1)
    let files = Self.files(calm)
    for name in files {
      let half = killed + "/" + name + Self.leftover
      try FileManager.default.createDirectory(
        atPath: (half as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(scratch.text("calm/" + name).utf8.prefix(20)).write(to: URL(fileURLWithPath: half))
    }
    #expect(!files.isEmpty && Self.files(killed).count == files.count)
    #expect(try Command.run(Self.arguments(killed)).code == 1)
    #expect(Self.files(killed) == files)
    for name in files where name.hasPrefix("found/") {
      #expect(try scratch.text("killed/" + name) == scratch.text("calm/" + name), "\(name)")
    }
  }

  @Test func aTargetsKilledWorkerIsClearedUpBehind() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let half = corpus + "/found/libtarget-faulty.so/some-failure/1.trace" + Self.leftover
    try FileManager.default.createDirectory(
      atPath: (half as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data("half".utf8).write(to: URL(fileURLWithPath: half))
    #expect(try Command.shell("\"$POOLFUZZ\" " + Self.targetArguments(corpus)).code == 1)
    let files = Self.files(corpus)
    #expect(files.contains { $0.hasSuffix(".trace") })
    #expect(!files.contains { $0.contains(".tmp") })
  }

  // MARK: Company

  /// Workers with seeds of their own and one corpus meet the same bug at the same time: each
  /// failure's traces are whole, and there are no more of them than one worker would keep.
  @Test func workersThatFindTheSameBugAtOnceFileItOnce() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let runs = try (5..<7).map { try Running(Self.arguments(corpus, seed: $0)) }
    for run in runs {
      let code = run.wait()
      let errors = try run.errors()
      #expect(code == 1, "\(errors)")
    }
    #expect(!Self.files(corpus).contains { $0.contains(".tmp") })
    let verified = try Command.run(["corpus", "verify", corpus, "--quiet"])
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    // The same traces as one after the other: the names are hashes of what is in them.
    let alone = scratch.path + "/alone"
    for seed in 5..<7 { #expect(try Command.run(Self.arguments(alone, seed: seed)).code == 1) }
    let merged = [scratch.path + "/one", scratch.path + "/other"]
    for (source, target) in zip([corpus, alone], merged) {
      #expect(
        try Command.run(["corpus", "merge", source, "--corpus", target, "--quiet"]).code == 0)
    }
    #expect(!Self.files(merged[0]).isEmpty)
    #expect(Self.files(merged[0]) == Self.files(merged[1]))
  }

  /// Two workers with one seed and one corpus would do the same work twice: the second says so.
  @Test func twoWorkersDoNotShareACampaign() throws {
    let scratch = try Scratch()
    let corpus = scratch.path + "/corpus"
    let options = ["--profile", "small-lists", "--corpus", corpus, "--quiet", "--seed", "7"]
    let first = try Running(["fuzz", "--forever", "--save-every", "0.05s"] + options)
    // Whoever has saved holds the lock; before that the second could take it and end the first.
    first.waitForASave(in: corpus + "/fuzz")
    let second = try Command.run(["fuzz", "--traces", "1"] + options)
    #expect(second.code == 4)
    #expect(second.errors.contains("another process works on this campaign"))
    first.interrupt()
    #expect(first.wait() == 130)
  }
}
