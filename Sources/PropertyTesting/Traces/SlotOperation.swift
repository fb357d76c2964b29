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

  /// The operation as a letter of an alphabet: of one slot it says nothing, of two which are the same.
  var letter: Self { slots.second == nil ? renamingSlots { _ in Slot(0) } : self }

  /// The operation with every number that can be at its origin there.
  var simplest: Self {
    parameters.enumerated().reduce(self) { simple, parameter in
      simple.replacingParameter(at: parameter.offset, with: parameter.element.origin) ?? simple
    }
  }

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

/// What an operation does with a slot, and so when it means anything.
public enum SlotEffect: Int, Sendable, CaseIterable {
  /// Needs an empty slot and fills it: the beginning of a lifetime.
  case creates
  /// Needs a live slot and leaves it live.
  case uses
  /// Needs a live slot and empties it: the end of a lifetime.
  case destroys
  /// Means something whatever the slot holds: the stale pointer of a negative operation.
  case mentions
}

/// What a generator wants of a slot.
public enum SlotWish: Sendable, CaseIterable {
  /// One that holds nothing: something begins.
  case empty
  /// One that holds something, which is used and stays.
  case live
  /// One that holds something which is about to end: the lifetime policy has a say.
  case leaving
  /// Any, empty or not: stale pointers.
  case any
}

/// One number of an operation or of a configuration, as the shrinker sees it.
///
/// The shrinker knows no sizes, tags or processors. It knows numbers with a role: numbers of one
/// role may be compared, unified, and moved together.
public struct Parameter: Sendable, Equatable {
  /// Which numbers it may be compared with: sizes with sizes, tags with tags.
  public let role: Int
  /// The number.
  public let value: UInt64
  /// How far from simple it is; 0 is the simplest. Shrinking lowers this, not the value.
  public let complexity: UInt64
  /// The simplest value.
  public let origin: UInt64
  /// Values worth trying before a search between the origin and the value.
  public let landmarks: [UInt64]

  /// A number that is simpler the nearer it is to its origin: 0, a minimum, or a default.
  public init(role: Int, value: UInt64, origin: UInt64 = 0, landmarks: [UInt64] = []) {
    self.role = role
    self.value = value
    self.origin = origin
    self.landmarks = landmarks
    complexity = Self.distance(value, origin)
  }

  /// How complex another value in its place would be.
  public func complexity(of other: UInt64) -> UInt64 {
    Self.distance(other, origin)
  }

  private static func distance(_ left: UInt64, _ right: UInt64) -> UInt64 {
    left > right ? left - right : right - left
  }
}

/// A value whose numbers can be read and replaced one at a time.
public protocol Parameterized: Sendable, Equatable {
  /// The numbers, always as many for values of one kind, in an order of falling importance.
  var parameters: [Parameter] { get }

  /// The same with another number at an index of `parameters`; nil when that is not a value.
  func replacingParameter(at index: Int, with value: UInt64) -> Self?
}

extension Parameterized {
  /// No numbers.
  public var parameters: [Parameter] { [] }

  /// There is nothing to replace.
  public func replacingParameter(at index: Int, with value: UInt64) -> Self? { nil }
}

extension Sequence where Element: SlotOperation {
  /// The letters that these operations come to, each once, in order.
  var letters: [Element] {
    reduce(into: []) { letters, operation in
      let letter = operation.letter
      if !letters.contains(letter) { letters.append(letter) }
    }
  }
}
