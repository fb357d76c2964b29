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
