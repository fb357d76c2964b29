// What a caller asks with and gets: the kind of memory, the pool that serves it, a tag, an address.

/// A simulated virtual address.
///
/// x86 profiles use the low 32 bits. Addresses are plain integers because a kernel's pool computes
/// with them: links, neighbours and page boundaries are all arithmetic on this value.
public typealias Address = UInt64

/// The kind of memory a caller asks for: the argument of `ExAllocatePoolWithTag`.
///
/// The low bits are the base type, the others modify the request (Microsoft, `POOL_TYPE`).
public struct PoolType: OptionSet, Hashable, Sendable {
  /// The argument as the kernel receives it.
  public var rawValue: UInt32

  /// A pool type from its argument word.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Nonpaged pool has no bit of its own.
  @inlinable public static var nonPaged: PoolType { [] }
  /// Paged pool.
  public static let paged = PoolType(rawValue: 1)
  /// The request must not fail (NT 4.0 to XP).
  public static let mustSucceed = PoolType(rawValue: 2)
  /// The block should start on a cache line.
  public static let cacheAligned = PoolType(rawValue: 4)
  /// The bytes are charged to a process.
  public static let quota = PoolType(rawValue: 8)
  /// A failure raises an exception instead of returning NULL.
  public static let raiseOnFailure = PoolType(rawValue: 16)
  /// The session's own pool.
  public static let session = PoolType(rawValue: 32)
  /// The allocation is watched by Driver Verifier.
  public static let verifier = PoolType(rawValue: 64)
  /// Nonpaged memory that cannot be executed (Windows 8 and later).
  public static let noExecute = PoolType(rawValue: 512)

  /// True for paged pool, the session's included.
  @inlinable public var isPaged: Bool { rawValue & 1 != 0 }
}

/// The pools that have descriptors, lookasides and list heads of their own.
public enum PoolKind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The nonpaged pool.
  case nonPaged = 0
  /// The paged pool; it may have several descriptors.
  case paged = 1
  /// Nonpaged memory that cannot be executed (Windows 8 and later).
  case nonPagedNoExecute = 2
  /// The session's paged pool.
  case session = 3

  /// How many there are, without making the list of them.
  @inlinable static var count: Int { Int(PoolKind.session.rawValue) + 1 }

  /// True where blocks lie in paged memory.
  @inlinable public var isPaged: Bool { self == .paged || self == .session }
}

/// The four characters that name the owner of an allocation.
///
/// The characters lie in memory in the order the caller gave them, so the word's low byte is the
/// first character (Microsoft, `ExAllocatePoolWithTag`).
public struct PoolTag: Hashable, Sendable, Comparable {
  /// The tag as the 32-bit word that a block header stores.
  public var word: UInt32

  /// A tag from its stored word.
  @inlinable public init(word: UInt32) { self.word = word }

  /// A tag from up to four characters of one byte each; shorter ones are padded with blanks.
  ///
  /// Characters beyond the fourth and those that are not one byte are a mistake of ours.
  public init(_ characters: StaticString) {
    precondition(characters.utf8CodeUnitCount <= 4, "a tag has four characters")
    var word: UInt32 = 0
    for position in 0..<4 {
      let byte: UInt8 =
        position < characters.utf8CodeUnitCount ? characters.utf8Start[position] : 0x20
      word |= UInt32(byte) << UInt32(8 * position)
    }
    self.word = word
  }

  /// The mark that protects a block from being freed with another tag; it is no part of the tag
  /// (ReactOS `ExFreePoolWithTag`).
  public static let protectedBit: UInt32 = 0x8000_0000

  /// The tag without the mark of a protected block.
  @inlinable public var unprotected: PoolTag { PoolTag(word: word & ~PoolTag.protectedBit) }

  /// True where the mark of a protected block is set.
  @inlinable public var isProtected: Bool { word & PoolTag.protectedBit != 0 }

  /// The four bytes in memory order.
  public var bytes: (UInt8, UInt8, UInt8, UInt8) {
    (
      UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 8),
      UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 24)
    )
  }

  /// Tags are ordered by their four bytes in memory order.
  public static func < (left: PoolTag, right: PoolTag) -> Bool {
    left.word.byteSwapped < right.word.byteSwapped
  }

  /// The tag of the pool's own tables.
  public static let pool = PoolTag("Pool")
  /// The tag of contiguous memory (ReactOS `MmAllocateContiguousMemory`).
  public static let contiguous = PoolTag("MmCm")
  /// The tag that stands for a large allocation whose own tag could not be kept.
  public static let big = PoolTag("BIG ")
  /// The tag of the one-unit block behind a large allocation (Mandt 2011, Windows 7).
  public static let fragment = PoolTag("Frag")
}
