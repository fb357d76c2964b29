/// The operations that concern one thing, from its creation to its destruction.
///
/// It is the natural unit of deletion in a stateful trace: removing a creation alone leaves its
/// uses behind, and removing a destruction alone leaves a thing that was never meant to stay.
public struct Lifetime: Sendable, Equatable {
  /// The slot that the thing lives in.
  public let slot: Slot
  /// The index of the creation.
  public let creation: Int
  /// The indices of all its operations in order, creation and destruction included.
  public internal(set) var operations: [Int]
  /// The index of the destruction, if there is one.
  public internal(set) var destruction: Int?

  /// The lifetimes in a sequence of operations, in order of creation.
  ///
  /// Read off the effects alone: a creation on a slot begins a lifetime there, ending any that
  /// was open; everything up to the next creation on the slot belongs to it, so that a stale
  /// mention goes with the thing that it is stale of.
  public static func all(in operations: [some SlotOperation]) -> [Lifetime] {
    var lifetimes: [Lifetime] = []
    var current: [Slot: Int] = [:]
    for (index, operation) in operations.enumerated() {
      operation.slots.forEach { use in
        if use.effect == .creates {
          current[use.slot] = lifetimes.count
          lifetimes.append(Lifetime(slot: use.slot, creation: index, operations: [index]))
        } else if let lifetime = current[use.slot] {
          if lifetimes[lifetime].operations.last != index {
            lifetimes[lifetime].operations.append(index)
          }
          if use.effect == .destroys, lifetimes[lifetime].destruction == nil {
            lifetimes[lifetime].destruction = index
          }
        }
      }
    }
    return lifetimes
  }

  init(slot: Slot, creation: Int, operations: [Int], destruction: Int? = nil) {
    self.slot = slot
    self.creation = creation
    self.operations = operations
    self.destruction = destruction
  }
}

/// In which order lifetimes end. List and queue bugs hide behind the order, so a trace keeps one.
public enum LifetimePolicy: Int, Sendable, CaseIterable {
  /// Any live slot may end next.
  case anyOrder
  /// The youngest ends first, as on a stack.
  case newestFirst
  /// The oldest ends first, as in a queue.
  case oldestFirst
}

/// One slot and what is done with it.
public struct SlotUse: Sendable, Equatable {
  /// The slot.
  public let slot: Slot
  /// What is done with it.
  public let effect: SlotEffect

  /// That effect on that slot.
  @inlinable
  public init(_ slot: Slot, _ effect: SlotEffect) {
    self.slot = slot
    self.effect = effect
  }
}

/// The slots of one operation: none, one, or two (a copy, a move, a merge).
///
/// Kept inline: an array here would be an allocation for every executed operation.
public struct SlotUses: Sendable, Equatable {
  /// The first slot, if any.
  public let first: SlotUse?
  /// The second slot; nil when there is no first.
  public let second: SlotUse?

  /// No slot.
  @inlinable
  public static var none: SlotUses { SlotUses(first: nil, second: nil) }

  /// The beginning of a lifetime.
  @inlinable
  public static func creates(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .creates)) }

  /// Something done to what a slot holds.
  @inlinable
  public static func uses(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .uses)) }

  /// The end of a lifetime.
  @inlinable
  public static func destroys(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .destroys)) }

  /// A slot that may hold anything or nothing.
  @inlinable
  public static func mentions(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .mentions)) }

  /// One slot.
  @inlinable
  public static func one(_ use: SlotUse) -> SlotUses { SlotUses(first: use, second: nil) }

  /// Two slots; the operation means something only if both allow it.
  @inlinable
  public static func two(_ first: SlotUse, _ second: SlotUse) -> SlotUses {
    SlotUses(first: first, second: second)
  }

  @usableFromInline
  init(first: SlotUse?, second: SlotUse?) {
    self.first = first
    self.second = second
  }

  /// Calls the body with each of them in order.
  @inlinable
  public func forEach(_ body: (SlotUse) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
  }

  /// Whether one of them satisfies a condition.
  @inlinable
  public func contains(where condition: (SlotUse) -> Bool) -> Bool {
    if let first, condition(first) { return true }
    if let second, condition(second) { return true }
    return false
  }
}

/// A set of indices of one trace.
///
/// A table of flags and not a `Set`, whose order of iteration differs from run to run.
public struct IndexSelection: Sendable, Equatable {
  private var flags: [Bool]

  /// How many are selected.
  public private(set) var count = 0

  /// None of `total` indices.
  public init(of total: Int) {
    flags = Array(repeating: false, count: total)
  }

  /// Those of `total` indices; each must be below it.
  public init(_ indices: some Sequence<Int>, of total: Int) {
    self.init(of: total)
    for index in indices { insert(index) }
  }

  /// Selects one.
  public mutating func insert(_ index: Int) {
    if !flags[index] { count += 1 }
    flags[index] = true
  }

  /// Whether an index is selected.
  public func contains(_ index: Int) -> Bool {
    flags[index]
  }
}
