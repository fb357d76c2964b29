/// A range of simulated addresses and the host bytes behind it.
///
/// Every access is checked against the range and, page by page, against what is mapped; there is
/// no way through a region to any other byte of the process.
public struct MemoryRegion {
  /// First address.
  public let base: Address
  /// Bytes from `base` on.
  public let byteCount: UInt64
  /// The pool whose pages these are, or nil for the kernel's own data.
  public let kind: PoolKind?
  /// Pages from the start that are always mapped; later ones have a mark.
  public let alwaysMappedPages: UInt64
  @usableFromInline let host: UnsafeMutableRawPointer
  @usableFromInline let marksPointer: UnsafeMutablePointer<UInt8>?
  @usableFromInline let pageShift: UInt64
  /// What untouched pages hold; nil where they hold nothing.
  @usableFromInline let stamps: UnsafeMutablePointer<FreePageStamps>?

  /// True where `address` lies in the range, mapped or not.
  @inlinable public func contains(_ address: Address) -> Bool { address &- base < byteCount }

  /// The marks of the page that holds `address`, which must lie in the range; nil where the
  /// region's pages are not the pool's.
  @inlinable public func marks(at address: Address) -> PageMarks? {
    marksPointer.map { PageMarks(rawValue: $0[Int((address &- base) &>> pageShift)]) }
  }

  /// True where an access to the page does not fault. Gives an untouched page of a free run its
  /// stamp.
  @inlinable func isAccessible(page: UInt64) -> Bool {
    guard let marksPointer else { return true }
    let marks = PageMarks(rawValue: marksPointer[Int(page)])
    guard page < alwaysMappedPages else { return marks.contains(.mapped) }
    if let stamps, !marks.contains(.stamped) {
      marksPointer[Int(page)] |= PageMarks.stamped.rawValue
      stamps.pointee.write(page: page, to: host + Int(page &<< pageShift))
    }
    return true
  }

  /// The host address of `byteCount` mapped bytes at `address`, or nil.
  @inlinable func locate(_ address: Address, byteCount width: UInt64) -> UnsafeMutableRawPointer? {
    let offset = address &- base
    guard offset < byteCount, width <= byteCount &- offset else { return nil }
    let first = offset &>> pageShift
    let last = (offset &+ width &- 1) &>> pageShift
    guard isAccessible(page: first), last == first || isAccessible(page: last) else { return nil }
    return host + Int(offset)
  }

  /// The word at `address`, or nil where it is not wholly mapped.
  @inlinable func load<Word: FixedWidthInteger>(_ address: Address, as: Word.Type) -> Word? {
    locate(address, byteCount: UInt64(MemoryLayout<Word>.size))?.loadUnaligned(as: Word.self)
  }
}
