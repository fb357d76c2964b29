import KernelPool

/// One line of a trace.
///
/// Operations name slots, never positions, so any of them can be left out of a trace without a
/// change in the meaning of the others. Equality is that of meaning: two spellings of one
/// operation (`0x10` and `16`) are equal. Rare and large payloads are boxed, so an array of
/// operations stays small.
public enum Operation: Equatable, Sendable {
  /// Sets up the machine; only ever the first operation.
  indirect case config(TraceConfiguration)
  /// Allocates `bytes` (`ExAllocatePoolWithTag`). The type carries quota, raise and must-succeed.
  case alloc(SlotName, PoolType, bytes: UInt64, tag: PoolTag)
  /// Allocates contiguous memory (`MmAllocateContiguousMemory`); nil means without limits.
  indirect case contiguous(SlotName, bytes: UInt64, limits: ContiguousLimits?)
  /// Frees what the slot holds (`ExFreePoolWithTag`); nil frees without a tag (`ExFreePool`).
  case free(SlotName, tag: PoolTag?)
  /// Frees an address, whatever it is.
  case freeAt(AddressExpression, tag: PoolTag?)
  /// Stores bytes, at least one, at an offset from the slot's last address.
  case write(SlotName, offset: Int64, [UInt8])
  /// Stores bytes, at least one, at an address.
  case writeAt(AddressExpression, [UInt8])
  /// Writes the slot's own pattern over the requested bytes.
  case fill(SlotName)
  /// The following operations run on this processor, 0...63. A number that the machine does not
  /// have is no error of the trace, since the line that configures it may have been removed.
  case processor(UInt8)
  /// Seconds pass, 0...86,400.
  case tick(seconds: UInt32)
  /// The following operations run at this interrupt request level: 0 passive, 1 APC, 2 dispatch.
  case interruptLevel(UInt8)
  /// Prints the state.
  case dump
  /// A call that only an allocator under test understands.
  indirect case target(TargetCall)
  /// The trace checks itself.
  indirect case expect(Expectation)

  /// The most seconds of one `tick`: a day. A bound, so that no line keeps a replay busy for ever.
  public static let maximumTickSeconds: UInt32 = 86_400
  /// The largest processor number.
  public static let maximumProcessor: UInt8 = 63
  /// The largest interrupt request level: dispatch level, where the nonpaged pool may be used.
  public static let maximumInterruptLevel: UInt8 = 2
}

/// An address as a trace writes it: relative to a region, absolute, or by way of a slot.
///
/// The text forms are `np+N`, `pg+N`, `ss+N`, `0xN`, `ID`, `ID+N` and `ID-N`. Names of slots may
/// hold hyphens and may begin with `0x`, so the forms are told apart by this rule, which looks at
/// nothing but the text: with a `+`, what stands before it is a region or a slot; otherwise, with
/// a last `-` that stands after at least one character and before a number, it is `ID-N`;
/// otherwise what begins with `0x` is absolute; everything else is a slot. (The slot `a-1` itself
/// is therefore written `a-1+0`.)
public enum AddressExpression: Hashable, Sendable {
  /// Bytes from the start of the nonpaged pool.
  case nonPaged(UInt64)
  /// Bytes from the start of the paged pool.
  case paged(UInt64)
  /// Bytes from the start of the session pool.
  case session(UInt64)
  /// A simulated address.
  case absolute(UInt64)
  /// The last address of a slot and bytes to add to it, wrapping.
  case slot(SlotName, offset: Int64)
}

/// Where the pages of a contiguous allocation may lie: the last three arguments of
/// `MmAllocateContiguousMemorySpecifyCache` (Microsoft).
public struct ContiguousLimits: Hashable, Sendable {
  /// The lowest acceptable address.
  public var lowest: UInt64
  /// The highest acceptable address.
  public var highest: UInt64
  /// A power of two that the memory must not cross, in bytes; 0 for none.
  public var boundary: UInt64

