import Foundation
import KernelPool
import PoolFuzzing
import PoolTestSupport
import PoolTrace
import PropertyTesting
import Testing

@testable import PoolOracles

/// The judge and the reference allocator on a machine with special pool.
@Suite struct SpecialPoolJudgeTests {
  /// Traffic of every kind, the misuse at its end included: the healthy model is silent.
  @Test(arguments: TestScale.sample(GeneratorProfile.all.map(\.name), 6))
  func trafficIsSilent(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    for seed in 0..<TestScale.count(6, all: 60) {
      var trace = HealthyTests.trace(profile, seed: UInt64(seed), count: 60, mutant: .none)
      guard trace.configuration.configuration.pool.profile.entryChecks == .none else { continue }
      trace.configuration.configuration.pool.specialPool = .all
      trace.configuration.configuration.pool.specialPoolPages = 12
      trace.configuration.configuration.pool.specialPoolEdge = seed % 2 == 0 ? .tail : .head
      let run = FuzzRun(trace)
      #expect(run.failure == nil, "\(name) \(seed) \(run.failure?.failures.map(\.text) ?? [])")
    }
  }

  private static let folder = RegressionCorpusTests.folder + "/special-pool"

  /// Each trace of the corpus ends in what it expects, under every check.
  @Test func tracesOfTheCorpusHold() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
      .filter { $0.hasSuffix(".trace") }
    #expect(names.count == 6)
    for name in names {
      let text = try String(contentsOfFile: Self.folder + "/" + name, encoding: .utf8)
      #expect(try Self.outcome(text) == .ok, "\(name)")
      // Without special pool nothing of it is noticed where it happens.
      let without = text.replacing("special_pool=Spec", with: "special_pool=off")
      #expect(try Self.outcome(without) != .ok, "\(name)")
    }
  }

  private static func outcome(_ text: String) throws -> ReplayOutcome? {
    let operations = try TraceParser.operations(in: text)
    guard case .config(let machine)? = operations.first else { return nil }
    var session = try ReplaySession.boot(machine, level: .full)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    return session.outcome
  }

  // MARK: Planted violations

  private static let machine =
    "config profile=windows-7-x64 fill=off special_pool=Spec special_pool_pages=16"

  /// The rules that object to a pool that was changed behind the backs of its judges, and whether what
  /// the kernel did is a failure: `before` is run and judged, then comes the change, then `after`.
  private func rules(
    _ oracles: OracleSet, before: String, after: String,
    change: (inout CheckedPool) -> Void
  ) throws -> [String] {
    let operations = try TraceParser.operations(in: Self.machine + "\n" + before)
    guard case .config(let machine)? = operations.first else { return [] }
    var pool = CheckedPool(machine, oracles: oracles)
    var failures: [PoolFailure] = []
    for operation in operations { _ = pool.perform(operation, &failures) }
    #expect(failures.isEmpty, "\(failures.map(\.text))")
    change(&pool)
    for operation in try TraceParser.operations(in: after) {
      _ = pool.perform(operation, &failures)
    }
    return failures.map(\.rule)
  }

  private static func store(_ byte: UInt8, _ offset: UInt64, in pool: inout CheckedPool) {
    guard let address = pool.replayer.slots[SlotName("a")]?.address else { return }
    let outcome = [byte].withUnsafeBytes { pool.replayer.pool.write(address &+ offset, $0) }
    #expect(outcome == .freed)
  }

  /// The law of special pool objects to a place that is none, a stop too many and one too few.
  @Test func theLawIsSeenToFail() throws {
    let block = "alloc a NonPaged 97 Spec\n"
    let verdicts: OracleSet = [.verdicts]
    let misplaced = try rules(verdicts, before: "", after: block) { pool in
      var machine = pool.replayer.configuration.pool
      machine.specialPoolEdge = .head
      pool.special = SpecialPoolLaw(machine).map { [$0] } ?? []
    }
    #expect(misplaced == [OracleRule.region.rawValue])
    // The kernel finds a byte that no operation stored.
    let tooMany = try rules(verdicts, before: block, after: "free a Spec\n") {
      Self.store(0, 100, in: &$0)
    }
    #expect(tooMany == ["bugcheck-0xc1-address"])
    // The kernel goes on where the law knows of no block.
    let tooFew = try rules(verdicts, before: block, after: "free a Spec\n") { pool in
      guard let address = pool.replayer.slots[SlotName("a")]?.address else { return }
      for index in pool.special.indices { pool.special[index].freed(address) }
    }
    #expect(tooFew == [OracleRule.verdict.rawValue])
    let overrun = try rules(verdicts, before: block, after: "write a 112 01\n") { pool in
      guard let address = pool.replayer.slots[SlotName("a")]?.address else { return }
      for index in pool.special.indices { pool.special[index].freed(address) }
    }
    #expect(overrun == [OracleRule.verdict.rawValue])
  }

  /// A store beside a block goes on, and its free must stop the kernel unless the pattern is back.
  @Test func theLawRemembersWhatIsBesideABlock() throws {
    let damaged = "alloc a NonPaged 97 Spec\nwrite a 100 00\n"
    let unnoticed = try rules([.verdicts], before: damaged, after: "free a Spec\n") {
      Self.store(PoolConfiguration.specialPoolPattern, 100, in: &$0)
    }
    #expect(unnoticed == [OracleRule.verdict.rawValue])
    #expect(try rules([.verdicts], before: damaged, after: "free a Spec\n") { _ in }.isEmpty)
    let mended = damaged + "write a 100 b5\n"
    #expect(try rules([.verdicts], before: mended, after: "free a Spec\n") { _ in }.isEmpty)
    // The process of a charged block lies behind its caller's bytes and is none of the pattern.
    let trial = MutantTrial(
      .specialPoolPatternUnchecked, try #require(GeneratorProfile.named("special-pool")),
      seed: Seed(1), operationLimit: 20_000)
    #expect(trial.isKilled && trial.rules.contains(OracleRule.verdict.rawValue))
  }

  /// The kernel stops at a free at a level too high for the kind of memory, and all foresee it.
  @Test func levelsOfFreesAreForeseen() throws {
    for (type, level, stops) in [("Paged", 1, false), ("Paged", 2, true), ("NonPaged", 2, false)] {
      let free = "alloc a \(type) 97 Spec\nirql \(level)\nfree a Spec\n"
      let run = FuzzRun(
        try PoolFuzzTrace.reading(Self.machine + "\n" + free + "alloc b NonPaged 8 Spec\n"))
      #expect(run.failure == nil && run.operationCount == (stops ? 3 : 4), "\(free)")
    }
  }

  /// The reference objects to a page out of turn, a stop too many and one too few.
  @Test func theReferenceIsSeenToFail() throws {
    let block = "alloc a NonPaged 97 Spec\n"
    let outOfTurn = try rules([.reference], before: "", after: block) { pool in
      _ = pool.replayer.pool.allocate(.nonPaged, bytes: 1, tag: PoolTag("Spec"))
    }
    #expect(outOfTurn == [OracleRule.referenceAddress.rawValue])
    let tooMany = try rules([.reference], before: block, after: "free a Spec\n") {
      Self.store(0, 100, in: &$0)
    }
    #expect(tooMany.contains(OracleRule.referenceStop.rawValue))
    let tooFew = try rules(
      [.reference, .afterMisuse], before: block + "write a 100 00\n", after: "free a Spec\n"
    ) {
      Self.store(PoolConfiguration.specialPoolPattern, 100, in: &$0)
    }
    #expect(tooFew == [OracleRule.referenceStop.rawValue])
  }
}
