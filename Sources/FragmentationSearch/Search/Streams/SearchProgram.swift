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
  ) -> (outcome: SearchOutcome, footprint: Footprint, trace: [PoolOperation]) {
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
