import KernelPool
import PoolOracles
import PropertyTesting

/// What one trace keeps to: drawn once at its start, with features left out at random.
///
/// (Groce et al., "Swarm Testing", 2012.) The features belong to the generation alone; a trace
/// does not hold them, so shrinking is open to what they had left out.
public struct TraceFeatures: Sendable {
  /// How allocations and frees alternate.
  public enum Rhythm: Sendable, CaseIterable {
    /// By weight alone.
    case steady
    /// Fills up, then drains, and again.
    case sawtooth
    /// Long runs of one kind.
    case bursts
    /// Most lifetimes are short and end youngest first; some live on.
    case generations
    /// One block in eight stays while short lives come and go around it.
    case pinned
  }

  /// Weight of each kind, by its number; 0 is left out.
  var weights: [Int]
  /// Centres of sizes in bytes.
  var sizes: [UInt64]
  /// Whether sizes beside the centres are drawn too.
  var hasNeighbours: Bool
  /// Pool types.
  var types: [PoolType]
  /// Tags.
  var tags: [PoolTag]
  /// How many slots there are.
  var slotCount: Int
  /// In which order lifetimes end.
  var policy: LifetimePolicy
  /// How allocations and frees alternate.
  var rhythm: Rhythm

  /// Draws the features of a trace.
  init(_ profile: GeneratorProfile, _ setup: PoolSetup, _ choices: inout some ChoiceSource) {
    let facts = setup.configuration.pool.profile
    weights = Swarm.weights(profile.kinds, factors: [1, 1, 1, 2, 4], from: &choices)
    let neighbourhoods = choices.draw(in: 1...3)
    var sizes: [UInt64] = []
    for _ in 0..<neighbourhoods {
      let neighbourhood = choices.draw(from: profile.sizes)
      for _ in 0..<choices.draw(in: 1...4) {
        sizes.append(neighbourhood.centre(facts, &choices))
      }
    }
    self.sizes = sizes
    hasNeighbours = choices.chance(1, in: 2)
    types = (0..<choices.draw(in: 1...3)).map { _ in choices.draw(from: profile.types) }
    tags = (0..<choices.draw(in: 1...profile.mostTags)).map { Self.tag($0) }
    slotCount = choices.draw(from: profile.slotCounts)
    policy = choices.draw(from: LifetimePolicy.allCases)
    rhythm = choices.draw(from: Rhythm.allCases)
    if profile.hasOddTags { tags = tags.map { Self.oddTag($0, &choices) } }
  }

  /// What the library's generator is told of them.
  var swarm: Swarm { Swarm(weights: weights, policy: policy, slotCapacity: slotCount) }

  /// Every other tag becomes a protected one, none, or one that the kernel uses itself.
  private static func oddTag(_ tag: PoolTag, _ choices: inout some ChoiceSource) -> PoolTag {
    let protected = PoolTag(word: tag.word | 0x8000_0000)
    let odd: [PoolTag] = [
      protected, protected, PoolTag(word: 0), PoolTag(word: 0x8000_0000), .pool, .big, .fragment,
      .contiguous,
    ]
    return choices.chance(1, in: 2) ? choices.draw(from: odd) : tag
  }

  /// A tag by number: `Ta00`, `Ta01` and so on.
  static func tag(_ number: Int) -> PoolTag {
    let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    let low = UInt32(digits[number % 36])
    let high = UInt32(digits[number / 36 % 36])
    return PoolTag(word: low << 24 | high << 16 | 0x61 << 8 | 0x54)
  }

  /// A line for the log.
  public var summary: String {
    let kinds = zip(PoolOperationKind.allCases, weights).filter { $0.1 > 0 }
      .map { "\($0.0.word)*\($0.1)" }
    return kinds.joined(separator: " ")
      + " sizes=\(sizes) neighbours=\(hasNeighbours) types=\(types.map(\.rawValue))"
      + " tags=\(tags.count) slots=\(slotCount) \(policy) \(rhythm)"
  }
}
