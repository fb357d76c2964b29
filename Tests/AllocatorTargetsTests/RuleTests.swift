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

  private static let ten = (0..<10).map { "alloc a\($0) NonPaged 40 Test;" }.joined()

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

/// Every rule is broken once by a planted fault, and by nothing of the healthy twin.
@Suite(.serialized) struct RuleTests {
  @Test func everyRuleHasAPlantedFault() {
    #expect(Set(PlantedFault.all.map(\.rule)) == Set(TargetRule.allCases))
    #expect(TargetRule.named("overlap") == .overlap)
    #expect(TargetRule.named("target.overlap") == .overlap)
    #expect(TargetRule.named("no-such-rule") == nil)
  }

  @Test(arguments: PlantedFault.all + [PlantedFault.refusedGrowth])
  func aPlantedFaultIsFoundUnderItsRule(_ fault: PlantedFault) throws {
    let trace = try TargetTrace.reading(fault.trace).trace
    let seconds: Double = fault.rule == .hang ? 0.5 : 20
    let tester = try TargetTester.of(
      "target-faulty", option: "plant=\(fault.plant)", timeoutSeconds: seconds)
    let failure = try tester.test(trace)
    #expect(failure?.rule == fault.rule, "\(fault): \(failure.debugDescription)")
    let identity = try #require(failure).identity(in: trace)
    #expect(try tester.repetitions(of: trace, identity, in: 2).shown == 2)
    tester.rules.remove(fault.rule)
    #expect(try tester.test(trace)?.rule != fault.rule, "\(fault): the rule is not asked for")
    let healthy = try TargetTester.of("target-faulty").test(trace)
    #expect(healthy == nil, "\(fault): the healthy twin: \(healthy.debugDescription)")
  }
}
