/// The best of one stream.
public struct StreamResult: Sendable, Hashable {
  /// The most pages held.
  public var pages: Int
  /// How to do it.
  public var trace: [PoolOperation]
  /// Operations simulated.
  public var operationsSpent: Int

  /// Nothing found yet.
  public init(pages: Int = 0, trace: [PoolOperation] = [], operationsSpent: Int = 0) {
    self.pages = pages
    self.trace = trace
    self.operationsSpent = operationsSpent
  }

  mutating func offer(pages: Int, _ trace: @autoclosure () -> [PoolOperation]) {
    guard pages > self.pages else { return }
    self.pages = pages
    self.trace = trace()
  }
}