  /// Limits from their three numbers.
  public init(lowest: UInt64, highest: UInt64, boundary: UInt64) {
    self.lowest = lowest
    self.highest = highest
    self.boundary = boundary
  }

  /// No limits.
  public static let none = ContiguousLimits(lowest: 0, highest: .max, boundary: 0)
}

/// How pool types are spelled.
///
/// A name for the kind of memory, then modifiers: `Paged+Quota+Raise`. The names that are written
/// follow Microsoft's `POOL_TYPE` without the word `Pool`; with it they are read as well. A type without a spelling (the Verifier's, or
/// one that no version defines) is written as its number.
enum PoolTypeNames {
  /// Kinds of memory. The first spelling of a type is the one that is written.
  static let kinds = KeywordTable<PoolType>([
    ("NonPaged", .nonPaged),
    ("Paged", .paged),
    ("NonPagedCacheAligned", .cacheAligned),
    ("PagedCacheAligned", [.paged, .cacheAligned]),
    ("NonPagedNx", .noExecute),
    ("PagedSession", [.paged, .session]),
    ("NonPagedMustSucceed", .mustSucceed),
    ("NonPagedCacheAlignedMustSucceed", [.cacheAligned, .mustSucceed]),
    ("NonPagedNxCacheAligned", [.noExecute, .cacheAligned]),
    ("NonPagedSession", .session),
    ("PagedCacheAlignedSession", [.paged, .cacheAligned, .session]),
    ("NonPagedCacheAlignedSession", [.cacheAligned, .session]),
    ("NonPagedMustSucceedSession", [.mustSucceed, .session]),
    ("NonPagedCacheAlignedMustSucceedSession", [.cacheAligned, .mustSucceed, .session]),
    ("NonPagedSessionNx", [.session, .noExecute]),
    // As the headers of Windows spell them.
    ("NonPagedPool", .nonPaged),
    ("NonPagedPoolExecute", .nonPaged),
    ("NonPagedPoolBase", .nonPaged),
    ("PagedPool", .paged),
    ("NonPagedPoolMustSucceed", .mustSucceed),
    ("NonPagedPoolBaseMustSucceed", .mustSucceed),
    ("NonPagedPoolCacheAligned", .cacheAligned),
    ("NonPagedPoolBaseCacheAligned", .cacheAligned),
    ("PagedPoolCacheAligned", [.paged, .cacheAligned]),
    ("NonPagedPoolCacheAlignedMustS", [.cacheAligned, .mustSucceed]),
    ("NonPagedPoolBaseCacheAlignedMustS", [.cacheAligned, .mustSucceed]),
    ("NonPagedPoolSession", .session),
    ("PagedPoolSession", [.paged, .session]),
    ("NonPagedPoolMustSucceedSession", [.mustSucceed, .session]),
    ("NonPagedPoolCacheAlignedSession", [.cacheAligned, .session]),
    ("PagedPoolCacheAlignedSession", [.paged, .cacheAligned, .session]),
    ("NonPagedPoolCacheAlignedMustSSession", [.cacheAligned, .mustSucceed, .session]),
    ("NonPagedPoolNx", .noExecute),
    ("NonPagedPoolNxCacheAligned", [.noExecute, .cacheAligned]),
    ("NonPagedPoolSessionNx", [.session, .noExecute]),
  ])

  /// What may follow behind a `+`, in the order in which it is written.
  static let modifiers = KeywordTable<PoolType>([
    ("MustSucceed", .mustSucceed),
    ("Quota", .quota),
    ("Raise", .raiseOnFailure),
  ])

  /// Appends the spelling of `type`.
  static func append(_ type: PoolType, to bytes: inout [UInt8]) {
    let allModifiers: PoolType = [.mustSucceed, .quota, .raiseOnFailure]
    // A kind that has must-succeed in its name is preferred to one that needs the modifier.
    for kept in [allModifiers.subtracting(.mustSucceed), allModifiers] {
      let kind = type.subtracting(kept)
      guard let entry = kinds.entries.first(where: { $0.value == kind }) else { continue }
      bytes.append(entry.word)
      for modifier in modifiers.entries where type.subtracting(kind).contains(modifier.value) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(modifier.word)
      }
      return
    }
    bytes.appendHexadecimal(UInt64(type.rawValue))
  }
}

