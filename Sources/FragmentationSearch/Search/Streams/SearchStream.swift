import ContentHash

/// One of the independent, numbered parts of a search: a value that goes on from where it is, whose
/// whole state is a text, so that a search can be killed and resumed.
public protocol SearchStream: Sendable {
  /// Operations simulated so far.
  var operationsSpent: Int { get }
  /// The best candidate so far; nil before the first.
  var best: SearchElite? { get }
  /// The candidates worth keeping, one a cell at most, in the order of cells.
  var elites: [SearchElite] { get }
  /// Goes on until so many operations are simulated in all, or nothing more can be tried.
  mutating func advance(to operations: Int)
  /// Takes candidates from elsewhere into account, if it is of their kind.
  mutating func welcome(_ elites: [SearchElite])
  /// Operations of the best candidate.
  func trace() -> [AbstractOperation]
  /// The state, a line for each part of it.
  var lines: [String] { get }
  /// Takes a state over; false, and nothing changed, where the lines say something else.
  mutating func restore(_ lines: [Substring]) -> Bool
}

/// A candidate worth keeping.
public struct SearchElite: Sendable, Hashable {
  /// What it does.
  public let program: SearchProgram
  /// What it came to.
  public let outcome: SearchOutcome
}

/// A candidate of any kind with its text, by which archives keep it and later runs repeat it.
public struct SearchProgram: Sendable, Hashable {
  private enum Genes: Sendable, Hashable {
    case macro(MacroProgram)
    case rounds(MacroRounds)
    case raw(RawList)
    case random(RandomTrace)
  }

  private let genes: Genes

  init(_ program: MacroProgram) { genes = .macro(program) }
  init(_ rounds: MacroRounds) { genes = .rounds(rounds) }
  init(_ list: RawList) { genes = .raw(list) }
  init(_ trace: RandomTrace) { genes = .random(trace) }

  /// One line: the kind, a space, and what the kind says of itself.
  public var text: String {
    func line<G: Genome>(_ genome: G) -> String { "\(G.kind) \(genome.text)" }
    switch genes {
    case .macro(let genome): return line(genome)
    case .rounds(let genome): return line(genome)
    case .raw(let genome): return line(genome)
    case .random(let genome): return line(genome)
    }
  }

  /// Reads ``text``; nil where it is no program.
  public init?(text: String) {
    let parts = text.split(separator: " ", maxSplits: 1)
    guard let kind = parts.first else { return nil }
    let rest = parts.count == 2 ? String(parts[1]) : ""
    let genes: Genes?
    switch String(kind) {
    case MacroProgram.kind: genes = MacroProgram(text: rest).map(Genes.macro)
    case MacroRounds.kind: genes = MacroRounds(text: rest).map(Genes.rounds)
    case RawList.kind: genes = RawList(text: rest).map(Genes.raw)
    case RandomTrace.kind: genes = RandomTrace(text: rest).map(Genes.random)
    default: genes = nil
    }
    guard let genes else { return nil }
    self.genes = genes
  }

  /// The genome, if it is of that kind.
  func genome<G: Genome>(_ type: G.Type = G.self) -> G? {
    switch genes {
    case .macro(let genome): genome as? G
    case .rounds(let genome): genome as? G
    case .raw(let genome): genome as? G
    case .random(let genome): genome as? G
    }
  }

  /// Runs it on an empty abstract pool of the question; the operations only if wanted.
  func run(
    _ question: SearchQuestion, _ recording: Recording, mostOperations: Int
  ) -> (outcome: SearchOutcome, footprint: Footprint, trace: [AbstractOperation]) {
    var trial = Trial(question, on: question.makePool(), recording: recording)
    switch genes {
    case .macro(let genome): genome.run(&trial, mostOperations: mostOperations)
    case .rounds(let genome): genome.run(&trial, mostOperations: mostOperations)
    case .raw(let genome): genome.run(&trial, mostOperations: mostOperations)
    case .random(let genome): genome.run(&trial, mostOperations: mostOperations)
    }
    return (SearchOutcome(trial, limit: mostOperations), trial.pool.footprint, trial.trace)
  }
}

/// What one run of a candidate came to.
public struct SearchOutcome: Sendable, Hashable {
  /// The most pages held.
  public var pages: Int
  /// Operations of the run.
  public var operations: Int
  /// What the run was allowed; it is repeated under the same limit.
  public var limit = 0
  /// Units of the largest free block at the end: one less than the level.
  public var largestFreeUnits = 0
  /// Pages held at the end.
  public var finalPages = 0
  /// Of those, pages with a single live block.
  public var pinnedPages = 0
  /// Live blocks at the end.
  public var liveBlocks = 0

  /// Nothing held.
  public init(pages: Int = 0, operations: Int = 0) {
    self.pages = pages
    self.operations = operations
  }

  init<Target: AllocatorTarget & ~Copyable>(_ trial: borrowing Trial<Target>, limit: Int) {
    self.limit = limit
    pages = trial.pages
    operations = trial.operations
    largestFreeUnits = trial.pool.largestFreeUnits
    finalPages = trial.pool.footprint.pagesHeld
    pinnedPages = trial.pool.pinnedPages
    liveBlocks = trial.pool.footprint.liveBlocks
  }

  /// More pages, or the same in fewer operations.
  func isBetter(than other: SearchOutcome) -> Bool {
    (pages, other.operations) > (other.pages, operations)
  }

  /// The numbers with spaces between them, as a state file has them.
  var text: String {
    "\(pages) \(operations) \(limit) \(largestFreeUnits) \(finalPages) \(pinnedPages) \(liveBlocks)"
  }

  /// Reads ``text`` at the beginning of a line; gives what stands behind it too.
  static func reading(_ line: Substring) -> (outcome: SearchOutcome, rest: String)? {
    // A list without operations is written as nothing.
    let words = line.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: false)
    let numbers = words.prefix(7).compactMap(SavedCount.reading)
    guard words.count == 8, numbers.count == 7 else { return nil }
    var outcome = SearchOutcome(pages: numbers[0], operations: numbers[1])
    outcome.limit = numbers[2]
    outcome.largestFreeUnits = numbers[3]
    outcome.finalPages = numbers[4]
    outcome.pinnedPages = numbers[5]
    outcome.liveBlocks = numbers[6]
    return (outcome, String(words[7]))
  }
}
