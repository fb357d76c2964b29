/// In which order lifetimes end. List and queue bugs hide behind the order, so a trace keeps one.
public enum LifetimePolicy: Int, Sendable, CaseIterable {
  /// Any live slot may end next.
  case anyOrder
  /// The youngest ends first, as on a stack.
  case newestFirst
  /// The oldest ends first, as in a queue.
  case oldestFirst
}
