import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// The traces that an allocator is tested with: those of the portfolio's healthy profiles, on arenas
/// of several sizes. Trace `number` follows from the seed and its number alone.
public struct TargetTraces: Sendable {
  /// The seed.
  public let seed: Seed
  /// The profiles.
  public let profiles: [GeneratorProfile]
  /// The arenas in pages of 4 KiB.
  private static let arenaPages: [UInt64] = [256, 64, 1024]

  /// Traces of a seed; misuse has no place in front of an allocator that does not define it.
  public init(seed: Seed, profiles: [GeneratorProfile] = GeneratorProfile.healthy) {
    self.seed = seed
    self.profiles = profiles.filter(\.isHealthy)
  }

  /// One trace.
  public func trace(_ number: UInt64) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: seed, stream: number)
    let profile = choices.draw(from: profiles)
    var setup = PoolSetup()
    setup.configuration.pool.nonPagedPages = choices.draw(from: Self.arenaPages)
    let count = choices.draw(from: [16, 32, 64, 128, 256])
    return PoolTraceGenerator.trace(
      profile, operationCount: count, setup: setup, choices: &choices)
  }
}
