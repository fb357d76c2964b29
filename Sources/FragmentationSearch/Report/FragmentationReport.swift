import JSONLines
import PoolBounds

/// One answer of `bound` or `maximize`: what can be reached, what cannot be exceeded, and the
/// share.
public struct FragmentationReport: Sendable, Hashable {
  /// The name of the profile, or of the geometry where there is none.
  public var profile: String
  /// The pool.
  public var geometry: PoolGeometry
  /// Its policy.
  public var rules: PlacementRules
  /// The cap on live units.
  public var peakLiveUnits: Int
  /// How the pages were reached: an adversary, an algorithm, or the enumeration.
  public var method: String
  /// Operations of the trace; nil where it was forecast and not run.
  public var operations: Int?
  /// The most pages reached.
  public var pages: Int
  /// The most live units of the trace; nil where it was not run.
  public var reachedLiveUnits: Int?
  /// Live units at the end of the trace; nil where it was not run.
  var finalLiveUnits: Int?
  /// Pages held at the end of the trace; nil where it was not run.
  public var finalPages: Int?
  /// The most pages of any trace, by enumeration.
  public var optimumPages: Int?
  /// The fewest operations that reach the optimum.
  public var minimalOperations: Int?
  /// What was made large.
  public var objective = Objective.heldOverPeak
  /// What the same trace came to on the kernel model; nil where it was not asked.
  public var kernel: KernelOutcome?
  /// Where the trace was written; nil if it was not.
  public var trace: String?

  /// All bounds that claim something, for these rules or for others.
  public var bounds: [PageBound]

  /// A report of what was reached; the bounds are the proved ones unless others are claimed.
  init(
    profile: String, geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int,
    method: String, pages: Int, claimedBounds: [PageBound]? = nil
  ) {
    self.profile = profile
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = peakLiveUnits
    self.method = method
    self.pages = pages
    bounds =
      claimedBounds
      ?? FragmentationBounds(geometry: geometry, peakLiveUnits: peakLiveUnits).all
  }

  /// The bounds that cover the rules.
  var coveringBounds: [PageBound] { bounds.filter { $0.covers(rules) } }

  /// The strongest bound that covers the rules.
  public var upperBound: PageBound {
    let trivial = FragmentationBounds(geometry: geometry, peakLiveUnits: peakLiveUnits).trivial
    return coveringBounds.reduce(trivial) { $1.pages < $0.pages ? $1 : $0 }
  }

  /// Every way in which the figures contradict a proof or the cap; none, unless something is wrong.
  public var breaches: [BoundBreach] {
    let held = max(pages, optimumPages ?? 0)
    var breaches = coveringBounds.filter { held > $0.pages }.map {
      BoundBreach.pages(held: held, bound: $0)
    }
    if let kernel, kernel.failure != nil || kernel.pages != pages {
      breaches.append(.kernel(kernel, pages: pages))
    }
    if let reachedLiveUnits, reachedLiveUnits > peakLiveUnits {
      breaches.append(.liveUnits(reached: reachedLiveUnits, cap: peakLiveUnits))
    }
    return breaches
  }

  /// Held bytes at the peak over the cap on live bytes.
  public var heldOverPeak: Double {
    peakLiveUnits == 0 ? 0 : Double(pages * geometry.pageUnits) / Double(peakLiveUnits)
  }

  /// Held over live bytes at the end of the trace.
  public var heldOverFinal: Double? {
    guard let finalLiveUnits, let finalPages, finalLiveUnits > 0 else { return nil }
    return Double(finalPages * geometry.pageUnits) / Double(finalLiveUnits)
  }

  /// Pages reached over pages allowed; 1 where both are 0.
  public var shareOfBound: Double {
    upperBound.pages == 0 ? 1 : Double(pages) / Double(upperBound.pages)
  }

