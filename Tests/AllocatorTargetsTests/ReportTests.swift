import AllocatorTargets
import Foundation
import PoolTestSupport
import Testing

/// What is told and written about a failure of a target: by people, by programs, by a compiler.
@Suite(.serialized) struct ReportTests {
  private static let shown: Set<TargetRule> =
    TestScale.isWhole
    ? [
      .overlap, .alignment, .outside, .usableSize, .payload, .reallocContent, .zeroes, .overflow,
      .hugeSize, .servesNothing, .refusal, .fit, .refind, .emptied, .check, .creation, .crash,
      .doubleFree,
    ] : [.overlap, .alignment, .reallocContent, .overflow, .refind, .emptied, .crash, .doubleFree]

  private static func library() throws -> String { try Command.product("libtarget-faulty.so") }

  private static let include = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/include").path

  @Test(arguments: PlantedFault.all.filter { shown.contains($0.rule) } + [.threadCache])
  func aProgramInCShowsTheFailureAlone(_ fault: PlantedFault) throws {
    let scratch = try Scratch()
    let library = try Self.library()
    let trace = try scratch.file("it.trace", fault.trace + "\n")
    let run = try Command.run([
      "replay", "--target", library, "--target-option", "plant=\(fault.plant)", "--as-c", trace,
    ])
    #expect(run.code == 1)
    #expect(run.output.contains(fault.rule.sentence), "\(run.output)\(run.errors)")
    if fault.rule == .overlap {
      // A comment of four lines, what is included, and what there is to read.
      #expect(try scratch.text("it.c").split(separator: "\n").count <= 31)
    }
    let compiling =
      "clang -Wall -Wextra -Werror -I '\(Self.include)' it.c '\(library)' -o it -pthread"
      + " || exit 99; ./it"
    let faulty = try Command.shell(compiling, in: scratch.url)
    #expect(faulty.code == 1 || faulty.code > 128, "\(faulty.output)\(faulty.errors)")
    guard fault.rule != .doubleFree else { return }
    let mended = try Command.shell(
      "sed -i 's/\"plant=[a-z-]*\"/\"\"/' it.c && " + compiling, in: scratch.url)
    #expect(mended.code == 0, "\(mended.output)\(mended.errors)")
  }

  private func fuzz(_ plant: String, _ words: [String], traces: Int = 12, in scratch: Scratch)
    throws
    -> Command.Result
  {
    try Command.run(
      [
        "fuzz", "--target", try Self.library(), "--target-option", "plant=\(plant)",
        "--seed", "\(traces)", "--traces", "\(traces)", "--corpus", scratch.path + "/corpus",
      ] + words)
  }

