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
  /// True where the pages have page frames, whose marks mean something; false for the kernel's
  /// own data.
  public let hasFrames: Bool
  /// Pages from the start that are always mapped; later ones have a mark.
  public let alwaysMappedPages: UInt64
  @usableFromInline let host: UnsafeMutableRawPointer
  @usableFromInline let marksPointer: UnsafeMutablePointer<UInt8>
  @usableFromInline let pageShift: UInt64
  /// What untouched pages hold; nil where they hold nothing.
  @usableFromInline let stamps: UnsafeMutablePointer<FreePageStamps>?

  /// True where `address` lies in the range, mapped or not.
  @inlinable public func contains(_ address: Address) -> Bool { address &- base < byteCount }

  /// The marks of the page that holds `address`, which must lie in the range; nil where the
  /// region's pages have no page frames.
  @inlinable public func marks(at address: Address) -> PageMarks? {
    hasFrames ? PageMarks(rawValue: marksPointer[Int((address &- base) &>> pageShift)]) : nil
  }

  /// True where an access to the page does not fault. Marks it as touched, and gives an untouched
  /// page of a free run its stamp.
  @inlinable func isAccessible(page: UInt64) -> Bool {
    let marks = PageMarks(rawValue: marksPointer[Int(page)])
    let isAlwaysMapped = page < alwaysMappedPages
    guard isAlwaysMapped || marks.contains(.mapped) else { return false }
    if !marks.contains(.touched) {
      marksPointer[Int(page)] |= PageMarks.touched.rawValue
      if isAlwaysMapped, let stamps {
        stamps.pointee.write(page: page, to: host + Int(page &<< pageShift))
      }
    }
    return true
  }

  /// Makes every byte zero again that an access may have changed. The marks stay.
  func clearTouchedPages() {
    let pages = (byteCount &+ (1 &<< pageShift) &- 1) &>> pageShift
    let touched = PageMarks.touched.rawValue
    let touchedOfEight = UInt64(touched) &* 0x0101_0101_0101_0101
    var page: UInt64 = 0
    while page < pages {
      // Most pages were not: eight at once.
      if page &+ 8 <= pages,
        UnsafeRawPointer(marksPointer + Int(page)).loadUnaligned(as: UInt64.self) & touchedOfEight
          == 0
      {
        page &+= 8
        continue
      }
      if marksPointer[Int(page)] & touched != 0 {
        let offset = page &<< pageShift
        let count = min(1 &<< pageShift, byteCount &- offset)
        (host + Int(offset)).clear(byteCount: Int(count))
      }
      page &+= 1
    }
  }

  /// The host address of `byteCount` mapped bytes at `address`, at most a page of them, or nil: no
  /// bytes lie nowhere.
  @inlinable func locate(_ address: Address, byteCount width: UInt64) -> UnsafeMutableRawPointer? {
    let offset = address &- base
    guard width != 0, offset < byteCount, width <= byteCount &- offset else { return nil }
    let first = offset &>> pageShift
    let last = (offset &+ width &- 1) &>> pageShift
    guard isAccessible(page: first), last == first || isAccessible(page: last) else { return nil }
    return host + Int(offset)
  }

  /// The host address of a range of any length, or nil where not all of it is mapped.
  @usableFromInline func locateRange(_ address: Address, _ width: UInt64)
    -> UnsafeMutableRawPointer?
  {
    let offset = address &- base
    guard width != 0, offset < byteCount, width <= byteCount &- offset else { return nil }
    var page = offset &>> pageShift
    let last = (offset &+ width &- 1) &>> pageShift
    while page <= last {
      guard isAccessible(page: page) else { return nil }
      page &+= 1
    }
    return host + Int(offset)
  }
}

extension UnsafeMutablePointer<MemoryRegion> {
  /// The host address of `byteCount` mapped bytes at `address`, which must lie in the region; nil where
  /// they are not there.
  @inline(__always)
  func locate(_ address: Address, byteCount width: UInt64) -> UnsafeMutableRawPointer? {
    locateInPage(address, width) ?? pointee.locate(address, byteCount: width)
  }

  /// The same of a range of any length.
  @inline(__always)
  func locateRange(_ address: Address, _ width: UInt64) -> UnsafeMutableRawPointer? {
    locateInPage(address, width) ?? pointee.locateRange(address, width)
  }

