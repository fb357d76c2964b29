import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting

/// Runs one trace on two versions of the pool and demands what holds for both alike.
///
/// The common laws: each side keeps its own shadow allocator content; as long as neither has refused
/// a request, both do, refuse and skip the same; and an emptied pool equals a fresh one on both.
/// Which addresses and how many pages a version takes is its own affair.
public final class DifferentialHarness: FuzzHarness {
  private var decoder = TraceRecords()
  private var operations: [PoolOperation] = []
  private let mutant: Mutant
  /// The versions that a trace's own is compared with; those of ReactOS and of each Windows.
  private static let others = Profile.all
  /// Common laws only.
  private static let oracles: OracleSet = [.shadow, .emptied]

  /// What the last input reached, of the first side.
  public private(set) var feedback = DomainFeedback()

  /// A harness; `plant` is the name of a bug that the second side alone has.
  public init(plant: String? = nil) {
    mutant = plant.flatMap(Mutant.init(rawValue:)) ?? .none
  }

  /// Runs an input; its last byte chooses the second version.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    feedback.reset()
    guard let last = bytes.last else { return nil }
    var setup = decoder.decode(bytes, into: &operations)
    operations.removeAll { Self.isMisuse($0) }
    for index in operations.indices { operations[index] = Self.withoutTag(operations[index]) }
    setup.oracles = Self.oracles
    let pair = (Self.roomy(setup, setup.configuration.pool.profile), roomySecond(setup, last))
    var first = CheckedPool(configuration: pair.0)
    var second = CheckedPool(configuration: pair.1)
    guard first.problem == nil, second.problem == nil else { return nil }
    var failures: [PoolFailure] = []
    for (step, operation) in operations.enumerated() {
      let effects = (first.perform(operation, &failures), second.perform(operation, &failures))
      feedback.note(first.takeMechanisms())
      if !failures.isEmpty { return finding("\(failures[0].rule)", failures[0].text, pair, step) }
      if effects.0 == .refused || effects.1 == .refused { return nil }
      if effects.0 != effects.1 || first.liveCount != second.liveCount {
        let text = "one \(effects.0), the other \(effects.1)"
        return finding("outcome", text, pair, step)
      }
    }
    first.finish(&failures)
    second.finish(&failures)
    guard let failure = failures.first else { return nil }
    return finding(failure.rule, failure.text, pair, operations.count)
  }

  private func roomySecond(_ setup: PoolSetup, _ choice: UInt8) -> PoolSetup {
    var second = Self.roomy(setup, Self.others[Int(choice) % Self.others.count])
    second.mutant = mutant
    return second
  }

  /// The machine of a version with so much room that no ordinary trace is refused.
  private static func roomy(_ setup: PoolSetup, _ profile: Profile) -> PoolSetup {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = 256
    configuration.pool.pagedPages = 256
    configuration.pool.sessionPages = 64
    configuration.pool.contiguousPages = 64
    configuration.pool.trackerEntries = 256
    configuration.pool.lookasideDepth = setup.configuration.pool.lookasideDepth
    return PoolSetup(configuration, oracles: oracles)
  }

  /// What only one version defines: stores, stale addresses, levels, processors, contiguous memory
  /// and pools that the other lacks.
  private static func isMisuse(_ operation: PoolOperation) -> Bool {
    switch operation.operation {
    case .free, .fill, .tick: false
    case .alloc(_, let type, _, _):
      !type.isSubset(of: [.nonPaged, .paged, .cacheAligned, .quota])
    default: true
    }
  }

  /// A free without its tag: that of an allocation that was left out would be misuse.
  private static func withoutTag(_ operation: PoolOperation) -> PoolOperation {
    guard case .free = operation.operation, let use = operation.slots.first else {
      return operation
    }
    return .free(use.slot)
  }

  private func finding(
    _ rule: String, _ text: String, _ pair: (PoolSetup, PoolSetup), _ step: Int
  ) -> FuzzFinding {
    let trace = PoolFuzzTrace(configuration: pair.1, operations: operations).prefix(step + 1)
    let names = (
      pair.0.configuration.pool.profile.name, pair.1.configuration.pool.profile.name
    )
    return FuzzFinding(
      rule: rule, text: "\(names.0) and \(names.1): \(text)",
      trace: trace.text(comments: ["compare with profile=\(names.0)", "rule: \(rule)"]))
  }

  /// Changes an input by operations and lifetimes.
  public func mutate(_ input: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int? {
    RecordMutation.mutate(input, count: count, seed: seed)
  }
  /// Joins two inputs by operations.
  public func cross(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer, seed: UInt32
  ) -> Int? {
    RecordMutation.cross(first, second, into: output, seed: seed)
  }
}
