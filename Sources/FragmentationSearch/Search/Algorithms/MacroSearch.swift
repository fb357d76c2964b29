/// Evolution of `MacroProgram`s, cyclic programs of steps relative to the state of the pool.
public struct MacroSearch: SearchAlgorithm {
  /// How programs replace one another.
  public enum Rule: String, Sendable, Hashable {
    /// A genetic algorithm: tournaments in a population that begins anew when it is stuck.
    case genetic = "macro"
    /// MAP-Elites: the best program of each kind of behaviour.
    case elites = "map-elites"
  }

  /// The rule's name.
  public var name: String { rule.rawValue }
  /// How programs replace one another.
  public let rule: Rule
  /// Programs in the population of one stream, or its founders.
  public let population: Int
  /// Children in a row without an improvement after which a population begins anew.
  public let patience: Int
  /// A run ends after about so many operations; nil for what a good program needs at the cap.
  public let runOperations: Int?

  /// - Parameters:
  ///   - rule: how programs replace one another.
  ///   - population: at least 4.
  ///   - patience: at least 1.
  ///   - runOperations: at least 1, or nil.
  public init(
    _ rule: Rule = .genetic, population: Int = 64, patience: Int = 6000,
    runOperations: Int? = nil
  ) {
    self.rule = rule
    self.runOperations = runOperations.map { max(1, $0) }
    self.population = max(4, population)
    self.patience = max(1, patience)
  }

  /// A stream of programs on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of programs.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    evolution(question, number: number, on: makeTarget)
  }

  func evolution<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> EvolutionStream<MacroProgram> {
    let runOperations = runOperations
    let rule: Population<MacroProgram>.Rule =
      rule == .genetic
      ? .tournaments(size: population, patience: patience) : .elites(founders: population * 8)
    // With four pages live there is room to cut one while others are kept; a good staircase takes
    // seven to eleven operations a unit.
    return evolution(
      question, number: number, rule, breedingUnits: 4 * question.geometry.pageUnits,
      limit: { runOperations ?? 1024 + 16 * $0.peakLiveUnits },
      program: { SearchProgram($0) }, on: makeTarget)
  }
}
