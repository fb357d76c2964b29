/// A program that makes a pool hold many pages, written for one geometry, policy and cap.
///
/// It streams: operations go to the target one by one and nothing is kept but the handles of live
/// blocks. Whoever wants a trace runs it on a ``RecordingTarget``.
public protocol Adversary: Sendable {
  /// A short name for tables.
  var name: String { get }
  /// The pool it is written for.
  var geometry: PoolGeometry { get }
  /// The policy it is written for.
  var rules: PlacementRules { get }
  /// The most units it ever has live.
  var peakLiveUnits: Int { get }
  /// The most pages that the pool will hold, worked out without running; nil if the program's
  /// arithmetic does not fit the geometry or the rules.
  var predictedPages: Int? { get }
  /// Runs the program on an empty target.
  func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target)
}

/// What an adversary did to an abstract pool.
public struct AdversaryOutcome: Sendable, Hashable {
  /// Pages and live units at the end and at their peaks.
  public let footprint: Footprint
  /// Requests and releases.
  public let operations: Int
  /// What was predicted.
  public let predictedPages: Int?
}

/// Counts operations; costs one addition each.
struct CountingTarget: ~Copyable, AllocatorTarget {
  var pool: AbstractPool
  var operations = 0

  init(geometry: PoolGeometry, rules: PlacementRules) {
    pool = AbstractPool(geometry: geometry, rules: rules)
  }

  var geometry: PoolGeometry { pool.geometry }
  var footprint: Footprint { pool.footprint }
  var largestFreeUnits: Int { pool.largestFreeUnits }
  var newestFreeUnits: Int { pool.newestFreeUnits }
  func hasFreeBlock(units: Int) -> Bool { pool.hasFreeBlock(units: units) }
  func offset(of handle: BlockHandle) -> Int { pool.offset(of: handle) }

  mutating func allocate(units: Int) -> BlockHandle {
    operations &+= 1
    return pool.allocate(units: units)
  }

  mutating func free(_ handle: BlockHandle) {
    operations &+= 1
    pool.free(handle)
  }
}

extension Adversary {
  /// Runs the program on an empty abstract pool.
  public func outcome() -> AdversaryOutcome {
    var target = CountingTarget(geometry: geometry, rules: rules)
    run(on: &target)
    return AdversaryOutcome(
      footprint: target.footprint, operations: target.operations,
      predictedPages: predictedPages)
  }
}
