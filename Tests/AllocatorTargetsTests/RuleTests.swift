import AllocatorTargets
import PropertyTesting
import Testing

/// A rule, a fault of the faulty allocator that breaks it, and a trace that shows it.
struct PlantedFault: Sendable, CustomStringConvertible {
  let rule: TargetRule
  let plant: String
  let trace: String
  var description: String { rule.rawValue }

  init(_ rule: TargetRule, _ trace: String, plant: String? = nil) {
    self.rule = rule
    self.plant = plant ?? String(rule.rawValue.dropFirst("target.".count))
    self.trace = trace.split(separator: ";").joined(separator: "\n")
  }

  fileprivate static let ten = (0..<10).map { "alloc a\($0) NonPaged 40 Test;" }.joined()

  /// One for each rule.
  static let all: [PlantedFault] = [
    PlantedFault(.overlap, "alloc a NonPaged 64 Test;alloc b NonPaged 64 Test"),
    PlantedFault(.alignment, "aligned a 256 64"),
    PlantedFault(.outside, "alloc a NonPaged 64 Test"),
    PlantedFault(.outsideWrite, "target arena=65552;alloc a NonPaged 64 Test"),
    PlantedFault(.zeroSize, "alloc a NonPaged 0 Test;alloc b NonPaged 0 Test"),
    PlantedFault(.usableSize, "alloc a NonPaged 64 Test"),
    PlantedFault(.usableChange, "alloc a NonPaged 64 Test;verify a"),
    PlantedFault(.payload, "alloc a NonPaged 64 Test;alloc b NonPaged 64 Test;free a;verify b"),
    PlantedFault(.reallocContent, "alloc a NonPaged 64 Test;alloc b NonPaged 8 Test;realloc a 256"),
    PlantedFault(.reallocFailure, "alloc a NonPaged 64 Test;realloc a 0x7fffffffffffffff"),
    PlantedFault(
      .reallocAlignment, "aligned a 1024 64;alloc b NonPaged 8 Test;realloc a 4000"),
    PlantedFault(.resizeMoves, "alloc a NonPaged 64 Test;alloc b NonPaged 8 Test;resize a 4096"),
    PlantedFault(.zeroes, "zeroed a 4 64"),
    PlantedFault(.overflow, "zeroed a 0x100000000 0x100000000"),
    PlantedFault(.hugeSize, "alloc a NonPaged 0xffffffffffffffff Test"),
    PlantedFault(.servesNothing, "alloc a NonPaged 16 Test"),
    PlantedFault(.refusal, "alloc a NonPaged 64 Test"),
    PlantedFault(.fit, "alloc a NonPaged 8 Test;alloc b NonPaged 64 Test"),
    PlantedFault(
      .refind, "alloc a NonPaged 64 Test;alloc b NonPaged 8 Test;free a;alloc c NonPaged 64 Test"),
    PlantedFault(.emptied, "alloc a NonPaged 700000 Test;alloc b NonPaged 700000 Test"),
    PlantedFault(.exhaustion, "target rounds=4;alloc a NonPaged 600000 Test"),
    PlantedFault(.leak, ten + "alloc b NonPaged 1500 Test"),
    PlantedFault(.addressSpace, ten + "alloc b NonPaged 1500 Test", plant: "spread"),
    PlantedFault(.growth, ten + "alloc b NonPaged 1500 Test;realloc b 8;free b", plant: "grow"),
    PlantedFault(.footprint, ten),
    PlantedFault(.check, "alloc a NonPaged 64 Test"),
    PlantedFault(.walk, "alloc a NonPaged 64 Test"),
    PlantedFault(.creation, "alloc a NonPaged 64 Test"),
    PlantedFault(.stack, ten + "alloc b NonPaged 1500 Test"),
    PlantedFault(.output, ten + "alloc b NonPaged 1500 Test", plant: "print"),
    PlantedFault(.crash, ten + "alloc b NonPaged 1500 Test"),
    PlantedFault(.exit, ten + "alloc b NonPaged 1500 Test"),
    PlantedFault(.hang, ten + "alloc b NonPaged 1500 Test"),
    PlantedFault(.doubleFree, "alloc a NonPaged 64 Test;misuse double a 0"),
    PlantedFault(.foreignFree, "alloc a NonPaged 64 Test;misuse foreign a 16"),
    PlantedFault(.interiorFree, "alloc a NonPaged 64 Test;misuse interior a 16"),
    PlantedFault(.overflowedBlock, "alloc a NonPaged 64 Test;misuse behind a 0"),
  ]

