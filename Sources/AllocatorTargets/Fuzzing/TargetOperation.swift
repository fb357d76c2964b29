import KernelPool
import PoolTrace
import PropertyTesting

/// One call of an allocator under test, as traces, shrinkers and the worker have it.
public struct TargetOperation: Sendable, Hashable {
  /// What is called, the simplest first: the order is the shrinker's.
  public enum Call: UInt64, Sendable, CaseIterable {
    /// Free.
    case free
    /// Allocate, at an alignment where one is given.
    case allocate
    /// Allocate zeroed memory.
    case allocateZeroed
    /// Reallocate; an empty slot stands for the null pointer.
    case reallocate
    /// Another size where the block lies.
    case resize
    /// Free and say the size.
    case freeSized
    /// New content over the whole block.
    case fill
    /// The content is still what the owner wrote.
    case verify
    /// More memory to manage.
    case addRegion
    /// Another size of the arena.
    case resizeArena
    /// Back to how it was created.
    case reset
    /// Something that no caller may do.
    case misuse
    /// Another thread makes the calls that follow.
    case thread
    /// A thread ends.
    case endThread
  }

  /// What is called.
  public var call = Call.allocate
  /// The slot, 0 where none is needed.
  public var slot: UInt32 = 0
  /// The pool of a request.
  public var pool: UInt32 = 0
  /// The tag of a request.
  public var tag: UInt32 = 0
  /// Bytes: of a request, of one of `second` objects, of a region; of a misuse its offset. The number
  /// of a thread.
  public var bytes: UInt64 = 0
  /// The alignment of a request, the count of a zeroed one, the kind of a misuse.
  public var second: UInt64 = 0
  /// Whether the footprint is measured behind it; no part of a trace's text.
  var isMeasured = false

  /// An allocation of no bytes.
  init() {}

  /// A call.
  public init(
    _ call: Call, _ slot: Slot = Slot(0), bytes: UInt64 = 0, second: UInt64 = 0, pool: UInt32 = 0
  ) {
    self.call = call
    self.slot = UInt32(slot.number)
    self.bytes = bytes
    self.second = second
    self.pool = pool
    tag = call == .allocate && second == 0 ? Self.plainTag : 0
  }

  /// An allocation at the natural alignment, or at another.
  public static func allocate(
    _ slot: Slot, _ bytes: UInt64, alignment: UInt64 = 0
  ) -> TargetOperation {
    TargetOperation(.allocate, slot, bytes: bytes, second: alignment)
  }

  /// A free.
  public static func free(_ slot: Slot) -> TargetOperation { TargetOperation(.free, slot) }

  /// The tag of requests that name none.
  static let plainTag = PoolTag("Test").word

  /// Bytes that a request asks for in all; nil where the product is no number of 64 bits.
  var requestedBytes: UInt64? {
    guard call == .allocateZeroed else { return bytes }
    let (product, isTooLarge) = bytes.multipliedReportingOverflow(by: second)
    return isTooLarge ? nil : product
  }

  /// The alignment that a request names; 0 where it names none.
  var alignment: UInt64 { call == .allocate || call == .reallocate ? second : 0 }

  /// The kind of a misuse.
  var misuse: TargetCall.Misuse {
    TargetCall.Misuse.allCases[Int(min(second, 3))]
  }
}

// MARK: In shared memory

extension TargetOperation {
  /// From four words that anybody may have written.
  init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
    call = Call(rawValue: first & 0xFF) ?? .verify
    isMeasured = first & 0x100 != 0
    slot = UInt32(truncatingIfNeeded: first >> 32)
    pool = UInt32(truncatingIfNeeded: second)
    tag = UInt32(truncatingIfNeeded: second >> 32)
    bytes = third
    self.second = fourth
  }

  /// The four words.
  var words: (UInt64, UInt64, UInt64, UInt64) {
    let first = call.rawValue | (isMeasured ? 0x100 : 0) | UInt64(slot) << 32
    return (first, UInt64(pool) | UInt64(tag) << 32, bytes, second)
  }
}

// MARK: In the trace language

