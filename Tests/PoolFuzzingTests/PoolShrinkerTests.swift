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
      trace, identity, budget: ShrinkBudget(executionLimit: 400, searchLimit: 100))
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

  /// Traces on machines that want more operations than others: lists to fill, a whole batch of frees.
  @Test(arguments: [
    (
      Mutant.singlePageTooDeep, "placement.hint after free",
      """
      config slist=2
      alloc a Paged 249 Test
      alloc b Paged 249 Test
      alloc c Paged 249 Test
      free a
      free b
      free c
      """, "config format=1 profile=windows-2003-x86 slist=1", 4
    ),
    (
      .specialPoolCountNotLowered, "reference.address after alloc",
      """
      config special_pool=all special_pool_pages=4
      alloc a NonPaged 0 Test
      free a
      alloc b NonPaged 0 Test
      alloc c NonPaged 0 Test
      alloc d NonPaged 0 Test
      alloc e NonPaged 0 Test
      """, "config format=1 profile=windows-2003-x86 special_pool=all special_pool_pages=1", 3
    ),
    (
      .tagNotWritten, "live.tag after alloc",
      """
      config profile=windows-vista-x86 deferred_limit=2 page_table_entries=8
      alloc a NonPaged 0 Test
      """, "config format=1 profile=windows-vista-x86", 1
    ),
  ])
  func aReductionLeavesMachinesThatWantMore(
    _ mutant: Mutant, _ failure: String, _ text: String, _ line: String, _ count: Int
  ) throws {
    let trace = try PoolFuzzTrace.reading("\(text)\n", mutant: mutant)
    let outcome = PoolShrinker.shrink(
      trace, FailureIdentity(failure), budget: ShrinkBudget(searchLimit: 2_000))
    #expect(outcome.trace.operations.count == count, "\(outcome.trace.text())")
    #expect(outcome.trace.text().contains("\(line)\n"), "\(outcome.trace.text())")
  }

  /// A machine that fails before its first operation has no shorter trace.
  @Test func anEmptyTraceIsShortest() throws {
    let trace = try PoolFuzzTrace.reading("", mutant: .trackerHashConstant)
    let identity = try #require(PoolShrinker.identity(of: trace))
    let outcome = PoolShrinker.shrink(trace, identity)
    #expect(outcome.trace.operations.isEmpty)
    #expect(outcome.length == .shortest(letterCount: 0, traceCount: 0))
  }

  /// Facts that were set by hand can be taken back each and all, and not be made up.
  @Test func factsAreTakenBack() throws {
    let keys = "profile=windows-7-x64 lookaside=dynamic:3 deferred_limit=2 page_table_entries=8"
    let setup = try PoolFuzzTrace.reading("config \(keys)\n").configuration
    let index = setup.parameters.count - 2
    let facts = setup.parameters[index]
    #expect(facts.landmarks.count == 3)
    let each = facts.landmarks.compactMap { setup.replacingParameter(at: index, with: $0) }
    #expect(each.count == 3)
    for machine in each {
      #expect(machine.parameters[index].complexity < facts.complexity)
      #expect(machine.parameters[index].landmarks.count == 2)
    }
    let plain = try #require(setup.replacingParameter(at: index, with: 0))
    #expect(plain.description == "config format=1 profile=windows-7-x64 lookaside=3")
    let free = (0..<64).map { UInt64(1) &<< UInt64($0) }.first { facts.value & $0 == 0 }
    #expect(setup.replacingParameter(at: index, with: facts.value | (try #require(free))) == nil)
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
      budget: ShrinkBudget(executionLimit: 400, searchLimit: 100))
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