  @Test func aFindingIsExplainedWhereItIs() throws {
    let scratch = try Scratch()
    let run = try fuzz("zeroes", ["--junit", scratch.path + "/it.xml", "--json"], in: scratch)
    #expect(run.code == 1, "\(run.errors)")
    #expect(run.output.contains("\"sentence\":\"Every byte of zeroed memory is zero.\""))
    #expect(run.output.contains("\"source\":\"C 7.24.3.2\""))
    let junit = try scratch.text("it.xml")
    #expect(junit.contains("<failure message=\"target.zeroes after zeroed\">"), "\(junit)")
    #expect(
      junit.contains(
        "name=\"No two live blocks share a byte, usable bytes counted.\"/>"), "\(junit)")
    let folder = scratch.path + "/corpus/found/libtarget-faulty.so/target.zeroes_after_zeroed"
    let name = try #require(try Scratch.names(folder).first { $0.hasSuffix(".trace") })
    let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    #expect(text.contains("# rule: Every byte of zeroed memory is zero. (C 7.24.3.2)"))
    #expect(text.contains("# seen operation 1: zeroed s0 "), "\(text)")
    #expect(text.contains(": the byte at offset 63 of the block at 0x"), "\(text)")
    // Known failures fail nothing, and what is not asked for is not judged.
    let known = try scratch.file("known", "# failure: target.zeroes after zeroed\n")
    #expect(try fuzz("zeroes", ["--baseline", known], in: scratch).code == 0)
    #expect(try fuzz("zeroes", ["--ignore", "zeroes"], in: scratch).code == 0)
    #expect(try fuzz("zeroes", ["--only", "overlap"], in: scratch).code == 0)
    #expect(try fuzz("zeroes", ["--only", "no-such"], in: scratch).code == 2)
  }

  /// What would be passed over in silence is refused.
  @Test func whatChoosesNothingIsRefused() throws {
    let scratch = try Scratch()
    for (line, words) in [
      ("# known\ntarget.zeros after zeroed", "line 2: expected 'target.RULE after CALL'"),
      ("target.zeros after zeroed", "did you mean 'zeroes'?"),
      ("target.zeroes", "found 'target.zeroes'"),
    ] {
      let run = try fuzz("zeroes", ["--baseline", try scratch.file("b", line)], in: scratch)
      #expect(run.code == 2 && run.errors.contains(words), "\(line): \(run.errors)")
    }
    let near = try fuzz("zeroes", ["--ignore", "emptyed"], in: scratch)
    #expect(near.code == 2 && near.errors.contains("did you mean 'emptied'?"), "\(near.errors)")
    #expect(!near.errors.contains("overlap"))
    let trace = try scratch.file("t.trace", "alloc a NonPaged 8 Test\n")
    for words in [
      ["fuzz", "--traces", "1", "--as-c"], ["fuzz", "--traces", "1", "--junit", "x"],
      ["fuzz", "--traces", "1", "--strict"], ["replay", "--as-c", trace],
      ["replay", "--junit", "x", trace], ["replay", "--ignore", "hang", trace],
    ] {
      let run = try Command.run(words)
      #expect(run.code == 2 && run.errors.contains("goes with --target LIBRARY"), "\(words)")
    }
  }

  /// The planted fault goes by the clock, as such faults do: once in thousands of runs it repeats by chance,
  /// and now and then a reduction of it takes a minute.
  @Test(.enabled(if: TestScale.isWhole, "long, and by the clock: POOLFUZZ_TESTS=all"))
  func whatDoesNotRepeatIsToldAndFailsNothing() throws {
    let scratch = try Scratch()
    let run = try fuzz("flaky", [], traces: 80, in: scratch)
    #expect(run.code == 0, "\(run.output)")
    #expect(run.errors.contains("flaky: target.crash-SIGABRT after"), "\(run.errors)")
    #expect(run.errors.contains("of 10 fresh processes"))
    let strict = try fuzz("flaky", ["--strict"], traces: 81, in: scratch)
    #expect(strict.code == 1, "\(strict.errors)")
  }

  /// A library that was compiled with an address sanitizer and writes behind a block of 64 bytes.
  @Test func aSanitizersReportIsAFinding() throws {
    let scratch = try Scratch()
    let source = """
      #include "poolfuzz_target.h"
      #include <stdlib.h>
      void poolfuzz_capabilities(struct poolfuzz_capabilities *c) { c->largest_alignment = 0; }
      void *poolfuzz_create(const struct poolfuzz_configuration *c) { return (void *)c->arena; }
      void *poolfuzz_allocate(void *a, uint32_t p, size_t bytes, uint32_t t, size_t l) {
        char *block = bytes > 4096 ? NULL : malloc(bytes);
        if (bytes == 64) block[bytes] = 1;
        return block;
      }
      void poolfuzz_free(void *a, void *block, uint32_t t) { free(block); }
      void poolfuzz_destroy(void *a) {}
      """
    _ = try scratch.file("it.c", source)
    let built = try Command.shell(
      "clang -w -g -fsanitize=address -shared-libasan -shared -fPIC -I '\(Self.include)' it.c -o it.so"
        + " && clang -print-file-name=libclang_rt.asan-$(uname -m).so", in: scratch.url)
    let runtime = built.output.split(separator: "\n").last.map(String.init) ?? ""
    guard built.code == 0, FileManager.default.fileExists(atPath: runtime) else {
      print("skipped: no address sanitizer to be shared: \(built.errors)")
      return
    }
    let trace = try scratch.file("it.trace", "alloc a NonPaged 64 Test\n")
    let words = ["replay", "--target", scratch.path + "/it.so", "--preload", runtime]
    let run = try Command.run(words + [trace])
    #expect(run.code == 1)
    #expect(
      run.output.contains("target.crash-AddressSanitizer-heap-buffer-overflow after alloc"),
      "\(run.output)\(run.errors)")
    #expect(run.output.contains("WRITE of size 1"), "\(run.output)")
    let other = try scratch.file("other.trace", "alloc a NonPaged 63 Test\nfree a\n")
    #expect(try Command.run(words + [other]).code == 0)
  }

  @Test func aCrashIsToldWithItsPlace() throws {
    let scratch = try Scratch()
    let fault = try #require(PlantedFault.all.first { $0.rule == .crash })
    let trace = try scratch.file("it.trace", fault.trace + "\n")
    let run = try Command.run([
      "replay", "--target", try Self.library(), "--target-option", "crash", trace,
    ])
    #expect(run.output.contains("the process got SIGSEGV at 0x8, in operation 11"), "\(run.output)")
    #expect(run.output.contains("  at libtarget-faulty.so+0x"), "\(run.output)")
  }

  private static let small = """
    #include "poolfuzz_target.h"
    #include <stdlib.h>
    static int seen;
    void poolfuzz_capabilities(struct poolfuzz_capabilities *c) { c->largest_alignment = 0; }
    void *poolfuzz_create(const struct poolfuzz_configuration *c) { seen = 0; return (void *)c->arena; }
    void *poolfuzz_allocate(void *a, uint32_t p, size_t bytes, uint32_t t, size_t l) {
      if (bytes == 64) seen = 1;
      if (bytes == 200) while (!seen) {}
      if (bytes == 200) abort();
      return malloc(bytes);
    }
    void poolfuzz_free(void *a, void *block, uint32_t t) { free(block); }
    void poolfuzz_destroy(void *a) {}
    """

  /// Without its first operation the trace hangs: a candidate that does costs its own time-out, not that of
  /// the trace, and is told of.
  @Test func aCandidateThatHangsCostsLittle() throws {
    let scratch = try Scratch()
    _ = try scratch.file("it.c", Self.small)
    let built = try Command.shell(
      "clang -w -shared -fPIC -I '\(Self.include)' it.c -o it.so", in: scratch.url)
    #expect(built.code == 0, "\(built.errors)")
    var settings = TargetSettings(library: scratch.path + "/it.so")
    (settings.timeoutSeconds, settings.candidateSeconds) = (10, 0.04)
    let tester = try TargetTester(settings, executable: try Command.product("poolfuzz"))
    var hung = 0
    tester.onCandidate = { hung = $1 }
    let trace = try TargetTrace.reading(
      "alloc a NonPaged 64 Test\nalloc b NonPaged 200 Test\n"
    ).trace
    let failure = try #require(try tester.test(trace))
    let began = ContinuousClock.now
    let reduced = try tester.shrink(trace, failure)
    #expect(reduced.trace.operations.count == 2 && hung > 0)
    #expect(ContinuousClock.now - began < .seconds(8))
  }

  /// A rule that the library has promised nothing for is not green.
  @Test func whatIsNotPromisedIsSkipped() throws {
    let scratch = try Scratch()
    let trace = try scratch.file("it.trace", "alloc a NonPaged 64 Test\nfree a\n")
    let run = try Command.run([
      "replay", "--target", "malloc", "--ignore", "hang", "--junit", scratch.path + "/it.xml",
      trace,
    ])
    #expect(run.code == 0, "\(run.errors)")
    let rows = try scratch.text("it.xml").split(separator: "\n")
    func row(_ rule: TargetRule) -> Substring {
      rows.first { $0.contains("classname=\"\(rule.rawValue)\"") } ?? ""
    }
    for rule in [TargetRule.overlap, .crash, .zeroes] {
      #expect(row(rule).hasSuffix("\"/>"), "\(rule)")
    }
    for rule in [TargetRule.walk, .check, .outside, .doubleFree, .resizeMoves] {
      #expect(row(rule).hasSuffix("<skipped message=\"not promised\"/></testcase>"), "\(rule)")
    }
    #expect(row(.hang).contains("<skipped message=\"not asked for\"/>"))
    #expect(rows.contains { $0.contains("failures=\"0\" skipped=\"") })
  }
}
