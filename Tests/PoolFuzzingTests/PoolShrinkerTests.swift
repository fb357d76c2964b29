import KernelPool
import PoolFuzzing
import PropertyTesting
import Testing

@Suite struct PoolShrinkerTests {
  private func failing(_ mutant: Mutant, _ name: String) throws -> PoolFuzzTrace {
    let profile = try #require(GeneratorProfile.named(name))
    let trial = MutantTrial(mutant, profile, seed: Seed(2), operationLimit: 20_000)
    return try #require(trial.trace)
  }

  @Test(arguments: [
    (Mutant.freeNotCounted, "small-lists", 2), (Mutant.keepsFreePage, "small-lists", 2),
    (Mutant.quotaNotReturned, "types", 2),
  ])
  func aFailureIsReducedToItsCore(_ mutant: Mutant, _ name: String, _ most: Int) throws {
    let trace = try failing(mutant, name)
    let identity = try #require(PoolShrinker.identity(of: trace))
    let outcome = PoolShrinker.shrink(
      trace, identity, budget: ShrinkBudget(executionLimit: 400))
    #expect(outcome.trace.operations.count <= most, "\(outcome.trace.text())")
    #expect(outcome.isOneMinimal)
    let found = FoundTrace(outcome.trace, identity, outcome.certificate)
    let again = try FoundTrace(
      text: found.text, certificate: outcome.certificate.map { "\($0)" })
    // A file is judged with what follows after misuse.
    var filed = outcome.trace
    filed.configuration.oracles = .replayed
    #expect(again.trace == filed)
    #expect(again.identity == identity)
    let discrepancies = try #require(again.certificate).discrepancies(
      for: again.trace, execute: PoolShrinker.execute)
    #expect(discrepancies.isEmpty, "\(discrepancies)")
  }

  /// What the model taken for healthy shows too is its own failure, in triage and in every step of a
  /// reduction.
  @Test func aFaultOfTheHealthyModelIsNotTheBugs() throws {
    func trace(_ type: String, fault: Mutant) throws -> PoolFuzzTrace {
      var trace = try PoolFuzzTrace.reading(
        """
        config lookaside=0
        alloc a \(type) 24 Test
        alloc b NonPaged 40 Test
        free b
        free a
        """, mutant: .freeNotCounted)
      trace.configuration.faultOfHealthyModel = fault
      return trace
    }
    let charged = try trace("NonPaged+Quota", fault: .none)
    let blamed = try #require(PoolShrinker.triage(charged))
    #expect(blamed.trace.configuration.mutant == .freeNotCounted)
    #expect(blamed.identity == FailureIdentity("counters.outstanding after free"))
    let faulty = try trace("NonPaged+Quota", fault: .quotaNotReturned)
    let apart = try #require(PoolShrinker.triage(faulty))
    #expect(apart.trace.configuration.mutant == .quotaNotReturned)
    #expect(apart.identity != blamed.identity)
    #expect(
      PoolShrinker.identity(of: faulty)
        == FailureIdentity("\(PoolShrinker.healthyPrefix)\(apart.identity)"))
    let outcome = PoolShrinker.shrink(
      try trace("NonPaged", fault: .quotaNotReturned), blamed.identity,
      budget: ShrinkBudget(executionLimit: 400))
    #expect(outcome.isOneMinimal)
    #expect(PoolShrinker.healthyIdentity(of: outcome.trace) == nil)
  }

  @Test func aWrongCertificateIsRefused() throws {
    let trace = try PoolFuzzTrace.reading(
      "alloc a NonPaged 8 Test\nfree a\n", mutant: .freeNotCounted)
    let identity = try #require(PoolShrinker.identity(of: trace))
    let longer = try PoolFuzzTrace.reading(
      "alloc a NonPaged 8 Test\nalloc b NonPaged 8 Test\nfree a\n", mutant: .freeNotCounted)
    let certificate = try #require(
      Certificate(of: longer, identity, execute: PoolShrinker.execute))
    #expect(!certificate.isMinimal)
    #expect(
      !certificate.discrepancies(for: trace, execute: PoolShrinker.execute).isEmpty)
  }
}
