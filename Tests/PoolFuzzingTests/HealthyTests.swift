import Foundation
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTestSupport
import PoolTrace
import PropertyTesting
import Testing

@testable import PropertyChecks

/// No alarm on healthy operations, and alarms where a bug is planted.
@Suite struct HealthyTests {
  static func trace(
    _ profile: GeneratorProfile, seed: UInt64, count: Int, mutant: Mutant = .none
  ) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: Seed(seed))
    var trace = PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
    trace.configuration.mutant = mutant
    return trace
  }

  @Test(arguments: GeneratorProfile.all.map(\.name))
  func noFalseAlarm(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    for seed in 0..<TestScale.count(2, all: 40) {
      let trace = Self.trace(profile, seed: UInt64(seed), count: TestScale.count(20, all: 60))
      let failure = TraceRunner<CheckedPool>().run(trace).failure
      #expect(failure == nil, "seed \(seed): \(failure.map { "\($0)" } ?? "")\n\(trace.text())")
      if failure != nil { break }
    }
  }

  /// The same on traces that no commit before this one has tried.
  @Test(arguments: GeneratorProfile.all.map(\.name))
  func noFalseAlarmOnTheCommitsOwnSeed(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    let (seed, words) = CommitSeed.current
    var choices = RandomChoices(seed: seed)
    let trace = PoolTraceGenerator.trace(profile, operationCount: 12, choices: &choices)
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(words) \(failure.map { "\($0)" } ?? "")\n\(trace.text())")
  }

  /// The same by the library's front door, on machines as it draws them. What fails is kept, and tried
  /// first from then on.
  @Test(.properties(kept: "../../Corpus/found")) func theLibraryFindsNothing() {
    let settings = PropertySettings(
      seed: CommitSeed.current.seed, traceCount: 4, operationLimit: 20)
    Property(CheckedPool.self, PoolTraceModel.self, settings).check(keepingAs: .traceFile)
  }

  /// A trace of a planted bug that lies in that folder fails before anything is generated, and one that
  /// nobody can read is an issue too.
  @Test(
    .compactMapIssues { issue in
      issue.comments.contains { $0.rawValue.contains("/CheckedPool/a.trace") } ? nil : issue
    })
  func keptTracesOfThePoolAreTriedFirst() throws {
    let scratch = try Scratch()
    func check() -> PropertyFailureSource? {
      let settings = PropertySettings(traceCount: 0, shrinking: .off)
      return PropertyOptions.$ofTraits.withValue(PropertyOptions(kept: scratch.path)) {
        Property(CheckedPool.self, PoolTraceModel.self, settings).check(keepingAs: .traceFile)?
          .source
      }
    }
    #expect(check() == nil)
    let text = "alloc s0 NonPaged 1000 Test\nalloc s1 NonPaged 1000 Test\nfree s1\nfree s0\n"
    var trace = try PoolFuzzTrace.reading(text)
    try FileManager.default.createDirectory(
      at: scratch.url.appending(path: "CheckedPool"), withIntermediateDirectories: true)
    for (mutant, source) in [(Mutant.none, nil), (.noForwardMerge, .kept(index: 0))]
      as [(Mutant, PropertyFailureSource?)]
    {
      trace.configuration.mutant = mutant
      let file = TraceFormat.traceFile.write(trace)
      #expect(try TraceFormat.traceFile.read(file) == trace)
      _ = try scratch.file("CheckedPool/a.trace", file)
      #expect(check() == source)
    }
  }

  /// The commit is really found, in a repository and in a further worktree of one.
  @Test func theCommitIsFound() throws {
    let scratch = try Scratch()
    let folder = scratch.url
    func write(_ text: String, _ path: String) throws {
      let url = folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    let (first, second) = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
    try write("ref: refs/heads/main\n", "one/.git/HEAD")
    try write(first + "\n", "one/.git/refs/heads/main")
    #expect(CommitSeed.head(of: folder.appending(path: "one")) == first)
    try write("# pack-refs\n\(second) refs/heads/other\n", "one/.git/packed-refs")
    try write("ref: refs/heads/other\n", "one/.git/worktrees/two/HEAD")
    try write("../..\n", "one/.git/worktrees/two/commondir")
    try write("gitdir: \(folder.path)/one/.git/worktrees/two\n", "two/.git")
    #expect(CommitSeed.head(of: folder.appending(path: "two")) == second)
    #expect(CommitSeed.head(of: folder.appending(path: "three")) == nil)
    #expect(try Seed(parsing: first).value != Seed(parsing: second).value)
  }

  @Test(arguments: MetamorphicLaw.allCases)
  func metamorphicLawsHold(_ law: MetamorphicLaw) {
    for (index, profile) in GeneratorProfile.healthy.enumerated() {
      let trace = Self.trace(profile, seed: UInt64(100 + index), count: 80)
      let breach = law.breach(of: trace)
      #expect(breach == nil, "\(breach ?? "")")
    }
  }
}
