import KernelPool
import PoolFuzzing
import PoolOracles
import PoolReference
import PoolTrace
import PropertyTesting
import Testing

/// A reference that agrees with whatever the model answers would be none: each planted fault of the
/// reference is contradicted by the healthy model.
@Suite struct ReferenceFaultTests {
  /// Where a fault shows: a profile of the generator whose traces meet it, or a trace.
  enum Place {
    case profile(String)
    case trace(String)
  }

  static let pages = (0..<63).map { "alloc p\($0) NonPaged 4065 Test\n" }.joined()

  static let places: [ReferenceFault: Place] = [
    .firstListTooHigh: .profile("small-lists"), .remainderToHead: .profile("small-lists"),
    .freshRemainderToHead: .profile("small-lists"), .freedToTail: .profile("small-lists"),
    .splitAlwaysFront: .profile("small-lists"), .splitAlwaysBack: .profile("small-lists"),
    .noForwardMerge: .profile("small-lists"), .noBackwardMerge: .profile("small-lists"),
    .keepsFreePage: .profile("small-lists"), .thresholdOneLess: .profile("pages"),
    .lookasideFirstInFirstOut: .profile("lookasides"), .lookasideTooDeep: .profile("lookasides"),
    .lookasideClassTooMany: .profile("lookasides"),
    .sharedLookasideSkipped: .profile("lookasides"), .processorIgnored: .profile("lookasides"),
    .deferredLimitOneMore: .profile("deferred"), .deferredOldestFirst: .profile("deferred"),
    .singlePageFirstInFirstOut: .profile("pages"), .singlePageTooDeep: .profile("pages"),
    .runTakenFromFront: .profile("pages"), .runToHead: .profile("pages"),
    .runGrowthMoves: .profile("pages"), .hintAlwaysMoves: .profile("large"),
    .pagedHintNotLowered: .profile("paged"), .sessionHintNotLowered: .profile("paged"),
    .expansionFromStart: .profile("exhaustion"), .availableNotLowered: .profile("exhaustion"),
    .tableShrinksLate: .profile("small-lists"), .tableNeverGrows: .profile("large"),
    .fragmentForgotten: .profile("fragments"), .roundRobinStuck: .profile("paged"),
    .quotaWordForgotten: .profile("types"), .wrongTagPasses: .profile("wrong-tag"),
    .depthThresholdOneMore: .trace(ReferenceRuleTests.depths),
    .cacheLineAtLimit: .trace(
      "config profile=windows-8-x64\nalloc a NonPagedCacheAligned 4000 Test\n"),
    .highestFrameExcluded: .trace(
      "config profile=windows-2003-x86\ncontiguous a 8192 0x0 0x41d6fff 0x0\n"),
    .mustSucceedParameter: .trace(
      "config profile=windows-xp-x86\nalloc a NonPagedMustSucceed 8000000 Test\n"),
    .doubleFreeParameter: .trace(
      """
      config profile=windows-2003-x86 lookaside=0
      alloc a NonPaged 64 Test
      alloc b NonPaged 64 Test
      alloc c NonPaged 64 Test
      free b
      freeat b
      """),
  ]

  @Test func everyFaultHasAPlace() {
    #expect(ReferenceFault.allCases.count > 20)
    let without = ReferenceFault.allCases.filter { $0 != .none && Self.places[$0] == nil }
    #expect(without == [])
  }

  @Test(arguments: ReferenceFault.allCases.filter { $0 != .none })
  func theHealthyModelContradicts(_ fault: ReferenceFault) throws {
    var objection: PoolFailure?
    switch try #require(Self.places[fault]) {
    case .trace(let text):
      let trace = try PoolFuzzTrace.reading(text)
      objection = try Self.objection(trace, fault)
      #expect(try Self.objection(trace, .none) == nil)
    case .profile(let name):
      let profile = try #require(GeneratorProfile.named(name))
      for seed in 0..<200 as Range<UInt64> where objection == nil {
        var choices = RandomChoices(seed: Seed(seed), stream: 9)
        let trace = PoolTraceGenerator.trace(profile, operationCount: 200, choices: &choices)
        objection = try Self.objection(trace, fault)
        // Without an objection both have said the same already.
        if objection != nil { #expect(try Self.objection(trace, .none) == nil, "seed \(seed)") }
      }
    }
    #expect(objection?.rule.hasPrefix("reference.") == true, "\(fault.rawValue) is not noticed")
  }

  /// What a reference allocator objects to in the answers of the healthy model.
  static func objection(
    _ trace: PoolFuzzTrace, _ fault: ReferenceFault
  ) throws -> PoolFailure? {
    let configuration = trace.configuration.configuration
    var replayer = try Replayer.boot(configuration)
    var oracle = ReferenceOracle(configuration, fault: fault)
    for operation in trace.operations {
      oracle.predict(operation.operation, replayer)
      let result = replayer.step(operation.operation)
      if let failure = oracle.judge(result) { return failure }
      if case .halted = result { return nil }
    }
    return nil
  }
}
