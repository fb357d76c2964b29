import AllocatorTargets
import Foundation
import PoolFuzzing
import PropertyTesting
import Testing

/// A planted bug of an allocator, and what it must be found as.
struct Plant: Sendable, CustomStringConvertible {
  let library: String
  let name: String
  let rules: [TargetRule]
  var description: String { "\(library) \(name)" }

  static let all: [Plant] = [
    Plant(library: "target-tlsf", name: "no-forward-merge", rules: [.check, .emptied]),
    Plant(
      library: "target-tlsf", name: "split-too-early",
      rules: [.usableSize, .overlap, .payload, .check, .crash, .walk]),
    Plant(library: "target-tlsf", name: "ignores-alignment", rules: [.alignment]),
    Plant(
      library: "target-tlsf", name: "usable-counts-header",
      rules: [.overlap, .check, .crash, .usableSize, .payload, .walk]),
    Plant(
      library: "target-tlsf", name: "loses-remainder", rules: [.emptied, .walk]),
    Plant(
      library: "target-tlsf", name: "head-insert-cycle",
      rules: [.hang, .overlap, .crash, .check, .walk]),
    Plant(library: "target-buddy", name: "never-merges", rules: [.check, .emptied, .refusal]),
    Plant(
      library: "target-buddy", name: "wrong-buddy",
      rules: [.overlap, .alignment, .check, .crash, .payload, .emptied, .hang]),
    Plant(library: "target-buddy", name: "rounds-down", rules: [.usableSize]),
    Plant(
      library: "target-buddy", name: "forgets-order",
      rules: [.overlap, .payload, .check, .crash, .usableSize, .footprint, .hang, .emptied]),
  ]
}

/// Allocators that are not ours: healthy ones are silent, each planted bug is found and made small.
@Suite(.serialized) struct TargetTests {
  private static let traces = TargetTraces(seed: Seed(5))

  @Test(arguments: ["target-tlsf", "target-buddy", "target-faulty", "malloc"])
  func aHealthyAllocatorIsSilent(_ library: String) throws {
    let tester = try TargetTester.of(library)
    for number in 0..<30 as Range<UInt64> {
      let failure = try tester.test(Self.traces.trace(number))
      #expect(failure == nil, "\(library) \(number): \(failure.debugDescription)")
    }
    #expect(tester.lostProcessCount == 0)
  }

  /// The size and what a gap must have beyond it are more than a number can be.
  @Test func whatIsLargerThanAnyGapFitsInNone() throws {
    let tester = try TargetTester.of("target-tlsf")
    for bytes in [0, 1, 8, 64, 96] as [UInt64] {
      let trace = TargetTrace(operations: [.allocate(Slot(0), .max - bytes)])
      #expect(try tester.test(trace) == nil)
    }
  }

  @Test(arguments: Plant.all)
  func aPlantedBugIsFoundAndMadeSmall(_ plant: Plant) throws {
    let tester = try TargetTester.of(
      plant.library, option: "plant=\(plant.name)", timeoutSeconds: 1)
    var found: (trace: TargetTrace, failure: TargetFailure)?
    for number in 0..<400 as Range<UInt64> where found == nil {
      let trace = Self.traces.trace(number)
      if let failure = try tester.test(trace) { found = (trace, failure) }
    }
    let (trace, failure) = try #require(found, "\(plant) is not found")
    #expect(plant.rules.contains(failure.rule), "\(plant): \(failure)")
    let reduced = try tester.shrink(trace, failure)
    #expect(reduced.trace.operations.count <= 16, "\(plant): \(reduced.trace)")
    let certificate = try #require(reduced.certificate)
    #expect(certificate.isMinimal || failure.rule == .hang)
    #expect(
      certificate.discrepancies(for: reduced.trace) { tester.execution(of: $0) }.isEmpty
        || failure.rule == .hang)
    // The healthy allocator runs the same trace without a complaint.
    #expect(try TargetTester.of(plant.library).test(reduced.trace) == nil)
  }

  @Test func aTraceIsTheSameForTheSameNumber() {
    #expect(Self.traces.trace(17) == Self.traces.trace(17))
    #expect(Self.traces.trace(17) != Self.traces.trace(18))
    #expect(!TargetTraces(seed: Seed(1), profiles: GeneratorProfile.all).profiles.isEmpty)
  }
}
