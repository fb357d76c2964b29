import AllocatorTargets
import Foundation
import PropertyTesting
import Testing

/// Whatever an allocator does to its process is contained, named, and followed by the next trace.
@Suite(.serialized) struct BadDayTests {
  /// What a faulty allocator does, and the rule under which it is reported.
  static let misdeeds: [(option: String, rule: TargetRule)] = [
    ("hang", .hang), ("sleep", .hang), ("crash", .crash), ("abort", .crash), ("exit", .exit),
    ("print", .output), ("stack", .stack), ("leak", .leak), ("grow", .growth), ("wild", .crash),
  ]

  /// Ten requests, then the one at which the faulty allocator misbehaves.
  private func trace(lastBytes: UInt64) -> TargetTrace {
    var operations = (0..<10).map { TargetOperation.allocate(Slot($0), 40) }
    operations.append(.allocate(Slot(10), lastBytes))
    operations.append(.free(Slot(10)))
    return TargetTrace(operations: operations)
  }

  @Test(arguments: misdeeds)
  func aMisdeedIsContainedAndNamed(_ option: String, _ rule: TargetRule) throws {
    let seconds = rule == .hang ? 0.2 : 30
    let tester = try TargetTester.of("target-faulty", option: option, timeoutSeconds: seconds)
    let failure = try tester.test(trace(lastBytes: 1500))
    #expect(failure?.rule == rule, "\(option): \(failure.debugDescription)")
    if [.hang, .crash, .exit, .stack].contains(rule) { #expect(failure?.step == 10) }
    // Life goes on, in a process that knows nothing of the last one.
    #expect(try tester.test(trace(lastBytes: 500)) == nil)
    #expect(try tester.test(trace(lastBytes: 1500))?.rule == rule)
    #expect(tester.lostProcessCount >= 1)
  }

  /// What is handed over together is told apart: each trace gets the verdict that it gets by itself, whether the
  /// worker notices it, its end does, or the judge.
  @Test(
    arguments: misdeeds.filter { !["sleep", "grow", "leak"].contains($0.option) }.map(\.option)
      + ["plant=overlap", "plant=check", "none"])
  func aBatchSaysOfEachTraceWhatItIsByItself(_ option: String) throws {
    let (good, bad) = (trace(lastBytes: 500), trace(lastBytes: 1500))
    let traces = [good, good, bad, good, bad, bad] + Array(repeating: good, count: 17) + [bad]
    let seconds = option == "hang" ? 0.2 : 30
    let single = try TargetTester.of("target-faulty", option: option, timeoutSeconds: seconds)
    let expected = try traces.map { try single.test($0) }
    let tester = try TargetTester.of("target-faulty", option: option, timeoutSeconds: seconds)
    var found: [TargetFailure?] = []
    while found.count < traces.count {
      let (passed, failure) = try tester.test(Array(traces[found.count...]))
      found += Array(repeating: nil, count: passed)
      if let failure { found.append(failure) }
    }
    #expect(found.map { $0?.rule } == expected.map { $0?.rule })
    #expect(found.map { $0?.step } == expected.map { $0?.step })
    #expect(tester.lostProcessCount == single.lostProcessCount)
  }

  @Test func aLibraryThatIsNoneIsRefusedInWords() throws {
    for library in ["/nonexistent/library.so", "libm.so.6", "/etc/passwd"] {
      #expect(throws: TargetError.self) { _ = try TargetTester.of(library) }
    }
  }

  @Test func librariesOfTheSystemAreTestedWhereTheyAreInstalled() throws {
    for library in ["libmimalloc.so.2", "libjemalloc.so.2"] {
      guard
        let path = ["/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/"]
          .map({ $0 + library }).first(where: FileManager.default.fileExists)
      else {
        print("skipped: \(library) is not installed")
        continue
      }
      let tester = try TargetTester.of(path)
      let traces = TargetTraces(seed: Seed(3), for: tester.capabilities)
      for number in 0..<30 as Range<UInt64> {
        let failure = try tester.test(traces.trace(number))
        #expect(failure == nil, "\(library) \(number): \(failure.debugDescription)")
      }
    }
  }
}
