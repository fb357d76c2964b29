import ContentHash
import PoolBounds

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
    var measure: @Sendable (MacroRounds, Recording) -> (SearchOutcome, [AbstractOperation])
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

  func trace() -> [AbstractOperation] {
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
    case "passes": return SavedCount.reading(rest).map { passOperations = $0 } != nil
    case "choices": return UInt64(rest).map { generator = SeededGenerator(seed: $0) } != nil
    case "pages":
      bestPages = rest == "-1" ? -1 : SavedCount.reading(rest) ?? -2
      return bestPages >= -1
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

/// What a pool is worth to an adversary between two rounds.
///
/// At level x, when every free block is shorter than x, a page costs x units until the level is
/// over and a smallest block s afterwards, so a level turns a share s / x of the slack into pages
/// that stay. Of a slack y at level r there will be left y times the product of (1 - s/x) over
/// all levels x from r on; the rest will have become pages of s units each. So the value of K pages
/// with L live units, M being the cap, is
///
///     V = K + (M - L) / s * (1 - product)
///
/// It is no bound below half a page, where a page needs several blocks, but it puts a round that
/// spoils little before one that spoils much.
struct LevelValue: Sendable {
  private let smallest: Double
  /// For each level the part of the slack that becomes pages.
  private let converted: [Double]

  init(_ geometry: PoolGeometry) {
    smallest = Double(geometry.smallestBlockUnits)
    var converted = Array(repeating: 0.0, count: geometry.pageUnits + 2)
    var product = 1.0
    let last = geometry.pageUnits - geometry.smallestBlockUnits
    for level in stride(from: max(last, 1), through: 1, by: -1) {
      product *= 1 - min(1, smallest / Double(level))
      converted[level] = 1 - product
    }
    converted[0] = converted[1]
    self.converted = converted
  }

  /// Pages to be expected in the end. `level`: 1...page + 1.
  func pages(held: Int, slackUnits: Int, level: Int) -> Double {
    Double(held) + Double(max(0, slackUnits)) / smallest * converted[level]
  }
}

/// Rounds of macro programs one after another: a cyclic program may change as the level rises.
struct MacroRounds: Hashable, Sendable {
  /// So many rounds of a program.
  struct Entry: Hashable, Sendable {
    var program: MacroProgram
    var count: Int
  }

  var entries: [Entry] = []

  /// Adds a round.
  mutating func append(_ program: MacroProgram) {
    if let last = entries.last, last.program == program {
      entries[entries.count - 1].count += 1
    } else {
      entries.append(Entry(program: program, count: 1))
    }
  }

  /// What a round may cost: one that goes on for longer is not about to fill the budget.
  static func roundOperations(_ peakLiveUnits: Int) -> Int { 64 + 4 * peakLiveUnits }
}

extension MacroRounds: Genome {
  static var kind: String { "rounds" }

  static func random(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> MacroRounds {
    MacroRounds(entries: [Entry(program: .random(&generator), count: 1)])
  }

  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator) {
    guard !entries.isEmpty else { return }
    let index = generator.below(entries.count)
    switch generator.below(3) {
    case 0: entries[index].count = max(1, entries[index].count + generator.within(-2...2))
    default: entries[index].program.mutate(question, &generator)
    }
  }

  func crossed(with other: MacroRounds, _ generator: inout SeededGenerator) -> MacroRounds {
    let head = entries.prefix(generator.within(0...entries.count))
    let tail = other.entries.suffix(generator.within(0...other.entries.count))
    return MacroRounds(entries: Array(head + tail))
  }

  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    let roundOperations = Self.roundOperations(trial.peakLiveUnits)
    for entry in entries {
      for _ in 0..<entry.count where trial.operations < mostOperations {
        var memory = MacroProgram.Memory(trial.pool.geometry)
        entry.program.runRound(
          &trial, &memory,
          mostOperations: min(mostOperations, trial.operations + roundOperations))
      }
    }
    MacroProgram.spendRest(&trial, mostOperations: mostOperations)
  }

  /// The entries with bars between them, each a count, an `x` and a program.
  var text: String { entries.map { "\($0.count) x \($0.program.text)" }.joined(separator: " | ") }

  init?(text: String) {
    for part in text.split(separator: "|") {
      let words = part.split(separator: " ", maxSplits: 2)
      guard words.count == 3, words[1] == "x", let count = Int(words[0]),
        (1...1 << 20).contains(count), let program = MacroProgram(text: String(words[2]))
      else { return nil }
      entries.append(Entry(program: program, count: count))
    }
  }
}
