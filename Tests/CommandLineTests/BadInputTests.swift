import Foundation
import PoolTestSupport
import PropertyTesting
import Testing

/// Traces and files that cannot be replayed.
struct BadInputTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: [
    ("alloc a NonPaged 8 Abcd\nalloc b Nowhere 8 Abcd\n", "2:9: expected"),
    ("config format=2\n", "1:15: expected a trace of format 1"),
    ("alloc a NonPaged 100 A\u{1}bc\n", "1:22: expected a tag in quotes"),
    ("alloc a NonPaged 8 Abcd\nend\n", "2:1: expected an operation"),
    ("config nonpaged_pages=99999999999\n", "1:23: expected 1...4294967295"),
    ("config nonpaged_pages=2000000\n", "1:8: expected nonpaged_pages that fit"),
  ])
  func aMalformedTraceIsNamedByPlace(_ text: String, _ message: String) throws {
    let path = try scratch.file("bad.trace", text)
    let run = try Command.run(["replay", path])
    #expect(run.code == 3)
    #expect(run.errors.hasPrefix("poolfuzz: \(path):\(message)"))
  }

  @Test func jsonTellsOfAMalformedTraceToo() throws {
    let good = try scratch.file("good.trace", Traces.healthy)
    let bad = try scratch.file("bad.trace", "nonsense\n")
    let run = try Command.run(["replay", "--json", bad, good])
    #expect(run.code == 3)
    let lines = try JSONLine.all(run.output)
    #expect(lines.map { $0.text("outcome") } == ["error", "ok"])
    #expect(lines[0].text("message")?.contains("bad.trace:1:1: ") == true)
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func randomBytesAreRefused(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let bytes = (0..<100_000).map { _ in UInt8(random.next(below: 256)) }
    let run = try Command.run(["replay", try scratch.file("random.trace", bytes)])
    #expect(run.code == 3)
    #expect(run.errors.contains("random.trace:"))
    #expect(run.errors.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0A })
  }

  /// A trace is refused as soon as its line is too long, however long it is.
  @Test func aLineOfTwoGigabytesIsRefused() throws {
    let path = try scratch.sparseFile("long.trace", byteCount: 2 << 30)
    let run = try Command.shell("ulimit -v 2000000; exec \"$POOLFUZZ\" replay '\(path)'")
    #expect(run.code == 3)
    #expect(run.errors.contains("long.trace:1:1048577: expected a line of at most 1048576 bytes"))
  }

  /// A batch goes on behind the line and so reads all of it: 64 MiB, or as many bytes as the
  /// environment says (`POOLFUZZ_LONG_LINE_BYTES=2147483648`).
  @Test func aBatchPassesOverALongLineInLittleMemory() throws {
    let wanted = ProcessInfo.processInfo.environment["POOLFUZZ_LONG_LINE_BYTES"]
    let bytes = wanted.flatMap { UInt64($0) } ?? 64 << 20
    let path = try scratch.sparseFile("long.trace", byteCount: bytes)
    let rest = try scratch.file("rest.trace", "\nend\nalloc a NonPaged 8 Abcd\nend\n")
    let run = try Command.shell(
      "ulimit -v 2000000; cat '\(path)' '\(rest)' | \"$POOLFUZZ\" replay --batch")
    #expect(run.code == 3)
    #expect(try JSONLine.all(run.output).map { $0.text("outcome") } == ["error", "ok"])
  }

  @Test func filesThatCannotBeReadAreTheEnvironments() throws {
    let missing = try Command.run(["replay", scratch.path + "/missing.trace"])
    #expect(missing.code == 4)
    #expect(missing.errors.contains("missing.trace: No such file or directory"))
    // Opens, but no byte of it can be read, not even by an administrator.
    let unreadable = try Command.run(["replay", "/proc/self/mem"])
    #expect(unreadable.code == 4)
    #expect(unreadable.errors.contains("/proc/self/mem: "))
    for verb in ["diff", "whatif"] {
      let run = try Command.run([verb, scratch.path + "/no", "--profile", "windows-7-x86"])
      #expect(run.code == 4)
    }
  }

  @Test func aFileWithoutPermissionIsTheEnvironments() throws {
    let path = try scratch.file("secret.trace", Traces.healthy)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    let run = try Command.run(["replay", path])
    // An administrator may read it all the same.
    #expect(run.code == (geteuid() == 0 ? 0 : 4))
  }

  @Test func oneBadFileKeepsNoOtherFromBeingReplayed() throws {
    let good = try scratch.file("good.trace", Traces.healthy)
    let run = try Command.run(["replay", scratch.path + "/missing.trace", good])
    #expect(run.code == 4)
    #expect(run.output.contains("good.trace: ok, 3 operations"))
  }

  @Test func aFolderStandsForItsTraces() throws {
    let folder = try scratch.folder("traces")
    _ = try scratch.folder("traces/deeper")
    _ = try scratch.file("traces/b.trace", Traces.healthy)
    _ = try scratch.file("traces/deeper/a.trace", Traces.healthy)
    _ = try scratch.file("traces/readme.txt", "no trace")
    let run = try Command.run(["replay", folder])
    #expect(run.code == 0)
    #expect(run.lines.map { $0.split(separator: ":")[0].suffix(7) } == ["b.trace", "a.trace"])
    let empty = try Command.run(["replay", try scratch.folder("empty")])
    #expect(empty.code == 3)
    #expect(empty.errors.contains("no .trace file below"))
  }
}