  /// The host address of bytes that lie in one page which was looked at before, as nearly all do.
  @inline(__always)
  private func locateInPage(_ address: Address, _ width: UInt64) -> UnsafeMutableRawPointer? {
    let offset = address &- pointee.base
    let page = offset &>> pointee.pageShift
    guard width &- 1 < pointee.byteCount &- offset,
      (offset &+ width &- 1) &>> pointee.pageShift == page
    else { return nil }
    let marks = pointee.marksPointer[Int(truncatingIfNeeded: page)]
    let wanted =
      PageMarks.touched.rawValue
      | (page < pointee.alwaysMappedPages ? 0 : PageMarks.mapped.rawValue)
    return marks & wanted == wanted ? pointee.host + Int(truncatingIfNeeded: offset) : nil
  }
}

extension UnsafePointer<MemoryRegion> {
  /// The host bytes of a word at `address`, which must lie in the region, or nil where it is not wholly
  /// mapped. The region is asked where it lies: handing one on copies it, which showed in a profile.
  @inlinable @inline(__always)
  func locateWord(_ address: Address, byteCount width: UInt64) -> UnsafeRawPointer? {
    let offset = address &- pointee.base
    let page = offset &>> pointee.pageShift
    // Nearly every word lies in one page that was looked at before.
    if width <= pointee.byteCount &- offset, (offset &+ width &- 1) &>> pointee.pageShift == page {
      let marks = pointee.marksPointer[Int(truncatingIfNeeded: page)]
      let wanted =
        PageMarks.touched.rawValue
        | (page < pointee.alwaysMappedPages ? 0 : PageMarks.mapped.rawValue)
      if marks & wanted == wanted {
        return UnsafeRawPointer(pointee.host + Int(truncatingIfNeeded: offset))
      }
    }
    return locateElsewhere(address, byteCount: width)
  }

  /// The same of a word on two pages, or on one that nobody has looked at.
  @inlinable @inline(never)
  func locateElsewhere(_ address: Address, byteCount width: UInt64) -> UnsafeRawPointer? {
    UnsafeRawPointer(pointee.locate(address, byteCount: width))
  }
}

extension UnsafeMutableRawPointer {
  /// Makes bytes zero, two lines at a time: looking first which of them are not takes longer than the
  /// stores. A count of instructions also shows what that takes, where clearing a page at once counts
  /// as one for each byte.
  func clear(byteCount: Int) {
    let lines = 128
    let zero = SIMD8<UInt64>(repeating: 0)
    var offset = 0
    while offset &+ lines <= byteCount {
      let place = self + offset
      place.storeBytes(of: zero, as: SIMD8<UInt64>.self)
      (place + 64).storeBytes(of: zero, as: SIMD8<UInt64>.self)
      offset &+= lines
    }
    if offset < byteCount {
      (self + offset).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount &- offset)
    }
  }
}

/// Zeroed bytes of the host machine that back a region of simulated memory.
///
/// The model itself calls no operating system. A caller that wants gigabytes passes a reserver
/// that commits pages on first touch; small pools use `zeroed`.
public struct ReservedBytes {
  /// The first byte, aligned for any access.
  public let base: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let byteCount: Int
  /// What becomes of the bytes when the pool goes.
  public let release: Release

  /// Gives bytes back.
  public enum Release {
    /// In whatever state they are.
    case used((UnsafeMutableRawPointer, Int) -> Void)
    /// All zero again, for the next pool: what the pool touched is cleared first. Clearing a few
    /// dozen pages costs less than asking the system for fresh ones.
    case cleared((UnsafeMutableRawPointer, Int) -> Void)
  }

  /// Bytes that `release` will be called for once.
  public init(base: UnsafeMutableRawPointer, byteCount: Int, release: Release) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  /// Gives bytes back that nothing has touched.
  func giveBack() {
    switch release {
    case .used(let release), .cleared(let release): release(base, byteCount)
    }
  }

  /// Reserves zeroed bytes, or returns nil where the machine has not enough.
  public typealias Reserver = (_ byteCount: Int) -> ReservedBytes?

  /// Bytes that are written, and so committed, at once.
  public static func zeroed(_ byteCount: Int) -> ReservedBytes? {
    let base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 16), alignment: 16)
    base.clear(byteCount: byteCount)
    return ReservedBytes(
      base: base, byteCount: byteCount, release: .used { base, _ in base.deallocate() })
  }
}
