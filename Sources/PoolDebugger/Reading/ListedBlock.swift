/// One block of a page as a listing shows it.
public struct ListedBlock: Sendable, Hashable {
  /// What the listing says of the block's use.
  public enum State: Sendable, Hashable {
    /// `(Allocated)`.
    case allocated
    /// `(Free)`: on a free list.
    case free
    /// `(Free )`, with a blank: freed but parked on a lookaside list.
    case freeOnLookaside
  }

  /// The address of the block's header, as printed.
  public var address: UInt64
  /// The digits of the printed address tell x86 from x64.
  public var width: PointerWidth
  /// Size in bytes, header included.
  public var sizeBytes: UInt64
  /// Size in bytes of the block before, as this block's header says it; 0 for the first.
  public var previousSizeBytes: UInt64
  /// Allocated or free.
  public var state: State
  /// The tag; nil when the copy lost it.
  public var tag: ListedTag?
  /// The block that holds the address asked for (an asterisk).
  public var isMarked = false
  /// The tag was allocated with the protected bit (`(Protected)`, up to Windows 8.1).
  public var isProtected = false
  /// The process charged for the block (`Process:`), where one is.
  public var process: UInt64?
  /// The pool descriptor's index; only poolinfo's `!poolpage` prints it.
  public var poolIndex: UInt8?
  /// The stored pool type; only poolinfo's `!poolpage` prints it.
  public var poolType: UInt8?
  /// The line of the source it stands on, from 1.
  public var line = 0

  /// The address just behind the block; saturates for absurd sizes.
  public var endAddress: UInt64 {
    let (sum, overflow) = address.addingReportingOverflow(sizeBytes)
    return overflow ? UInt64.max : sum
  }

  /// The offset of the header in its 4,096-byte page.
  public var pageOffset: UInt64 { address & 0xFFF }

  /// The address of the page that holds the header.
  public var pageAddress: UInt64 { address & ~0xFFF }

  /// In use: neither on a free list nor parked on a lookaside list.
  public var isAllocated: Bool { state == .allocated }
}
