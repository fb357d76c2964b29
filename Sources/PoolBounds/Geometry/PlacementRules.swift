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

/// Whether a free block of exactly the requested size is used.
public enum ExactFit: String, Sendable, Hashable, CaseIterable {
  /// The search starts at the list of the requested size: Windows (Mandt 2011).
  case taken
  /// The search starts one list above, so that every hit is split: ReactOS.
  case never
}

/// Which free block serves a request.
public enum FitRule: String, Sendable, Hashable, CaseIterable {
  /// The first block on the first non-empty list that suffices: Windows and ReactOS.
  case smallestList
  /// The sufficient block of the lowest page and offset: a remedy to compare with.
  case firstFit
}

/// Where a freed block goes on the list of its size.
public enum FreedOrder: String, Sendable, Hashable, CaseIterable {
  /// To the front: Windows and ReactOS.
  case head
  /// To the end (first-in first-out): a remedy to compare with.
  case tail
}

/// Where the unused part of a split block goes on the list of its size.
public enum RemainderOrder: String, Sendable, Hashable, CaseIterable {
  /// To the front, as freed blocks do: the textbook's last-in first-out.
  case head
  /// To the end: Windows (Mandt 2011) and ReactOS `ExAllocatePoolWithTag`.
  case tail
  /// The adversary picks among free blocks of equal size: an upper limit of both.
  case relaxed
}
