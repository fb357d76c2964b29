import ContentHash

/// A stream that breeds candidates by one rule.
///
/// Where the cap is large, candidates are bred at a smaller one, at which a run costs less, and the
/// promising ones are promoted: a recipe relative to the pool means the same at any cap.
struct EvolutionStream<G: Genome>: SearchStream {
  typealias Member = Population<G>.Member
  /// Runs a candidate, at most so many operations long.
  typealias Measure =
    @Sendable (G, SearchQuestion, Int, Recording) -> (SearchOutcome, [AbstractOperation])

  /// What does not change while the stream goes on.
  struct Setting: Sendable {
    /// What is asked.
    var question: SearchQuestion
    /// The same at the cap of breeding.
    var breeding: SearchQuestion
    /// Operations of a run at the cap of a question.
    var limit: @Sendable (SearchQuestion) -> Int
    /// How to run.
    var measure: Measure
    /// A candidate with its kind.
    var program: @Sendable (G) -> SearchProgram
  }

  private let setting: Setting
  private var generator: SeededGenerator
  private(set) var population: Population<G>
  private(set) var operationsSpent = 0
  /// The best at the cap that was asked for, of each kind of behaviour; where that is the cap of
  /// breeding, the population has them.
  private var promoted: [ArchiveCell: Member] = [:]

  init(_ setting: Setting, number: Int, _ rule: Population<G>.Rule) {
    self.setting = setting
    generator = SeededGenerator(seed: setting.question.seed, stream: UInt64(number))
    population = Population(rule, setting.question.geometry)
  }

  private var isPromoting: Bool {
    setting.breeding.peakLiveUnits < setting.question.peakLiveUnits
  }

  mutating func advance(to operations: Int) {
    while operationsSpent < operations {
      let genome = population.child(setting.question, &generator)
      let member = run(genome, setting.breeding)
      let isPlaced = population.take(member, &generator)
      guard isPromoting, isPlaced, let best = population.best,
        member.outcome.pages >= best.outcome.pages - best.outcome.pages / 16
      else { continue }
      promote(run(genome, setting.question))
    }
  }

  private mutating func run(_ genome: G, _ question: SearchQuestion) -> Member {
    // What the whole stream may still spend, not the epoch, so that epochs leave no mark.
    let left = setting.question.operationsPerStream - operationsSpent
    let limit = max(1, min(setting.limit(question), left))
    let (outcome, _) = setting.measure(genome, question, limit, .off)
    // A candidate that does nothing still costs one, so that the budget ends.
    operationsSpent += max(1, outcome.operations)
    return Member(genome: genome, outcome: outcome)
  }

  private mutating func promote(_ member: Member) {
    let cell = ArchiveCell(member.outcome, setting.question.geometry)
    if promoted[cell].map({ member.outcome.isBetter(than: $0.outcome) }) ?? true {
      promoted[cell] = member
    }
  }

  mutating func welcome(_ elites: [SearchElite]) {
    for elite in elites {
      guard let genome = elite.program.genome(G.self) else { continue }
      population.take(run(genome, setting.breeding), &generator)
      if isPromoting { promote(Member(genome: genome, outcome: elite.outcome)) }
    }
  }

  // MARK: Answers

  private var bestMember: Member? {
    guard isPromoting else { return population.best }
    return promoted.sorted { $0.key < $1.key }.map(\.value).reduce(nil) { best, member in
      best.map { member.outcome.isBetter(than: $0.outcome) } ?? true ? member : best
    }
  }

  var best: SearchElite? { bestMember.map(elite) }

  var elites: [SearchElite] {
    var cells = promoted
    if !isPromoting {
      for member in population.members + (population.best.map { [$0] } ?? []) {
        let cell = ArchiveCell(member.outcome, setting.question.geometry)
        if cells[cell].map({ member.outcome.isBetter(than: $0.outcome) }) ?? true {
          cells[cell] = member
        }
      }
    }
    return cells.sorted { $0.key < $1.key }.map { elite($0.value) }
  }

  private func elite(_ member: Member) -> SearchElite {
    SearchElite(program: setting.program(member.genome), outcome: member.outcome)
  }

  func trace() -> [AbstractOperation] {
    guard let best = bestMember else { return [] }
    return setting.measure(best.genome, setting.question, best.outcome.limit, .on).1
  }

  // MARK: State

  var lines: [String] {
    let counters = population.counters.map(String.init).joined(separator: " ")
    var lines = [
      "spent \(operationsSpent)", "generator \(generator.state)", "counters \(counters)",
    ]
    if let best = population.best { lines.append("best " + Self.text(best)) }
    lines += population.members.map { "member " + Self.text($0) }
    return lines
      + promoted.sorted { $0.key < $1.key }.map { "promoted " + Self.text($0.value) }
  }

  private static func text(_ member: Member) -> String {
    "\(member.outcome.text) \(member.genome.text)"
  }

  mutating func restore(_ lines: [Substring]) -> Bool {
    var state = SavedEvolution<G>()
    guard lines.allSatisfy({ state.take($0) }), let spent = state.spent,
      let seed = state.generator,
      population.restore(members: state.members, best: state.best, counters: state.counters)
    else { return false }
    operationsSpent = spent
    generator = SeededGenerator(seed: seed)
    promoted = [:]
    for member in state.promoted {
      promoted[ArchiveCell(member.outcome, setting.question.geometry)] = member
    }
    return true
  }
}

/// The lines of an evolution's state as they are read.
private struct SavedEvolution<G: Genome> {
  var spent: Int?
  var generator: UInt64?
  var counters: [Int] = []
  var best: Population<G>.Member?
  var members: [Population<G>.Member] = []
  var promoted: [Population<G>.Member] = []

  /// Takes a line in; false where it says nothing known.
  mutating func take(_ line: Substring) -> Bool {
    let parts = line.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return false }
    let rest = parts[1]
    switch parts[0] {
    case "spent":
      spent = SavedCount.reading(rest)
      return spent != nil
    case "generator":
      generator = UInt64(rest)
      return generator != nil
    case "counters":
      let words = rest.split(separator: " ")
      counters = words.compactMap { $0 == "-1" ? -1 : SavedCount.reading($0) }
      return counters.count == words.count
    case "best", "member", "promoted":
      guard let read = SearchOutcome.reading(rest), let genome = G(text: read.rest) else {
        return false
      }
      let member = Population<G>.Member(genome: genome, outcome: read.outcome)
      switch parts[0] {
      case "best": best = member
      case "member": members.append(member)
      default: promoted.append(member)
      }
    default: return false
    }
    return true
  }
}
