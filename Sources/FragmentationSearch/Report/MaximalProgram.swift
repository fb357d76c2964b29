import ContentHash
import PoolBounds

/// A program that fragments a pool, with the contest it is for and what it promises: a trace told in
/// one line instead of a million, which anybody can run again.
public struct MaximalProgram: Sendable, Hashable {
  /// The name of the profile, or of the geometry where there is none.
  public let profile: String
  /// The pool.
  public let geometry: PoolGeometry
  /// Its policy.
  public let rules: PlacementRules
  /// The cap on live units.
  public let peakLiveUnits: Int
  /// What it does.
  public let program: SearchProgram
  /// The limit on operations that it runs under.
  public let limit: Int
  /// The most pages held: a promise.
  public let pages: Int
  /// Operations of the trace: a promise.
  public let operations: Int
  /// A hash over all operations in their order: a promise.
  public let traceHash: UInt64
  /// The name of the kind of behaviour: a promise.
  public let cell: String

  /// A program of a contest, run to learn what can be promised.
  public init(_ query: FragmentationQuery, _ elite: SearchElite) {
    let run = Self.run(query, elite.program, elite.outcome.limit)
    profile = query.profile
    geometry = query.geometry
    rules = query.rules
    peakLiveUnits = query.peakLiveUnits
    program = elite.program
    limit = elite.outcome.limit
    pages = run.outcome.pages
    operations = run.trace.count
    traceHash = Self.hash(run.trace)
    cell = ArchiveCell(run.outcome, query.geometry).name
  }

  private static func run(
    _ query: FragmentationQuery, _ program: SearchProgram, _ limit: Int
  ) -> (outcome: SearchOutcome, footprint: Footprint, trace: [PoolOperation]) {
    program.run(
      SearchQuestion(
        geometry: query.geometry, rules: query.rules, peakLiveUnits: query.peakLiveUnits,
        operations: 0, seed: 0), .on, mostOperations: limit)
  }

  /// FNV-1a over slots and units.
  private static func hash(_ trace: [PoolOperation]) -> UInt64 {
    var hash = ContentHash()
    func add(_ number: Int) { hash.add(UInt64(number)) }
    for operation in trace {
      switch operation {
      case .allocate(let slot, let units, _):
        add(slot)
        add(units)
      case .free(let slot):
        add(slot)
        add(0)
      }
    }
    return hash.value
  }

  /// The contest as a query.
  public var query: FragmentationQuery {
    FragmentationQuery(
      profile: profile, geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits)
  }

  /// A name of the contest for folders.
  public var contestName: String { Self.contestName(query) }

  /// A name of a contest for folders.
  public static func contestName(_ query: FragmentationQuery) -> String {
    let geometry = query.geometry
    return "\(query.profile)_\(geometry.pageUnits)-\(geometry.smallestBlockUnits)"
      + "-\(geometry.largestBlockUnits)_\(query.rules.remainderOrder.rawValue)"
      + "_\(query.rules.exactFit.rawValue)_\(query.peakLiveUnits)"
  }

  /// The program as a search takes it in: run, not believed.
  public var elite: SearchElite {
    SearchElite(program: program, outcome: Self.run(query, program, limit).outcome)
  }

  /// The operations.
  public var trace: [PoolOperation] { Self.run(query, program, limit).trace }

  /// The promises that it does not keep, one sentence each; empty where all hold.
  public var problems: [String] {
    let run = Self.run(query, program, limit)
    let bound = query.bound().upperBound
    let facts: [(name: String, promised: String, found: String)] = [
      ("pages", "\(pages)", "\(run.outcome.pages)"),
      ("operations", "\(operations)", "\(run.trace.count)"),
      ("trace-hash", "\(traceHash)", "\(Self.hash(run.trace))"),
      ("cell", cell, ArchiveCell(run.outcome, geometry).name),
    ]
    var problems = facts.filter { $0.promised != $0.found }.map {
      "\($0.name) is promised to be \($0.promised) and is \($0.found)"
    }
    if run.footprint.peakLiveUnits > peakLiveUnits {
      problems.append("\(run.footprint.peakLiveUnits) units are live, the cap is \(peakLiveUnits)")
    }
    if run.outcome.pages > bound.pages { problems.append("it exceeds the bound \(bound.pages)") }
    return problems
  }
}