extension TargetOperation {
  /// The call that a line of the language stands for; nil for what means nothing to an allocator.
  /// `number` gives the number of a slot by its name.
  init?(_ operation: PoolTrace.Operation, number: (SlotName) -> UInt32) {
    self.init()
    switch operation {
    case .alloc(let name, let type, let bytes, let tag):
      slot = number(name)
      self.bytes = bytes
      if type.contains(.cacheAligned) {
        second = 64
      } else {
        self.tag = tag.word
        pool = type.isPaged ? (type.contains(.session) ? 2 : 1) : 0
      }
    case .contiguous(let name, let bytes, _):
      slot = number(name)
      self.bytes = bytes
      second = 4096
    case .free(let name, _): (call, slot) = (.free, number(name))
    case .fill(let name): (call, slot) = (.fill, number(name))
    case .write(let name, _, _): (call, slot) = (.verify, number(name))
    case .target(let line):
      guard let call = Self.call(line.word) else { return nil }
      self.call = call
      slot = line.slot.map(number) ?? 0
      take(line.numbers, line.word)
    default: return nil
    }
  }

  private static func call(_ word: TargetCall.Word) -> Call? {
    switch word {
    case .target: nil
    case .aligned: .allocate
    case .zeroed: .allocateZeroed
    case .realloc: .reallocate
    case .resize: .resize
    case .freesized: .freeSized
    case .verify: .verify
    case .region: .addRegion
    case .arena: .resizeArena
    case .reset: .reset
    case .misuse: .misuse
    case .thread: .thread
    case .endthread: .endThread
    }
  }

  private mutating func take(_ numbers: [UInt64], _ word: TargetCall.Word) {
    switch word {
    case .aligned, .zeroed, .misuse: (second, bytes) = (numbers[0], numbers[1])
    case .realloc: (bytes, second) = (numbers[0], numbers.count > 1 ? numbers[1] : 0)
    default: bytes = numbers.first ?? 0
    }
  }

  /// The word of the language.
  public var word: String {
    switch call {
    case .free: "free"
    case .allocate: second == 0 ? "alloc" : TargetCall.Word.aligned.rawValue
    case .allocateZeroed: TargetCall.Word.zeroed.rawValue
    case .reallocate: TargetCall.Word.realloc.rawValue
    case .resize: TargetCall.Word.resize.rawValue
    case .freeSized: TargetCall.Word.freesized.rawValue
    case .fill: "fill"
    case .verify: TargetCall.Word.verify.rawValue
    case .addRegion: TargetCall.Word.region.rawValue
    case .resizeArena: TargetCall.Word.arena.rawValue
    case .reset: TargetCall.Word.reset.rawValue
    case .misuse: TargetCall.Word.misuse.rawValue
    case .thread: TargetCall.Word.thread.rawValue
    case .endThread: TargetCall.Word.endthread.rawValue
    }
  }

  /// The operation of the language; slots are called `s0`, `s1` and so on.
  var line: PoolTrace.Operation {
    let name = SlotName("s\(slot)") ?? SlotName(UInt64(slot))
    switch call {
    case .free: return .free(name, tag: nil)
    case .fill: return .fill(name)
    case .allocate where second == 0:
      let type: PoolType = pool == 0 ? .nonPaged : pool == 1 ? .paged : [.paged, .session]
      return .alloc(name, type, bytes: bytes, tag: PoolTag(word: tag))
    default: break
    }
    let word = TargetCall.Word(rawValue: word) ?? .verify
    let numbers: [UInt64] =
      switch word {
      case .aligned, .zeroed, .misuse: [second, bytes]
      case .realloc: second == 0 ? [bytes] : [bytes, second]
      case .resize, .region, .arena, .thread, .endthread: [bytes]
      default: []
      }
    let takesSlot = ![.region, .arena, .reset, .thread, .endthread].contains(word)
    guard let line = TargetCall(word, takesSlot ? name : nil, numbers) else { return .dump }
    return .target(line)
  }
}

// MARK: What a shrinker asks

extension TargetOperation: SlotOperation {
  private enum Role: Int { case size, alignment, count, tag, other }

