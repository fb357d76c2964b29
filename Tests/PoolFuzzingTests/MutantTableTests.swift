import KernelPool
import PoolFuzzing
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
