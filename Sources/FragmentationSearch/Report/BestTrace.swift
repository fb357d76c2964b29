/// What a search found, not yet replayed.
public enum BestTrace: Sendable {
  /// Nothing: the pool has no room for any program.
  case none
  /// A program that makes its operations as it runs.
  case program(any Adversary)
  /// Operations.
  case answer(SearchAnswer)
}
