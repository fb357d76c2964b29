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
  func trace() -> [PoolOperation]
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
