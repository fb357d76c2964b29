/// A genetic algorithm over `MacroProgram`s: tournaments in a steady population, crossover and
/// mutation, the better program keeping its place.
public struct MacroSearch: SearchAlgorithm {
  /// `macro`.
  public var name: String { "macro" }
  /// Programs in the population of one stream.
  public let population: Int
  /// A run ends after about so many operations.
  public let runOperations: Int

  /// - Parameters:
  ///   - population: at least 4.
  ///   - runOperations: at least 1; a good staircase at 64 KiB takes 60,000.
  public init(population: Int = 64, runOperations: Int = 100_000) {
    self.population = max(4, population)
    self.runOperations = max(1, runOperations)
  }

  private struct Individual {
    var program: MacroProgram
    var pages: Int
  }

  /// The best program of one stream.
  public func searchStream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator,
    on makeTarget: () -> Target
  ) -> StreamResult {
    var generator = generator
    var spent = 0
    func evaluate(_ program: MacroProgram) -> Int {
      var trial = Trial(question, on: makeTarget(), recording: .off)
      program.run(&trial, mostOperations: min(runOperations, max(0, operations - spent) / 2))
      spent += max(1, trial.operations)
      return trial.pages
    }
    var individuals: [Individual] = []
    while individuals.count < population, individuals.isEmpty || spent < operations {
      let program = MacroProgram.random(&generator)
      individuals.append(Individual(program: program, pages: evaluate(program)))
    }
    while spent < operations {
      let parents = (Self.winner(individuals, &generator), Self.winner(individuals, &generator))
      var child = individuals[parents.0].program
      if generator.chance(1, in: 3) {
        child = child.crossed(with: individuals[parents.1].program, &generator)
      }
      for _ in 0...generator.below(3) { child.mutate(&generator) }
      let pages = evaluate(child)
      let place = Self.loser(individuals, &generator)
      if pages >= individuals[place].pages, !individuals.contains(where: { $0.program == child }) {
        individuals[place] = Individual(program: child, pages: pages)
      }
    }
    var trial = Trial(question, on: makeTarget(), recording: .on)
    if let best = individuals.max(by: { $0.pages < $1.pages }) {
      best.program.run(&trial, mostOperations: runOperations)
    }
    return StreamResult(pages: trial.pages, trace: trial.trace, operationsSpent: spent)
  }

  private static func winner(
    _ individuals: [Individual], _ generator: inout SeededGenerator
  ) -> Int {
    let contestants = (0..<3).map { _ in generator.below(individuals.count) }
    return contestants.max { individuals[$0].pages < individuals[$1].pages } ?? 0
  }

  private static func loser(
    _ individuals: [Individual], _ generator: inout SeededGenerator
  ) -> Int {
    let contestants = (0..<3).map { _ in generator.below(individuals.count) }
    return contestants.min { individuals[$0].pages < individuals[$1].pages } ?? 0
  }
}
