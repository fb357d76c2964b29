/// What whoever replays a trace knows of a pool after an operation, all in bytes.
public struct PoolFigures: Sendable, Equatable {
  /// Bytes of the pages held.
  public var held: UInt64
  /// Bytes of live blocks, headers included.
  public var live: UInt64
  /// The most bytes that any trace with the same peak of live bytes can hold; nil where no bound
  /// is known.
  public var bound: UInt64?

  /// Figures.
  public init(held: UInt64 = 0, live: UInt64 = 0, bound: UInt64? = nil) {
    self.held = held
    self.live = live
    self.bound = bound
  }
}
