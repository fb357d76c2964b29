/// A stream of beam searches: half of the budget breeds programs, half composes them.
struct BeamStream: SearchStream {
  /// What does not change while the stream goes on.
  struct Setting: Sendable {
    /// What is asked.
    var question: SearchQuestion
    /// Programs tried from each state.
    var programs: Int
    /// Makes a pass over programs, at most so many operations long.
    var pass: @Sendable ([MacroProgram], Int) -> (rounds: [Int], pages: Int, operations: Int)
    /// Runs rounds from the beginning.
    var measure: @Sendable (MacroRounds, Recording) -> (SearchOutcome, [PoolOperation])
  }

  /// Breeding and passes alternate; what comes next depends on the state alone.
  private var breedingOperations: Int {
    min(1_000_000, 1 + setting.question.operationsPerStream / 64)
  }

  private let setting: Setting
  private var nursery: EvolutionStream<MacroProgram>
  private var generator: SeededGenerator
  private var passOperations = 0
  /// The programs of the best pass, the most used first.
  private var parents: [MacroProgram] = []
  private var bestPages = -1
  private var record: (rounds: MacroRounds, outcome: SearchOutcome)?

  init(_ setting: Setting, number: Int, nursery: EvolutionStream<MacroProgram>) {
    self.setting = setting
    self.nursery = nursery
    // Not the nursery's numbers once more.
    generator = SeededGenerator(seed: ~setting.question.seed, stream: UInt64(number))
  }

  var operationsSpent: Int { nursery.operationsSpent + passOperations }

  mutating func advance(to operations: Int) {
    while operationsSpent < operations {
      if passOperations >= nursery.operationsSpent {
        let next = nursery.operationsSpent + breedingOperations
        nursery.advance(to: min(next, setting.question.operationsPerStream - passOperations))
        continue
      }
      let programs = library()
      let left = setting.question.operationsPerStream - operationsSpent
      let result = setting.pass(programs, left)
      passOperations += max(1, result.operations)
      learn(programs, result.rounds, result.pages)
    }
  }

  /// Parents, their children, and elites.
  private mutating func library() -> [MacroProgram] {
    var programs = parents
    while programs.count < setting.programs {
      if !parents.isEmpty, generator.chance(1, in: 3) {
        var child = parents[generator.below(parents.count)]
        child.mutate(setting.question, &generator)
        programs.append(child)
      } else {
        programs.append(nursery.population.draw(&generator) ?? .random(&generator))
      }
    }
    return programs
  }

  private mutating func learn(_ programs: [MacroProgram], _ numbers: [Int], _ pages: Int) {
    guard pages >= bestPages else { return }
    bestPages = pages
    var uses: [MacroProgram: Int] = [:]
    var rounds = MacroRounds()
    for number in numbers {
      uses[programs[number], default: 0] += 1
      rounds.append(programs[number])
    }
    var seen = Set<MacroProgram>()
    let used = numbers.map { programs[$0] }.filter { seen.insert($0).inserted }
    // In the order of first use among equals: a sort that is not stable would be another seed.
    let ranked = used.enumerated().sorted {
      (uses[$1.element] ?? 0, $0.offset) < (uses[$0.element] ?? 0, $1.offset)
    }.map(\.element)
    let heirs = ranked + parents.filter { !seen.contains($0) }
    parents = Array(heirs.prefix(setting.programs / 2))
    guard pages > record?.outcome.pages ?? 0 else { return }
    let (outcome, _) = setting.measure(rounds, .off)
    passOperations += outcome.operations
    if record.map({ outcome.isBetter(than: $0.outcome) }) ?? true { record = (rounds, outcome) }
  }

  // MARK: Answers

  private var recordElite: SearchElite? {
    record.map { SearchElite(program: SearchProgram($0.rounds), outcome: $0.outcome) }
  }

  private var isRecordBest: Bool {
    record.map { $0.outcome.pages >= nursery.best?.outcome.pages ?? 0 } ?? false
  }

  var best: SearchElite? { isRecordBest ? recordElite : nursery.best }

  var elites: [SearchElite] { nursery.elites + (recordElite.map { [$0] } ?? []) }

  func trace() -> [PoolOperation] {
    guard isRecordBest, let record else { return nursery.trace() }
    return setting.measure(record.rounds, .on).1
  }

  mutating func welcome(_ elites: [SearchElite]) { nursery.welcome(elites) }

  // MARK: State

  var lines: [String] {
    var lines = nursery.lines.map { "nursery \($0)" }
    lines += [
      "passes \(passOperations)", "choices \(generator.state)", "pages \(bestPages)",
    ]
    if let record { lines.append("record \(record.outcome.text) \(record.rounds.text)") }
    return lines + parents.map { "parent \($0.text)" }
  }

  mutating func restore(_ lines: [Substring]) -> Bool {
    var restored = self
    restored.parents = []
    restored.record = nil
    var nurseryLines: [Substring] = []
    for line in lines {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2 else { return false }
      if parts[0] == "nursery" {
        nurseryLines.append(parts[1])
      } else if !restored.take(parts[0], parts[1]) {
        return false
      }
    }
    guard restored.nursery.restore(nurseryLines) else { return false }
    self = restored
    return true
  }

  private mutating func take(_ word: Substring, _ rest: Substring) -> Bool {
    switch word {
    case "passes": return Int(rest).map { passOperations = $0 } != nil
    case "choices": return UInt64(rest).map { generator = SeededGenerator(seed: $0) } != nil
    case "pages": return Int(rest).map { bestPages = $0 } != nil
    case "record":
      guard let read = SearchOutcome.reading(rest), let rounds = MacroRounds(text: read.rest) else {
        return false
      }
      record = (rounds, read.outcome)
      return true
    case "parent": return MacroProgram(text: String(rest)).map { parents.append($0) } != nil
    default: return false
    }
  }
}