  /// The most pages of any trace where it is known: enumerated, or reached and proved to be the most.
  public var knownOptimum: Int? {
    optimumPages ?? (breaches.isEmpty && pages == upperBound.pages ? pages : nil)
  }

  /// A JSON line for `bound` and `maximize`.
  public var json: JSONValue { .object(fields) }

  /// Its fields.
  public var fields: [(String, JSONValue)] {
    let unit = geometry.unitBytes
    var fields: [(String, JSONValue)] = [
      ("profile", .string(profile)),
      ("objective", .string(objective.rawValue)),
      ("peak_live_bytes", .count(peakLiveUnits * unit)),
      ("operations", operations.map { .count($0) } ?? .null),
      ("pages", .count(pages)),
      ("held_bytes", .count(pages * geometry.pageBytes)),
      ("held_over_peak", .number(heldOverPeak)),
      ("held_over_final", heldOverFinal.map { .number($0) } ?? .null),
      ("upper_bound_pages", .count(upperBound.pages)),
      ("share_of_bound", .number(shareOfBound)),
      ("trace", trace.map { .string($0) } ?? .null),
      ("method", .string(method)),
      ("order", .string(rules.remainderOrder.rawValue)),
      ("exact_fit", .string(rules.exactFit == .taken ? "on" : "off")),
      ("bounds", .array(bounds.map(json(of:)))),
      ("any_allocator_pages", .count(robsonPages)),
      ("known_optimum", knownOptimum.map { .count($0) } ?? .null),
    ]
    if let kernel {
      fields.append(("kernel_pages", .count(kernel.pages)))
      fields.append(("kernel_peak_live_bytes", .count(kernel.reachedLiveUnits * unit)))
    }
    if !breaches.isEmpty {
      fields.append(("breaches", .array(breaches.map { .string($0.description) })))
    }
    if let optimumPages { fields.append(("optimum_pages", .count(optimumPages))) }
    if let minimalOperations {
      fields.append(("minimal_operations", .count(minimalOperations)))
    }
    return fields
  }

  /// Pages that every allocator must be prepared to hold (Robson 1974).
  public var robsonPages: Int {
    RobsonBound(geometry: geometry, peakLiveUnits: peakLiveUnits).pages
  }

  private func json(of bound: PageBound) -> JSONValue {
    .object([
      ("proof", .string(bound.proof.rawValue)),
      ("pages", .count(bound.pages)),
      ("covers", .string(bound.covers(rules) ? "yes" : "no")),
      ("assumes", .array(bound.assumptions.names.map { .string($0) })),
    ])
  }
}

extension JSONValue {
  /// A whole number.
  fileprivate static func count(_ number: Int) -> JSONValue { .integer(Int64(number)) }
}

/// What a search found, not yet replayed.
public enum BestTrace: Sendable {
  /// Nothing: the pool has no room for any program.
  case none
  /// A program that makes its operations as it runs.
  case program(any Adversary)
  /// Operations.
  case answer(SearchAnswer)
}

/// A replayed trace did what a proof says it cannot, or spent more than it was given: the proof, the
/// pool or the search is wrong, whichever it is.
public enum BoundBreach: Error, Hashable, Sendable, CustomStringConvertible {
  /// More pages than a bound allows that claims to cover the rules.
  case pages(held: Int, bound: PageBound)
  /// The kernel model did not do what the abstract pool did.
  case kernel(KernelOutcome, pages: Int)
  /// More live units than the cap.
  case liveUnits(reached: Int, cap: Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .pages(let held, let bound):
      "the trace holds \(held) pages, and the bound '\(bound.proof.rawValue)' allows no more than"
        + " \(bound.pages)"
    case .kernel(let outcome, let pages):
      "the kernel model holds \(outcome.pages) pages, the abstract pool \(pages)"
        + (outcome.failure.map { "; \($0)" } ?? "")
    case .liveUnits(let reached, let cap):
      "the trace has \(reached) units live, and the cap is \(cap)"
    }
  }
}
