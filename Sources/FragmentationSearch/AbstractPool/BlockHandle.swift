/// A live block of an ``AbstractPool``. A handle's number may be given again after its release, so
/// it can name a slot of a trace: it never names two live blocks at once.
public struct BlockHandle: Sendable, Hashable {
  /// The number, at least 0.
  public let index: Int32

  /// The handle with a number: for targets that number their own blocks.
  public init(index: Int32) { self.index = index }
}
