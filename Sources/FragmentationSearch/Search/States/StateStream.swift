import ContentHash

/// A stream of passes over the states, each with twice the width of the one before, among passes that
/// come back where exact fits are never taken.
///
/// Whether a pass that comes back learns the moves that pay shows early or not at all, and depends on
/// what it draws: so many short ones are begun, and some longer and wider ones among them, as restarts
/// are best where nobody knows how long is enough (Luby, Sinclair and Zuckerman, 1993).
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
  /// Operations of the shortest passes among which some come back.
  private static let returningOperations = 1_000_000

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
      let (isReturning, round) = kind(ofPass: passes)
      let width =
        isReturning ? round : min(Self.widths.first << min(round, 32), Self.widths.last)
      let seed = SeededGenerator(
        seed: setting.question.seed, stream: UInt64(number) << 32 | UInt64(passes))
      let left = setting.question.operationsPerStream - operationsSpent
      let pass = isReturning ? setting.returningPass : setting.pass
      let result = pass(width, seed, share(of: left, isReturning, round))
      passes += 1
      operationsSpent += max(1, result.operations)
      if result.pages > record?.outcome.pages ?? 0 { take(result.list) }
    }
  }

  /// Where exact fits are never taken, what pays is to come back: as most passes do, all but those
  /// before a power of two.
  private func kind(ofPass pass: Int) -> (isReturning: Bool, round: Int) {
    guard setting.question.rules.exactFit == .never else { return (false, pass) }
    let next = pass + 1
    let others = Int.bitWidth - 1 - next.leadingZeroBitCount
    return next > 1 && next == 1 << others
      ? (false, others - 1) : (true, (next - others).trailingZeroBitCount / 2)
  }

  /// Operations of a pass, of those that are left.
  private func share(of left: Int, _ isReturning: Bool, _ round: Int) -> Int {
    guard setting.question.rules.exactFit == .never else {
      return min(left, Self.mostPassOperations)
    }
    let doubled = isReturning ? round : round / 2
    let most = min(Self.returningOperations << min(doubled, 8), Self.mostPassOperations)
    let isLast = passes > 0 && left <= 2 * Self.returningOperations
    return min(isLast ? left : (left + 1) / 2, most)
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
