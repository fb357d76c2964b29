/// The features of one trace: swarm testing leaves some out, so that others get room.
///
/// A trace that never frees fills the system; one that does every kind a little does neither.
/// (Groce et al., "Swarm Testing", 2012.) The swarm belongs to the *generation* alone: it is not
/// part of the trace, so shrinking may use what the swarm had left out. It shrinks open.
public struct Swarm: Sendable, Equatable {
  /// The weight of each kind, by its index; 0 is left out.
  public var weights: [Int]
  /// In which order lifetimes end.
  public var policy: LifetimePolicy
  /// How often, in sixteenths, the last kind is repeated: long runs of one kind reach states
  /// that independent draws almost never do.
  public var repeatSixteenths: UInt64
  /// How many slots the trace may use; nil is the model's own capacity.
  public var slotCapacity: Int?

  /// Those features.
  public init(
    weights: [Int], policy: LifetimePolicy = .anyOrder, repeatSixteenths: UInt64 = 0,
    slotCapacity: Int? = nil
  ) {
    self.weights = weights
    self.policy = policy
    self.repeatSixteenths = repeatSixteenths
    self.slotCapacity = slotCapacity
  }

  /// Every kind with its usual weight, nothing left out.
  public static func plain(_ kinds: [OperationKind]) -> Swarm {
    Swarm(weights: kinds.map(\.weight))
  }

  /// Draws the features of one trace: each kind is left out one time in four, kept with one to
  /// eight times its weight otherwise.
  ///
  /// If all would be left out, all stay.
  public static func draw(
    _ kinds: [OperationKind], from choices: inout some ChoiceSource
  ) -> Swarm {
    var swarm = plain(kinds)
    swarm.weights = weights(kinds, factors: [1, 1, 2, 4, 8], from: &choices)
    swarm.policy = choices.draw(from: LifetimePolicy.allCases)
    swarm.repeatSixteenths = choices.draw(from: [0, 0, 8, 14])
    return swarm
  }

  /// Draws the weights alone: each kind that has one is left out one time in four, kept with one of
  /// the factors otherwise. If all would be left out, all stay.
  public static func weights(
    _ kinds: [OperationKind], factors: [Int], from choices: inout some ChoiceSource
  ) -> [Int] {
    var weights = kinds.map(\.weight)
    for index in kinds.indices where weights[index] > 0 {
      let isOmitted = choices.chance(1, in: 4)
      let factor = choices.draw(from: factors)
      weights[index] *= isOmitted && !kinds[index].isEssential ? 0 : factor
    }
    return weights.allSatisfy { $0 == 0 } ? kinds.map(\.weight) : weights
  }

  /// A line for the log: the kinds kept with their weights, the policy and the repetition.
  public func summary(_ kinds: [OperationKind]) -> String {
    let kept = zip(kinds, weights).filter { $0.1 > 0 }.map { "\($0.0.name)*\($0.1)" }
    return (kept + ["\(policy)", "repeat=\(repeatSixteenths)/16"]).joined(separator: " ")
  }
}