  /// Growth that is refused is no rule of its own: what becomes of it is.
  static let refusedGrowth = PlantedFault(
    .crash, "target arena=65536 refuse=1;alloc a NonPaged 60000 Test;alloc b NonPaged 60000 Test",
    plant: "grow-null")
}

extension PlantedFault {
  /// What a thread keeps for itself and loses when it ends.
  static let threadCache = PlantedFault(
    .leak, "alloc a NonPaged 64 Test;thread 1;free a", plant: "thread-cache")
}

/// Every rule is broken once by a planted fault, and by nothing of the healthy twin.
@Suite(.serialized) struct RuleTests {
  /// The healthy twin, in one worker: each failure elsewhere is one of a process of its own.
  private nonisolated(unsafe) static let healthy = Result { try TargetTester.of("target-faulty") }

  @Test func everyRuleHasAPlantedFault() {
    #expect(Set(PlantedFault.all.map(\.rule)) == Set(TargetRule.allCases))
    #expect(TargetRule.named("overlap") == .overlap)
    #expect(TargetRule.named("target.overlap") == .overlap)
    #expect(TargetRule.named("no-such-rule") == nil)
  }

  @Test(arguments: PlantedFault.all + [.refusedGrowth, .threadCache])
  func aPlantedFaultIsFoundUnderItsRule(_ fault: PlantedFault) throws {
    let trace = try TargetTrace.reading(fault.trace).trace
    let seconds: Double = fault.rule == .hang ? 0.2 : 20
    let tester = try TargetTester.of(
      "target-faulty", option: "plant=\(fault.plant)", timeoutSeconds: seconds)
    let failure = try tester.test(trace)
    #expect(failure?.rule == fault.rule, "\(fault): \(failure.debugDescription)")
    let identity = try #require(failure).identity(in: trace)
    #expect(try tester.repetitions(of: trace, identity, in: 2).shown == 2)
    tester.rules.remove(fault.rule)
    #expect(try tester.test(trace)?.rule != fault.rule, "\(fault): the rule is not asked for")
    let healthy = try Self.healthy.get().test(trace)
    #expect(healthy == nil, "\(fault): the healthy twin: \(healthy.debugDescription)")
  }

  /// A block that moves may need its old alignment again: a gap that is too small for that is no reason
  /// for blame.
  @Test(arguments: [("alloc a NonPaged 32 Test", true), ("aligned a 4096 32", false)])
  func aReallocationThatIsRefusedMayKeepItsAlignment(_ first: String, _ isWrong: Bool) throws {
    let text = "target arena=16384\n\(first)\nalloc b NonPaged 8 Test\nrealloc a 400\n"
    let tester = try TargetTester.of("target-faulty", option: "plant=fit")
    let failure = try tester.test(TargetTrace.reading(text).trace)
    #expect(failure?.rule == (isWrong ? .fit : nil))
  }

  /// What a trace costs limits its rounds: where they end before there is a verdict, it is not called healthy,
  /// unless nobody asks. A leak that is the same in each round is found all the same.
  @Test func aTraceWhoseRoundsEndTooSoonIsNotJudgedForLeaks() throws {
    let calls = "target rounds=2048;" + PlantedFault.ten + "alloc b NonPaged 1500 Test"
    // Requests that nobody serves, and that would take longer or less long if they were.
    let costly = ";alloc c NonPaged 0x400000 Test"
    let costlier = ";alloc c NonPaged 0x20000000000 Test"
    func outcome(_ option: String, _ text: String, without ignored: TargetRule? = nil) throws
      -> [Int]
    {
      let tester = try TargetTester.of("target-faulty", option: option)
      if let ignored { tester.rules.remove(ignored) }
      let lines = text.split(separator: ";").joined(separator: "\n")
      let failure = try tester.test(TargetTrace.reading(lines).trace)
      #expect(failure == nil || failure?.rule == .leak)
      return [failure == nil ? 0 : 1, tester.openCount]
    }
    #expect(try outcome("uneven", calls + costly) == [0, 1])
    #expect(try outcome("uneven", calls + costly, without: .leak) == [0, 0])
    #expect(try outcome("leak", calls + costly) == [1, 0])
    #expect(try outcome("", calls + costly) == [0, 0])
    // Not even the rounds that were asked for.
    #expect(try outcome("", calls + costlier) == [0, 1])
  }