/// What an `expect` line demands.
///
/// Those that speak of an outcome (`skipped`, bug check, fault, hang, raise, violation) refer to
/// the operation before them; the others to the state.
public enum Expectation: Equatable, Sendable {
  /// The slot holds an allocation.
  case ok(SlotName)
  /// The slot's last allocation returned NULL.
  case null(SlotName)
  /// The operation before was a no-op.
  case skipped
  /// The operation before ended in a bug check of this code and, where given, first parameter.
  case bugCheck(code: UInt32, first: UInt64?)
  /// The operation before touched memory that is not mapped; nil means at any address.
  case fault(AddressExpression?)
  /// The operation before touched an address that no processor accepts.
  case nonCanonicalFault
  /// The operation before would not have ended.
  case hang
  /// The operation before raised an exception with this status (`+Raise`; Microsoft NTSTATUS).
  case raise(status: UInt32)
  /// The operation before broke the invariant of this name.
  case violation(String)
  /// A metric compares with a number.
  case metric(String, Comparison, DecimalNumber)
  /// A property of the allocation that the slot holds compares with a number.
  case block(SlotName, BlockProperty, Comparison, UInt64)
  /// The bytes that all blocks together are charged to a process compare with a number.
  case charged(Comparison, bytes: UInt64)
}

/// What can be asked of one allocation: what a kernel-mode test can see of it.
public enum BlockProperty: String, CaseIterable, Sendable {
  /// The largest power of two, in bytes, that divides its address.
  case alignment
  /// The pool type in its header, as it is stored; only small blocks have a header.
  case storedType = "stored_type"
  /// The tag in its header, as the word that is stored: the first character is the lowest byte.
  case storedTag = "stored_tag"
  /// The bytes that its caller may use: a small block without its header, or whole pages
  /// (Microsoft, `ExQueryPoolBlockSize`).
  case usableBytes = "usable_bytes"
  /// Bytes from its header to where the process stands that is charged with it.
  case processOffset = "process_offset"
}

extension Expectation {
  /// The most characters in the name of an invariant or a metric.
  public static let maximumNameCharacters = 200

  /// True for what can be the name of an invariant: letters, digits, `.`, `-` and `_`.
  public static func isInvariantName(_ bytes: some Collection<UInt8>) -> Bool {
    isName(bytes, punctuation: [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")])
  }

  /// True for what can be the name of a metric: letters, digits, `.`, `_` and `\` (of a byte of a
  /// tag), and not a word that begins another condition.
  public static func isMetricName(_ bytes: some Collection<UInt8>) -> Bool {
    let isCondition = conditionWords.contains { word in
      word.utf8CodeUnitCount == bytes.count
        && word.withUTF8Buffer { $0.elementsEqual(bytes) }
    }
    return !isCondition
      && isName(bytes, punctuation: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "\\")])
  }

  private static let conditionWords: [StaticString] = [
    "ok", "null", "skipped", "bugcheck", "fault", "hang", "raise", "violation", "block", "charged",
  ]

  private static func isName(_ bytes: some Collection<UInt8>, punctuation: [UInt8]) -> Bool {
    guard (1...maximumNameCharacters).contains(bytes.count),
      let first = bytes.first, (first | 0x20) &- 0x61 < 26
    else { return false }
    return bytes.allSatisfy {
      $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || punctuation.contains($0)
    }
  }
}

/// How a metric is compared with a number.
public enum Comparison: String, CaseIterable, Sendable {
  /// `==`
  case equal = "=="
  /// `!=`
  case notEqual = "!="
  /// `<`
  case less = "<"
  /// `<=`
  case lessOrEqual = "<="
  /// `>`
  case greater = ">"
  /// `>=`
  case greaterOrEqual = ">="

  /// Whether the comparison holds between `left` and `right`.
  public func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}
