import ContentHash

/// A stream of passes over the states, each with twice the width of the one before, in turns with
/// passes that come back where exact fits are never taken.
struct StateStream: SearchStream {
  /// What does not change while the stream goes on.
  struct Setting: Sendable {
    /// What is asked.
    var question: SearchQuestion
    /// Makes a pass of a width and a seed, at most so many operations long.
    var pass: @Sendable (Int, SeededGenerator, Int) -> (list: RawList, pages: Int, operations: Int)
    /// The same of passes that come back, by their number.
    var returningPass:
      @Sendable (Int, SeededGenerator, Int) -> (list: RawList, pages: Int, operations: Int)
    /// Runs a list from the beginning.
    var measure: @Sendable (RawList, Recording) -> (SearchOutcome, [AbstractOperation])
  }

  /// States of each kind that the first pass keeps, and the most that any does.
  private static let widths = (first: 2, last: 1024)
  /// A pass ends after about so many operations, so that a search by the clock can be saved.
  private static let mostPassOperations = 8_000_000

  private let setting: Setting
  private let number: Int
  private(set) var operationsSpent = 0
  private var passes = 0
  private var record: (list: RawList, outcome: SearchOutcome)?

  init(_ setting: Setting, number: Int) {
    self.setting = setting
    self.number = number
  }

  mutating func advance(to operations: Int) {
    while operationsSpent < operations {
      // Where exact fits are never taken, what pays is to come back: such passes take turns.
      let turns = setting.question.rules.exactFit == .never ? 2 : 1
      let isReturning = turns == 2 && passes.isMultiple(of: turns)
      let round = passes / turns
      let width =
        isReturning ? round : min(Self.widths.first << min(round, 32), Self.widths.last)
      let seed = SeededGenerator(
        seed: setting.question.seed, stream: UInt64(number) << 32 | UInt64(passes))
      let left = setting.question.operationsPerStream - operationsSpent
      let pass = isReturning ? setting.returningPass : setting.pass
      let share = passes == 0 ? (left + turns - 1) / turns : left
      let result = pass(width, seed, min(share, Self.mostPassOperations))
      passes += 1
      operationsSpent += max(1, result.operations)
      if result.pages > record?.outcome.pages ?? 0 { take(result.list) }
    }
  }

  private mutating func take(_ list: RawList) {
    let (outcome, _) = setting.measure(list, .off)
    operationsSpent += outcome.operations
    if record.map({ outcome.isBetter(than: $0.outcome) }) ?? true { record = (list, outcome) }
  }

  var best: SearchElite? {
    record.map { SearchElite(program: SearchProgram($0.list), outcome: $0.outcome) }
  }

  var elites: [SearchElite] { best.map { [$0] } ?? [] }

  func trace() -> [AbstractOperation] {
    record.map { setting.measure($0.list, .on).1 } ?? []
  }

  mutating func welcome(_ elites: [SearchElite]) {
    for elite in elites {
      if let list: RawList = elite.program.genome() { take(list) }
    }
  }

  // MARK: State

  var lines: [String] {
    let counts = ["passes \(passes) \(operationsSpent)"]
    return counts + (record.map { ["record \($0.outcome.text) \($0.list.text)"] } ?? [])
  }

  mutating func restore(_ lines: [Substring]) -> Bool {
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3, words[0] == "passes", let passes = SavedCount.reading(words[1]),
      let operations = SavedCount.reading(words[2]), lines.count <= 2
    else { return false }
    var record: (list: RawList, outcome: SearchOutcome)?
    if lines.count == 2 {
      guard lines[1].hasPrefix("record "),
        let read = SearchOutcome.reading(lines[1].dropFirst("record ".count)),
        let list = RawList(text: read.rest)
      else { return false }
      record = (list, read.outcome)
    }
    self.passes = passes
    operationsSpent = operations
    self.record = record
    return true
  }
}
