import Foundation
import PoolTestSupport
import PropertyTesting
import Testing

@testable import AllocatorTargets

/// Libraries that were compiled with counters: what traces reach of them is seen, kept, and followed.
@Suite struct GuidedTracesTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The museum's heap that guesses, compiled with counters of one kind or with none.
  private func library(_ counters: String?) throws -> String {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let words = counters.map { "-include poolfuzz_counters.h -fsanitize-coverage=\($0)" } ?? ""
    let built = try Command.shell(
      "clang -w -shared -fPIC -DFAULT=hands_out_twice -I Fuzz/include \(words)"
        + " Fuzz/museum/guesses.c -o '\(scratch.path)/it.so'", in: package)
    try #require(built.code == 0, "\(built.errors)")
    return scratch.path + "/it.so"
  }

  /// Requests of so many units each.
  private func trace(_ units: [UInt64]) -> TargetTrace {
    TargetTrace(
      operations: units.enumerated().map { .allocate(Slot($0.offset), $0.element * 16) })
  }

  @Test(arguments: ["inline-8bit-counters", "trace-pc-guard"])
  func whatIsReachedIsNewOnce(_ kind: String) throws {
    let tester = try TargetTester.of(try library(kind))
    func isNew(_ units: [UInt64]) throws -> Bool {
      #expect(try tester.test(trace(units), isCounted: true) == nil)
      return tester.hasReachedMore
    }
    #expect(try isNew([9]))
    #expect(try !isNew([9]))
    #expect(try !isNew([12]))
    // Each right guess is another place; so is the same one more often.
    for guesses in 2...4 as ClosedRange<UInt64> {
      let units = Array(9..<9 + guesses)
      #expect(try isNew(units), "\(guesses) guesses")
      #expect(try !isNew(units))
    }
    #expect(try tester.test(trace([9, 10, 11, 12, 13, 14]), isCounted: false) == nil)
    #expect(!tester.hasReachedMore, "nobody asked")
    #expect(try isNew([9, 10, 11, 12, 13, 14]))
  }

  /// What is kept is cut down to what it takes: one unit more with each request, and nothing beside.
  @Test func detoursAreLeftOut() throws {
    let tester = try TargetTester.of(try library("inline-8bit-counters"))
    #expect(try tester.test(trace([9, 30, 31, 20, 40]), isCounted: true) == nil)
    let free = TargetOperation.free(Slot(2))
    var long = trace([4, 40, 41, 9, 10, 11, 50, 20])
    long.operations.insert(free, at: 3)
    #expect(try tester.test(long, isCounted: true) == nil)
    #expect(tester.hasReachedMore)
    let small = try tester.withoutDetours(long)
    let bytes: [UInt64] = [144, 160, 176]
    #expect(small.operations.map(\.bytes) == bytes, "\(small.text())")
    // Looking for it is no reaching: the next one is new all the same.
    #expect(try tester.test(trace([9, 10, 11, 12]), isCounted: true) == nil)
    #expect(tester.hasReachedMore)
  }

  /// What a trace reaches that fails is no trace to be followed, and a library without counters guides nobody.
  @Test func nothingIsKeptOfFailuresAndWithoutCounters() throws {
    let counted = try TargetTester.of(try library("inline-8bit-counters"))
    #expect(
      try counted.test(trace([1, 2, 3, 4, 5, 6, 7, 8, 9]), isCounted: true)?.rule == .overlap)
    #expect(!counted.hasReachedMore)
    let plain = try TargetTester.of(try library(nil))
    #expect(try plain.test(trace([9]), isCounted: true) == nil)
    let traces = TargetTraces(seed: Seed(1), for: plain.capabilities)
    var guided = GuidedTraces(traces)
    guided.keep(trace([9]), isFirstThere: true)
    #expect(!plain.hasReachedMore && !guided.areGuided)
    for number in 0..<400 as Range<UInt64> {
      #expect(guided.trace(number) == traces.trace(number))
    }
  }

  /// The same seed keeps the same traces, and goes on from what was saved as if it had not been ended.
  @Test func whatIsKeptFollowsFromTheSeed() throws {
    let path = try library("inline-8bit-counters")
    func run(_ numbers: Range<UInt64>, after kept: [UInt64]) throws -> (kept: [UInt64], [String]) {
      let tester = try TargetTester.of(path)
      var guided = GuidedTraces(TargetTraces(seed: Seed(5), for: tester.capabilities))
      try guided.keepAgain(kept, tester)
      var (kept, texts) = (kept, [String]())
      for number in numbers {
        let trace = guided.trace(number)
        texts.append(trace.text())
        _ = try tester.test(trace, isCounted: true)
        guard tester.hasReachedMore else { continue }
        let isFirst = tester.hasReachedNewCode
        guided.keep(try tester.withoutDetours(trace), isFirstThere: isFirst)
        kept.append(number)
      }
      return (kept, texts)
    }
    let whole = try run(0..<90, after: [])
    let again = try run(0..<90, after: [])
    #expect(whole.kept == again.kept && whole.1 == again.1 && whole.kept.count > 5)
    let first = try run(0..<50, after: [])
    let second = try run(50..<90, after: first.kept)
    #expect(second.kept == whole.kept && first.1 + second.1 == whole.1)
    // Without what was kept, other traces follow.
    #expect(try run(50..<90, after: []).1 != second.1)
  }

  /// A library that has more counters than are looked at is said to, whatever reads or writes them.
  @Test func countersThatAreNotLookedAtAreSaidToBe() throws {
    let most = Int(TargetTester.mostCounters)
    let source = """
      #include <stddef.h>
      #include <stdint.h>
      #include <stdlib.h>
      static uint8_t counters[\(most + 3)];
      void poolfuzz_counters(uint8_t **start, size_t *count) { *start = counters, *count = sizeof counters; }
      void *malloc(size_t bytes);
      void *poolfuzz_create(void *c) { return counters; }
      void poolfuzz_destroy(void *a) {}
      size_t poolfuzz_usable_size(void *a, void *p) { return 16; }
      void poolfuzz_free(void *a, void *p, unsigned t) { free(p); }
      void *poolfuzz_allocate(void *a, unsigned p, size_t n, unsigned t, size_t l) {
        counters[\(most - 1)]++, counters[\(most + 2)]++;
        return n <= 16 ? malloc(16) : NULL;
      }
      """
    try Data(source.utf8).write(to: URL(filePath: scratch.path + "/many.c"))
    let built = try Command.shell(
      "clang -w -shared -fPIC many.c -o many.so", in: URL(filePath: scratch.path))
    try #require(built.code == 0, "\(built.errors)")
    let path = scratch.path + "/many.so"
    let tester = try TargetTester.of(path)
    #expect(try tester.test(trace([1]), isCounted: true) == nil)
    #expect(tester.hasReachedMore && tester.counterCount == UInt64(most + 3))
    let run = try Command.run(
      [
        "fuzz", "--target", path, "--traces", "2", "--corpus", scratch.path, "--mix", "large",
        "--only", "creation",
      ])
    #expect(run.errors.contains("3 of \(most + 3) counters of the target not looked at"), "\(run)")
  }

  @Test func countsAreToldApartByTheirSize() {
    var reached = ReachedCode()
    let news = [0, 1, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 127, 128, 255].map {
      !reached.takes([UInt8($0)]).new.isEmpty
    }
    let expected = [0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0].map { $0 == 1 }
    #expect(news == expected)
    let first: [Int: UInt8] = [1: 1]
    #expect(reached.takes([0, 1]).new == first)
    #expect(reached.takes([1, 1]).new.isEmpty)
    // What nobody had reached is worth more than what was reached more often.
    let (code, count): ([Int: UInt8], [Int: UInt8]) = ([2: 16], [1: 4])
    #expect(reached.takes([0, 2, 9]).new == code)
    #expect(reached.takes([0, 3]).new == count)
  }
}