  /// The rank of the call.
  public var kind: Int { Int(call.rawValue) }

  /// What it does with its slot.
  public var slots: SlotUses {
    guard let slot = Slot(exactly: Int(slot)) else { return .none }
    switch call {
    case .allocate, .allocateZeroed: return .creates(slot)
    case .free, .freeSized: return .destroys(slot)
    case .resize, .fill, .verify: return .uses(slot)
    case .reallocate, .misuse: return .mentions(slot)
    case .addRegion, .resizeArena, .reset, .thread, .endThread: return .none
    }
  }

  /// The same on another slot.
  public func renamingSlots(_ rename: (Slot) -> Slot) -> TargetOperation {
    guard let use = slots.first else { return self }
    var copy = self
    copy.slot = UInt32(rename(use.slot).number)
    return copy
  }

  /// The line of the trace language.
  public var description: String { TraceWriter.line(line) }

  /// Powers of two up to a page and some.
  private static let alignments: [UInt64] = (3...13).map { 1 << $0 }

  /// The numbers, by kind, in an order of falling importance.
  public var parameters: [Parameter] {
    let size = Parameter(role: Role.size.rawValue, value: bytes)
    let alignment = Parameter(
      role: Role.alignment.rawValue, value: second, landmarks: Self.alignments)
    switch call {
    case .allocate:
      let isPlain = second == 0
      return [
        size, alignment,
        Parameter(role: Role.other.rawValue, value: UInt64(isPlain ? pool : 0)),
        Parameter(
          role: Role.tag.rawValue, value: UInt64(isPlain ? tag : Self.plainTag),
          origin: UInt64(Self.plainTag)),
      ]
    case .allocateZeroed:
      return [size, Parameter(role: Role.count.rawValue, value: second, origin: 1)]
    case .reallocate: return [size, alignment]
    case .resize, .addRegion, .resizeArena, .thread, .endThread: return [size]
    case .misuse:
      return [
        Parameter(role: Role.other.rawValue, value: bytes),
        Parameter(role: Role.other.rawValue, value: second, origin: second),
      ]
    case .free, .freeSized, .fill, .verify, .reset: return []
    }
  }

  /// The same with one number replaced; nil where that is no call.
  public func replacingParameter(at index: Int, with value: UInt64) -> TargetOperation? {
    guard parameters.indices.contains(index) else { return nil }
    var copy = self
    switch (call, index) {
    case (_, 0): copy.bytes = value
    case (.allocate, 1), (.reallocate, 1):
      guard value & (value &- 1) == 0 else { return nil }
      if call == .allocate, (value == 0) != (second == 0) {
        (copy.pool, copy.tag) = (0, value == 0 ? Self.plainTag : 0)
      }
      copy.second = value
    case (.allocateZeroed, 1): copy.second = value
    case (.allocate, 2):
      guard value < 3, second == 0 || value == 0 else { return nil }
      copy.pool = UInt32(value)
    case (.allocate, 3):
      guard let tag = UInt32(exactly: value), second == 0 || tag == Self.plainTag else {
        return nil
      }
      copy.tag = second == 0 ? tag : 0
    default: return value == second ? self : nil
    }
    return copy
  }

  /// One allocation instead of two, as large as both, or as both and a header.
  public func merging(_ other: TargetOperation) -> [TargetOperation] {
    guard call == .allocate, other.call == .allocate, bytes < 1 << 40, other.bytes < 1 << 40 else {
      return []
    }
    return [bytes + other.bytes, bytes + other.bytes + 16, max(bytes, other.bytes)].map { size in
      var copy = self
      copy.bytes = size
      return copy
    }
  }

  /// A plain call for a special one.
  public var simplerKinds: [TargetOperation] {
    let slot = Slot(exactly: Int(slot)) ?? Slot(0)
    switch call {
    case .allocateZeroed: return [.allocate(slot, requestedBytes ?? bytes)]
    case .reallocate: return [.allocate(slot, bytes), .allocate(slot, bytes, alignment: second)]
    case .freeSized, .misuse: return [.free(slot)]
    default: return []
    }
  }
}
