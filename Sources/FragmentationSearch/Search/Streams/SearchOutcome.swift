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
    let words = line.split(separator: " ", maxSplits: 7)
    let numbers = words.prefix(7).compactMap { Int($0) }
    guard words.count == 8, numbers.count == 7, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    var outcome = SearchOutcome(pages: numbers[0], operations: numbers[1])
    outcome.limit = numbers[2]
    outcome.largestFreeUnits = numbers[3]
    outcome.finalPages = numbers[4]
    outcome.pinnedPages = numbers[5]
    outcome.liveBlocks = numbers[6]
    return (outcome, String(words[7]))
  }
}
