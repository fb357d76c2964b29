/// The switches of the placement policy; geometry is ``PoolGeometry``'s.
public struct PlacementRules: Sendable, Hashable {
  /// Where split remainders go.
  public var remainderOrder: RemainderOrder
  /// Whether exact fits are used.
  public var exactFit: ExactFit
  /// Where freed blocks go.
  public var freedOrder: FreedOrder
  /// How a free block is chosen.
  public var fit: FitRule

  /// Rules with the kernel's choice where nothing else is said.
  public init(
    remainderOrder: RemainderOrder, exactFit: ExactFit, freedOrder: FreedOrder = .head,
    fit: FitRule = .smallestList
  ) {
    self.remainderOrder = remainderOrder
    self.exactFit = exactFit
    self.freedOrder = freedOrder
    self.fit = fit
  }

  /// Windows: exact fits are taken, remainders go to the end of their list.
  public static let windows = PlacementRules(remainderOrder: .tail, exactFit: .taken)
  /// ReactOS: exact fits are never taken, remainders go to the end of their list.
  public static let reactOS = PlacementRules(remainderOrder: .tail, exactFit: .never)
  /// The literature's pure last-in first-out order.
  public static let lastInFirstOut = PlacementRules(remainderOrder: .head, exactFit: .taken)
}
