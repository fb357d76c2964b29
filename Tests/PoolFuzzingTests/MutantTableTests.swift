import Foundation
import KernelPool
import PoolFuzzing
import PoolInvariants
import PoolOracles
import PoolTrace
import PropertyTesting
import Testing

/// A short detection table: a planted bug of each mechanism, two seeds.
@Suite struct MutantTableTests {
  static let sample: [(mutant: Mutant, profile: String)] = [
    (.splitFrontKeepsNextPreviousSize, "small-lists"), (.remainderWrongList, "small-lists"),
    (.backwardMergeKeepsListEntry, "small-lists"), (.headInsertForgetsBack, "small-lists"),
    (.lookasideWrongPool, "lookasides"), (.lookasideTooDeep, "lookasides"),
    (.deferredLosesOldest, "deferred"), (.singlePageTooDeep, "pages"),
    (.runNoBackwardMerge, "pages"), (.bitmapKeepsEnd, "paged"), (.bigInUseNotLowered, "large"),
    (.trackerFreeNotCounted, "tags"), (.fragmentMarkedFree, "fragments"),
    (.quotaNotReturned, "types"), (.thresholdOneMore, "pages"), (.freeNotCounted, "general"),
    (.specialPoolGuardMapped, "special-pool"),
  ]

  @Test(arguments: sample.indices)
  func aPlantedBugIsFound(_ index: Int) throws {
    let (mutant, name) = Self.sample[index]
    let profile = try #require(GeneratorProfile.named(name))
    let row = MutantRow(mutant, profile, firstSeed: 1, seeds: 2, operationLimit: 4000)
    #expect(row.killedCount == 2, "\(mutant.rawValue)")
    #expect(!row.rules.isEmpty)
    #expect(row.quantile(50, \.executionCount) ?? 0 <= row.quantile(95, \.executionCount) ?? 0)
  }

  @Test func thereAreEnoughPlantedBugs() {
    #expect(Mutant.allCases.count > 80)
    #expect(Set(Mutant.allCases.map(\.mechanism)).count >= 18)
  }

  @Test func theHealthyModelIsNotFound() throws {
    let profile = try #require(GeneratorProfile.named("small-lists"))
    let trial = MutantTrial(.none, profile, seed: Seed(5), operationLimit: 300)
    #expect(!trial.isKilled)
    #expect(trial.trace == nil)
    #expect(trial.operationCount >= 300)
  }
}

/// A bug that a kernel once had, and a trace written by hand that shows what it came to.
@Suite struct OnceKnownBugTests {
  private static func read(_ name: String) throws -> String {
    try String(
      contentsOfFile: RegressionCorpusTests.folder + "/mutants/\(name).trace", encoding: .utf8)
  }

  @Test func aRunOfThreePagesIsListedAgain() throws {
    let text = try Self.read("run-of-three-stays")
    var (trace, _) = try PoolFuzzTrace.readingWithHeader(text)
    #expect(trace.configuration.mutant == .runOfThreeStays)
    // Without the rules of placement, which object to the same operation first.
    trace.configuration.oracles = .fullInvariants
    let rules = FuzzRun(trace).failure?.failures.map(\.rule) ?? []
    #expect(rules.contains(Invariant.runsList.rawValue), "\(rules)")
    trace.configuration.mutant = .none
    #expect(FuzzRun(trace).failure == nil)
    // What a driver sees of it, without any check: memory is there and the request comes to NULL.
    for mutant in [Mutant.none, .runOfThreeStays] {
      let operations = try TraceParser.operations(in: text)
      guard case .config(let machine)? = operations.first else { return }
      var session = try ReplaySession.boot(machine, level: .off, mutant: mutant)
      for operation in operations { _ = session.step(operation) }
      session.finish()
      let unmet = ReplayOutcome.expectation("slot four holds no allocation")
      #expect((session.outcome == unmet) == (mutant == .runOfThreeStays))
    }
  }
}

/// Every invariant is needed: a planted bug would get away without it, or its row says why another
/// one always objects too. The kept detection table is the evidence.
@Suite struct SoleKillingTests {
  /// The killings of the kept table.
  static let kept: [SoleKilling] = {
    let file = RegressionCorpusTests.folder + "/mutants/table.jsonl"
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").flatMap { line -> [SoleKilling] in
      guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
        let row = value as? [String: Any], let alone = row["alone"] as? [[String: Any]],
        let mutant = (row["mutant"] as? String).flatMap(Mutant.init(rawValue:)),
        let profile = row["profile"] as? String
      else { return [] }
      return alone.compactMap { killing in
        guard let rule = killing["rule"] as? String, let seed = killing["seed"] as? Int,
          let stream = killing["trace"] as? Int
        else { return nil }
        return SoleKilling(
          rule: rule, mutant: mutant, profile: profile, seed: Seed(UInt64(seed)),
          stream: UInt64(stream))
      }
    }
  }()

  @Test func everyInvariantKillsAloneOrSaysWhyNot() {
    #expect(Self.kept.count > 50)
    let problems = SoleKilling.problems(killers: Set(Self.kept.map(\.rule)))
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
  }

  /// What is missing is named, and so is what is too much.
  @Test func aWrongMatrixIsRefused() {
    let all = Set(Invariant.allCases.map(\.rawValue))
    #expect(SoleKilling.problems(killers: all) { _ in false }.isEmpty)
    #expect(SoleKilling.problems(killers: []) { _ in true }.isEmpty)
    #expect(
      SoleKilling.problems(killers: all.subtracting(["list.links"])) { _ in false }
        == ["list.links kills no planted bug alone, and nothing says why"])
    #expect(
      SoleKilling.problems(killers: all) { $0 == .listLinks }
        == ["list.links kills a planted bug alone: why it does not needs no explanation"])
  }

  /// A few killings, seen again; `poolfuzz mutants --sole` sees all of them again.
  @Test(arguments: ["counters.pages", "lookaside.depth", "tracker.row"])
  func aKillingIsSeenAgain(_ rule: String) throws {
    let killing = try #require(Self.kept.first { $0.rule == rule })
    #expect(killing.isConfirmed)
    let other = SoleKilling(
      rule: "list.links", mutant: killing.mutant, profile: killing.profile, seed: killing.seed,
      stream: killing.stream)
    #expect(!other.isConfirmed)
  }
}