  /// The thread is what matters: the same calls of one thread show nothing, nor do those of a thread that
  /// takes what it has kept. A thread that ends and begins again is another one.
  @Test func aFaultAcrossThreadsShowsAcrossThreadsAlone() throws {
    let tester = try TargetTester.of("target-faulty", option: "plant=thread-cache")
    func rule(_ lines: String) throws -> TargetRule? {
      try tester.test(
        TargetTrace.reading(lines.split(separator: ";").joined(separator: "\n")).trace)?
        .rule
    }
    let free = "alloc a NonPaged 64 Test;thread 1;free a"
    #expect(try rule("alloc a NonPaged 64 Test;free a") == nil)
    #expect(try rule("thread 1;alloc a NonPaged 64 Test;thread 0;free a") == nil)
    #expect(try rule(free + ";alloc b NonPaged 64 Test;thread 0;free b") == nil)
    #expect(try rule(free) == .leak)
    #expect(
      try rule(free + ";endthread 1;thread 1;alloc b NonPaged 64 Test;thread 0;free b") == .leak)
    let traces = TargetTraces(seed: Seed(2), for: tester.capabilities)
    let threads = (0..<60 as Range<UInt64>).map { number in
      traces.trace(number).operations.count { $0.call == .thread }
    }
    #expect(threads.contains { $0 > 1 })
    // Whoever does not promise it is called by one thread.
    let single = TargetTraces(seed: Seed(2), for: try TargetTester.of("target-tlsf").capabilities)
    #expect((0..<60).allSatisfy { single.trace($0).operations.allSatisfy { $0.call != .thread } })
  }

  /// With what a campaign does by itself, under its own rule, whatever the seed; and no more threads are left
  /// than it takes.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func aFaultAcrossThreadsIsFoundFromAnySeed(_ seed: UInt64) throws {
    let tester = try TargetTester.of("target-faulty", option: "plant=thread-cache")
    let traces = TargetTraces(seed: Seed(seed), for: tester.capabilities)
    var found: (trace: TargetTrace, failure: TargetFailure)?
    for number in 0..<60 as Range<UInt64> where found == nil {
      let trace = traces.trace(number)
      if let failure = try tester.test(trace), failure.rule == .leak { found = (trace, failure) }
    }
    let (trace, failure) = try #require(found)
    let small = try tester.shrink(trace, failure).trace
    #expect(small.operations.map(\.word) == ["alloc", "thread", "free"], "\(small.text())")
  }

  /// One pair of sizes of thousands is wrong: a grid has each of them, with and without a neighbour.
  @Test func aGridHasEveryReallocationAroundTheEndsOfClasses() throws {
    let tester = try TargetTester.of("target-faulty", option: "plant=realloc-boundary")
    #expect(try tester.classEnds().isEmpty)
    let grid = ReallocGrid(for: tester.capabilities, classEnds: [])
    var pairs: [[UInt64]: Int] = [:]
    var found = 0
    for number in 0..<grid.traceCount {
      let trace = grid.trace(number)
      var old: UInt64 = 0
      var hasPair = false
      for operation in trace.operations {
        if operation.call == .allocate, operation.slot == 0 { old = operation.bytes }
        guard operation.call == .reallocate else { continue }
        pairs[[old, operation.bytes], default: 0] += 1
        hasPair = hasPair || (old == 4096 && operation.bytes == 24577)
      }
      guard hasPair else { continue }
      #expect(try Self.healthy.get().test(trace) == nil)
      if try tester.test(trace)?.rule == .reallocContent { found += 1 }
    }
    #expect(found > 0)
    let each = grid.oldAlignments.count * grid.newAlignments.count * 2
    #expect(pairs.count == grid.sizes.count * grid.sizes.count)
    #expect(pairs.values.allSatisfy { $0 == each })
    #expect(UInt64(pairs.count * each) == grid.cellCount)
  }

  /// Buddies tell where their classes end; what lies in an arena of another size says nothing of what a
  /// fresh one serves.
  @Test func classesAndAnotherArenaAreUnderstood() throws {
    let ends = try TargetTester.of("target-buddy").classEnds()
    #expect(ends == (5...16).map { UInt64(1) << $0 })
    let trace = try TargetTrace.reading("arena 4096\nalloc a NonPaged 262144 Test").trace
    #expect(try TargetTester.of("target-faulty").test(trace) == nil)
  }
}
