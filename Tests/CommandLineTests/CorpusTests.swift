import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz corpus`: folders of traces are listed, proved again, merged and kept small.
struct CorpusTests {
  /// A failing trace of a planted bug, as it is filed, with padding that makes it longer.
  private static func failing(_ padding: Int, _ failure: String = "counters.outstanding") -> String
  {
    let more = (0..<padding).map { "alloc p\($0) NonPaged 8 Test\n" }.joined()
    return "# failure: \(failure) after free\n# mutant: free-not-counted\n"
      + "config profile=windows-2003-x86 lookaside=0\n" + more
      + "alloc a NonPaged 8 Test\nfree a\n"
  }

  /// A corpus folder with files; the paths are below it.
  private static func corpus(
    _ scratch: Scratch, _ name: String, _ files: [String: String]
  ) throws -> String {
    for (path, text) in files {
      let folder = name + "/" + (path as NSString).deletingLastPathComponent
      _ = try scratch.folder(folder)
      _ = try scratch.file(name + "/" + path, text)
    }
    return scratch.path + "/" + name
  }

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

  @Test func listNamesEveryTrace() throws {
    let scratch = try Scratch()
    let folder = try Self.corpus(
      scratch, "c", ["found/x/1.trace": Self.failing(2), "incident/b.trace": Traces.healthy])
    let run = try Command.run(["corpus", "list", folder, "--json"])
    #expect(run.code == 0)
    let lines = try JSONLine.all(run.output)
    #expect(lines.map { $0.text("folder") } == ["found", "incident"])
    #expect(lines.map { $0.number("operations") } == [4, 3])
    #expect(lines[0].text("identity") == "counters.outstanding after free")
    #expect(lines[1].isNull("identity"))
    #expect(try Command.run(["corpus", "list", scratch.path + "/none"]).code == 4)
  }

  /// A campaign that nobody names a folder leaves everything in one of its own, which a checkout has
  /// nothing in and does not keep, and `corpus` looks there.
  @Test func nothingIsFiledAmongWhatTheRepositoryKeeps() throws {
    let scratch = try Scratch()
    let run = try Command.run(
      ["fuzz", "--traces", "1", "--jobs", "1", "--seed", "1", "--mutant", "free-not-counted"]
        + ["--no-shrink", "--keep"], in: scratch.url)
    #expect(run.code == 1, "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["findings"])
    let list = try Command.run(["corpus", "list", "--json"], in: scratch.url)
    #expect(try JSONLine.all(list.output).map { $0.text("folder") }.contains("found"))
    let ignored = try String(
      contentsOf: Manual.package.appendingPathComponent(".gitignore"), encoding: .utf8)
    #expect(ignored.split(separator: "\n").contains("/findings"))
  }

  /// A link to nothing, text that is no trace and a certificate that is none keep no other file from
  /// being listed, verified and merged; they are named, left where they lie, and the code tells.
  @Test func oneBadFileCostsNothingButItself() throws {
    let scratch = try Scratch()
    let folder = try Self.corpus(
      scratch, "c",
      [
        "found/x/1.trace": Self.failing(2), "kept/a.trace": Traces.healthy,
        "kept/bad.trace": "alloc\n", "found/x/2.trace": Self.failing(1),
        "found/x/2.certificate": "nothing\n",
      ])
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/kept/link.trace", withDestinationPath: "nowhere")
    let list = try Command.run(["corpus", "list", folder])
    #expect(list.code == 4)
    #expect(list.lines.count == 3 && list.lines.last == "2 traces")
    #expect(list.errors.contains("kept/link.trace: No such file or directory"))
    #expect(list.errors.contains("found/x/2.certificate: "))
    let verify = try Command.run(["corpus", "verify", folder])
    #expect(verify.code == 4)
    #expect(verify.output.contains("kept/a.trace: holds"))
    #expect(verify.errors.contains("kept/link.trace: No such file or directory"))
    let target = scratch.path + "/merged"
    let merge = try Command.run(["corpus", "merge", folder, "--corpus", target])
    #expect(merge.code == 4)
    #expect(merge.errors.contains("kept/bad.trace:1:6: "))
    let merged = Self.files(target)
    #expect(merged.values.contains(Traces.healthy) && merged.values.contains(Self.failing(2)))
    let before = Self.files(folder)
    #expect(try Command.run(["corpus", "minimize", folder]).code == 4)
    let after = Self.files(folder)
    #expect(after["kept/bad.trace"] == before["kept/bad.trace"])
  }

  /// What nobody can judge is no failure, whatever its name is the hash of.
  @Test func anotherAllocatorsTraceIsNotJudgedByItsName() throws {
    let scratch = try Scratch()
    let folder = try Self.corpus(
      scratch, "c",
      ["0123456789abcdef.trace": "# target: ./libx.so\nalloc a NonPaged 8 Test\nfree a\n"])
    let run = try Command.run(["corpus", "verify", folder])
    #expect(run.code == 3 && run.output.contains("not judged"), "\(run)")
  }

  @Test func verifyBelievesNothing() throws {
    let scratch = try Scratch()
    func code(_ text: String, certificate: String? = nil) throws -> Int32 {
      let name = UUID().uuidString
      var files = ["found/x/1.trace": text]
      files["found/x/1.certificate"] = certificate
      let folder = try Self.corpus(scratch, name, files)
      return try Command.run(["corpus", "verify", folder]).code
    }
    #expect(try code(Self.failing(0)) == 0)
    #expect(try code(Self.failing(0, "live.pattern")) == 1)
    #expect(try code(Traces.healthy) == 0)
    #expect(try code(Traces.overrun) == 1)
    #expect(try code(Traces.healthy + "expect null a\n") == 1)
    #expect(try code("nonsense\n") == 3)
    #expect(try code(Self.failing(0), certificate: "nonsense\n") == 3)
    // A certificate of another trace, and one that says what is not so.
    let trace = try scratch.file("t.trace", Self.failing(3))
    #expect(try Command.run(["shrink", trace, "--quiet"]).code == 1)
    let minimal = try scratch.text("t.min.trace")
    let certificate = try scratch.text("t.min.certificate")
    #expect(try code(minimal, certificate: certificate) == 0)
    #expect(try code(Self.failing(1), certificate: certificate) == 1)
    let lie = certificate.replacingOccurrences(
      of: "without it: passes", with: "without it: fails the same")
    #expect(lie != certificate)
    #expect(try code(minimal, certificate: lie) != 0)
  }

  /// Merging twice changes nothing, nor does the other order, and what two folders have counts once.
  @Test func mergingIsAUnion() throws {
    let scratch = try Scratch()
    let failure = "counters.outstanding_after_free"
    func place(_ number: Int) -> String { "found/\(failure)/\(number).trace" }
    let first = try Self.corpus(
      scratch, "first",
      [place(1): Self.failing(1), place(2): Self.failing(2), place(3): Self.failing(3)])
    let second = try Self.corpus(
      scratch, "second",
      [
        place(9): Self.failing(3), place(4): Self.failing(4), place(5): Self.failing(5),
        "maximal/a.trace": Traces.healthy,
      ])
    let (one, two) = (scratch.path + "/one", scratch.path + "/two")
    let run = try Command.run(["corpus", "merge", first, second, "--corpus", one, "--json"])
    #expect(run.code == 0)
    let line = try #require(try JSONLine.all(run.output).first { $0.text("folder") == "found" })
    #expect(line.number("traces") == 6)
    #expect(line.number("duplicates") == 1)
    #expect(line.number("kept") == 4)
    #expect(line.number("added") == 4)
    #expect(run.errors.contains("maximal"))
    #expect(try Command.run(["corpus", "merge", second, "--corpus", two]).code == 0)
    #expect(try Command.run(["corpus", "merge", first, "--corpus", two]).code == 0)
    let files = Self.files(one)
    #expect(files.count == 4)
    #expect(files == Self.files(two))
    let again = try Command.run(["corpus", "merge", first, second, "--corpus", one, "--json"])
    #expect(
      try JSONLine.all(again.output).first { $0.text("folder") == "found" }?.number("added") == 0)
    #expect(files == Self.files(one))
    // The shortest are kept.
    #expect(!files.values.contains(Self.failing(5)))
    #expect(files.values.contains(Self.failing(1)))
  }

  /// Minimizing keeps every behaviour; what shows nothing of its own goes.
  @Test func minimizingKeepsEveryFeature() throws {
    let scratch = try Scratch()
    let config = "config profile=windows-2003-x86 lookaside=0\n"
    let small = config + "alloc a NonPaged 8 Test\n"
    let large = small + "free a\n"
    let other = config + "alloc a Paged 8192 Test\nfree a\n"
    let folder = try Self.corpus(
      scratch, "c",
      [
        "kept/1.trace": small, "kept/2.trace": large, "kept/3.trace": other,
        "incident/4.trace": small,
      ])
    let dry = try Command.run(["corpus", "minimize", folder, "--dry-run"])
    #expect(dry.code == 0)
    #expect(Self.files(folder).count == 4)
    #expect(try Command.run(["corpus", "minimize", folder]).code == 0)
    let files = Self.files(folder)
    #expect(Set(files.values) == [small, large, other])
    #expect(files["incident/4.trace"] == small)
    #expect(files.count == 3)
    #expect(try Command.run(["corpus", "minimize", folder]).code == 0)
    #expect(files == Self.files(folder))
  }

  @Test func nonsenseIsRefused() throws {
    #expect(try Command.run(["corpus"]).code == 2)
    #expect(try Command.run(["corpus", "burn"]).code == 2)
    #expect(try Command.run(["corpus", "merge"]).code == 2)
    let scratch = try Scratch()
    let folder = try Self.corpus(scratch, "c", ["kept/1.trace": "nonsense\n"])
    #expect(try Command.run(["corpus", "minimize", folder]).code == 3)
  }
}
