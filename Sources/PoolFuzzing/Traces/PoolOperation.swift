import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// An operation of the trace language as generators and shrinkers see it: a value that names
/// numbered slots and tells its numbers.
///
/// It holds the operation of the language itself, so executing a trace converts nothing. Only a
/// normal form is held: a tag of zero on a free is no tag, limits that limit nothing are none, a
/// store has 1 to 16 bytes. Configurations, dumps and expectations have no place here: the first
/// is the trace's own, the others belong to who replays it.
public struct PoolOperation: SlotOperation {
  /// The operation in the trace language.
  public let operation: PoolTrace.Operation

  /// The most bytes of one store; longer ones are several operations.
  static let longestStore = 16

  /// The normal form of an operation; nil where it has none here or names a slot that is no
  /// number below `Slot.limit`.
  public init?(_ operation: PoolTrace.Operation) {
    guard let normal = Self.normalised(operation) else { return nil }
    self.operation = normal
  }

  /// An operation known to be in normal form.
  init(normal operation: PoolTrace.Operation) { self.operation = operation }

  /// An allocation.
  public static func alloc(
    _ slot: Slot, _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> PoolOperation {
    PoolOperation(normal: .alloc(name(slot), type, bytes: bytes, tag: tag))
  }

  /// A free; nil frees without a tag.
  public static func free(_ slot: Slot, tag: PoolTag? = nil) -> PoolOperation {
    PoolOperation(normal: .free(name(slot), tag: tag?.word == 0 ? nil : tag))
  }

  /// The name that a slot has in the trace language.
  static func name(_ slot: Slot) -> SlotName { SlotName(UInt64(slot.number)) }

  /// The slot of a name; nil where the name is no number below `Slot.limit`.
  static func slot(_ name: SlotName) -> Slot? {
    name.number.flatMap { Int(exactly: $0) }.flatMap { Slot(exactly: $0) }
  }

  /// The name of the slot that the operation is about, if it is about one.
  var slotName: SlotName? {
    switch operation {
    case .alloc(let name, _, _, _), .contiguous(let name, _, _), .free(let name, _),
      .write(let name, _, _), .fill(let name), .freeAt(.slot(let name, _), _),
      .writeAt(.slot(let name, _), _):
      name
    default: nil
    }
  }

  private static func normalised(_ operation: PoolTrace.Operation) -> PoolTrace.Operation? {
    if let name = PoolOperation(normal: operation).slotName, slot(name) == nil { return nil }
    switch operation {
    case .config, .dump, .expect, .target: return nil
    case .free(let name, let tag?) where tag.word == 0: return .free(name, tag: nil)
    case .freeAt(let address, let tag?) where tag.word == 0: return .freeAt(address, tag: nil)
    case .contiguous(let name, let bytes, let limits?) where limits == .none:
      return .contiguous(name, bytes: bytes, limits: nil)
    case .write(_, _, let bytes), .writeAt(_, let bytes):
      return (1...longestStore).contains(bytes.count) ? operation : nil
    default: return operation
    }
  }

  // MARK: What a shrinker asks

  /// Rank of the kind: frees are simplest, then allocations, then what stores, then settings.
  public var kind: Int { operationKind.rawValue }

  /// The kind.
  public var operationKind: PoolOperationKind { PoolOperationKind(operation) }

  /// What it does with its slot. A store or a free through an address may be stale, so it only
  /// mentions the slot.
  public var slots: SlotUses {
    switch operation {
    case .alloc(let name, _, _, _), .contiguous(let name, _, _):
      Self.slot(name).map { .creates($0) } ?? .none
    case .free(let name, _): Self.slot(name).map { .destroys($0) } ?? .none
    case .fill(let name): Self.slot(name).map { .uses($0) } ?? .none
    default: slotName.flatMap(Self.slot).map { .mentions($0) } ?? .none
    }
  }

  /// The same on other slots.
  public func renamingSlots(
    _ rename: (Slot) -> Slot
  ) -> PoolOperation {
    PoolOperation(
      normal: renamed { name in Self.slot(name).map { Self.name(rename($0)) } ?? name })
  }

  /// The line of the trace language, with slots written as trace files have them.
  public var description: String { TraceWriter.line(renamed { SlotName("s\($0)") ?? $0 }) }
}

extension PoolOperation {
  /// One allocation instead of two: as large as both blocks together on a machine, or as the larger
  /// request alone.
  static func merging(
    _ kept: PoolOperation, _ dropped: PoolOperation, _ setup: PoolSetup
  ) -> [PoolOperation] {
    guard case .alloc(let name, let type, let bytes, let tag) = kept.operation,
      case .alloc(_, let otherType, let more, _) = dropped.operation, type == otherType
    else { return [] }
    guard bytes < 1 << 40, more < 1 << 40 else { return [] }
    let profile = setup.configuration.pool.profile
    let facts = [bytes, more].map { RequestFacts(type, bytes: $0, profile) }
    let taken = facts.map {
      $0.isLarge ? $0.pages * profile.pageBytes : $0.units * profile.unitBytes
    }
    let header = facts.contains { $0.isLarge } ? 0 : UInt64(profile.header.bytes)
    let both = taken[0] + taken[1] - header
    return (more > bytes ? [both, more] : [both]).map { size in
      PoolOperation(normal: .alloc(name, type, bytes: size, tag: tag))
    }
  }
}

extension PoolOperation {
  /// A plain allocation for contiguous memory, a plain free for one by address.
  public var simplerKinds: [PoolOperation] {
    switch operation {
    case .contiguous(let name, let bytes, _):
      [.nonPaged, .cacheAligned].map {
        PoolOperation(normal: .alloc(name, $0, bytes: bytes, tag: Self.plainTag))
      }
    case .alloc(let name, let type, let bytes, let tag) where type.contains(.quota):
      // Quota takes a pointer's bytes of the block: as many more keep it as large.
      [0, 4, 8].map {
        PoolOperation(
          normal: .alloc(name, type.subtracting(.quota), bytes: bytes &+ $0, tag: tag))
      }
    case .freeAt(.slot(let name, 0), _): [PoolOperation(normal: .free(name, tag: nil))]
    default: []
    }
  }
}
