import KernelPool
import PoolOracles
import PropertyTesting

/// A member of the generator's portfolio: what its traces do, in which sizes, on which machines.
///
/// No single distribution finds every bug (weights that reach a full table starve the lookaside
/// lists), so the engine runs a portfolio. Within a profile each trace leaves features out at
/// random (`TraceFeatures`), and the shrinker is bound by none of them.
public struct GeneratorProfile: Sendable {
  /// The name on command lines and in reports.
  public let name: String
  /// What it is for, in a few words.
  public let purpose: String
  /// Weight of each kind of operation.
  public var weights: [PoolOperationKind: Int] = [.alloc: 8, .free: 7, .fill: 1, .write: 1]
  /// Neighbourhoods that a trace may draw its centres from.
  public var sizes: [SizeNeighbourhood] = SizeNeighbourhood.allCases.dropLast()
  /// Pool types that a trace may draw from.
  public var types: [PoolType] = [.nonPaged, .paged]
  /// The most tags of one trace.
  public var mostTags = 4
  /// The most slots of one trace.
  public var slotCounts = [4, 8, 16, 32, 64]
  /// The machines.
  public var machines = MachineMix()
  /// Whether some tags are protected, empty, or the kernel's own.
  public var hasOddTags = false
  /// Whether its traces are those of other profiles with some numbers replaced, as reducing does.
  public var replacesNumbers = false
  /// The misuse that each trace ends with; nil in healthy profiles.
  public var negative: NegativeOperation?

  /// A profile of that name; everything else is set on it.
  init(_ name: String, _ purpose: String, _ change: (inout GeneratorProfile) -> Void) {
    self.name = name
    self.purpose = purpose
    change(&self)
  }

  /// The profile of a name, or nil.
  public static func named(_ name: String) -> GeneratorProfile? {
    ([canary] + all).first { $0.name == name }
  }

  /// Whether it is one of `healthy`, restricted or not.
  public var isHealthy: Bool { Self.healthy.contains { $0.name == name } }

  /// The kinds in the order of their numbers with this profile's weights.
  var kinds: [OperationKind] {
    PoolOperationKind.allCases.map {
      OperationKind($0.word, weight: weights[$0] ?? 0, isEssential: $0 == .alloc || $0 == .free)
    }
  }
}
