/// One operation of a trace: a value that names slots, and tells the shrinker what it needs.
///
/// Two operations must be equal exactly if kind, slots and parameter values are: the order over
/// traces sees nothing else (`OperationLaws` checks this and the other duties below).
public protocol SlotOperation: Parameterized, CustomStringConvertible {
  /// Rank of the kind, from 0: lower is simpler, and an index into a table of weights.
  var kind: Int { get }

  /// The slots it needs and what it does with them.
  var slots: SlotUses { get }

  /// The same operation on other slots.
  func renamingSlots(_ rename: (Slot) -> Slot) -> Self

  /// Creations that could stand for both this one and another, such as one allocation of both
  /// sizes together; the best guess first. They keep this operation's slot.
  ///
  /// This is the subject's part of the *pump*: a move that grows one argument in order to delete
  /// whole operations. It reaches traces that no deletion and no lowering can.
  func merging(_ other: Self) -> [Self]

  /// Operations of kinds of lower rank that might do in place of this one, on the same slots: a plain
  /// creation for a special one. The best guess first.
  var simplerKinds: [Self] { get }
}

extension SlotOperation {
  /// No merger is known.
  public func merging(_ other: Self) -> [Self] { [] }

  /// None is known.
  public var simplerKinds: [Self] { [] }

  /// Whether it begins a lifetime.
  @inlinable
  public var isCreation: Bool {
    slots.contains { $0.effect == .creates }
  }

  /// Whether it ends a lifetime.
  @inlinable
  public var isDestruction: Bool {
    slots.contains { $0.effect == .destroys }
  }

  /// Whether it names the slot.
  public func names(_ slot: Slot) -> Bool {
    slots.contains { $0.slot == slot }
  }
}
