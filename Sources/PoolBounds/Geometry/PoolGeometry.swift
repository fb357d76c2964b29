import KernelPool

/// The numbers of a paged pool that decide how badly it can fragment.
///
/// Everything is counted in *units*, the granularity of block sizes (8 bytes on x86, 16 on x64).
/// The names follow the kernel: a page is cut into blocks, each block begins with a header, and a
/// free block needs room for its list links behind the header, which is why one unit left over is
/// "header only" and sits on no list (ReactOS `ExAllocatePoolWithTag`, the `BlockSize != 1` tests).
public struct PoolGeometry: Sendable, Hashable {
  /// Units in a page, 2...65,536 (512 on x86, 256 on x64).
  public let pageUnits: Int
  /// Units of the smallest block a request can get, header included.
  public let smallestBlockUnits: Int
  /// Units of the largest block that is cut from a page; larger requests are not the pool's.
  public let largestBlockUnits: Int
  /// A free block below this size is on no list and waits for a neighbour to be freed.
  public let smallestListedUnits: Int
  /// Bytes in one unit.
  public let unitBytes: Int
  /// Bytes of a block's header, included in its units.
  public let headerBytes: Int

  /// The abstract pool of any page and block size.
  ///
  /// - Parameters:
  ///   - pageUnits: units in a page, 2...65,536.
  ///   - smallestBlockUnits: the smallest request, 1...pageUnits - 1.
  ///   - largestBlockUnits: the largest request, by default a whole page. The kernel's is one
  ///     unit less, so that a lone header follows it.
  ///   - unitBytes: bytes in a unit, at least 1.
  ///   - headerBytes: bytes of a header, below the bytes of the smallest block.
  /// - Throws: ``GeometryError`` naming the first number that cannot be.
  public init(
    pageUnits: Int, smallestBlockUnits: Int, largestBlockUnits: Int? = nil, unitBytes: Int = 8,
    headerBytes: Int = 0
  ) throws(GeometryError) {
    let largest = largestBlockUnits ?? pageUnits
    guard (2...65_536).contains(pageUnits) else { throw .pageUnits(pageUnits) }
    guard (1..<pageUnits).contains(smallestBlockUnits) else {
      throw .smallestBlockUnits(smallestBlockUnits, pageUnits: pageUnits)
    }
    guard (smallestBlockUnits...pageUnits).contains(largest) else {
      throw .largestBlockUnits(largest)
    }
    guard (1...65_536).contains(unitBytes) else { throw .unitBytes(unitBytes) }
    guard (0..<smallestBlockUnits * unitBytes).contains(headerBytes) else {
      throw .headerBytes(headerBytes)
    }
    self.pageUnits = pageUnits
    self.smallestBlockUnits = smallestBlockUnits
    self.largestBlockUnits = largest
    self.smallestListedUnits = min(smallestBlockUnits, 2)
    self.unitBytes = unitBytes
    self.headerBytes = headerBytes
  }

  /// The geometry that a kernel's numbers imply (ReactOS `ExAllocatePoolWithTag`: a request of n
  /// bytes takes (n + header + unit - 1) / unit units, and n is at most page - header - unit).
  ///
  /// - Parameters:
  ///   - pageBytes: bytes in a page, a multiple of the unit.
  ///   - unitBytes: the granularity of blocks.
  ///   - headerBytes: bytes of the block header.
  ///   - smallestRequestBytes: the smallest request of the contest, 1 unless it is restricted.
  /// - Throws: ``GeometryError``.
  public static func kernel(
    pageBytes: Int, unitBytes: Int, headerBytes: Int, smallestRequestBytes: Int = 1
  ) throws(GeometryError) -> PoolGeometry {
    guard (1...65_536).contains(unitBytes) else { throw .unitBytes(unitBytes) }
    guard (0...65_536).contains(headerBytes) else { throw .headerBytes(headerBytes) }
    guard (2...1 << 30).contains(pageBytes), pageBytes % unitBytes == 0 else {
      throw .pageBytes(pageBytes, unitBytes: unitBytes)
    }
    let largestRequestBytes = pageBytes - headerBytes - unitBytes
    guard (1...max(1, largestRequestBytes)).contains(smallestRequestBytes) else {
      throw .smallestRequestBytes(smallestRequestBytes)
    }
    func units(_ bytes: Int) -> Int { (bytes + headerBytes + unitBytes - 1) / unitBytes }
    return try PoolGeometry(
      pageUnits: pageBytes / unitBytes, smallestBlockUnits: units(smallestRequestBytes),
      largestBlockUnits: units(largestRequestBytes), unitBytes: unitBytes, headerBytes: headerBytes)
  }

  private init(trustedPageUnits: Int, unitBytes: Int, headerBytes: Int) {
    pageUnits = trustedPageUnits
    smallestBlockUnits = 2
    largestBlockUnits = trustedPageUnits - 1
    smallestListedUnits = 2
    self.unitBytes = unitBytes
    self.headerBytes = headerBytes
  }

  /// 32-bit Windows from XP on and ReactOS: 512 units of 8 bytes, blocks of 16...4,088 bytes.
  public static let x86 = PoolGeometry(trustedPageUnits: 512, unitBytes: 8, headerBytes: 8)
  /// 64-bit Windows and ReactOS: 256 units of 16 bytes, blocks of 32...4,080 bytes.
  public static let x64 = PoolGeometry(trustedPageUnits: 256, unitBytes: 16, headerBytes: 16)

  /// Bytes in a page.
  public var pageBytes: Int { pageUnits * unitBytes }

  /// The largest number of bytes that a request for a block of `units` can ask for.
  public func payloadBytes(units: Int) -> Int { units * unitBytes - headerBytes }
}

/// Why numbers do not describe a pool.
public enum GeometryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A page must have 2...65,536 units.
  case pageUnits(Int)
  /// A page must hold a whole number of units.
  case pageBytes(Int, unitBytes: Int)
  /// The smallest block must be at least one unit and smaller than a page.
  case smallestBlockUnits(Int, pageUnits: Int)
  /// The largest block must be no smaller than the smallest and no larger than a page.
  case largestBlockUnits(Int)
  /// A unit must have 1...65,536 bytes.
  case unitBytes(Int)
  /// A header must fit into the smallest block.
  case headerBytes(Int)
  /// The smallest request must be between one byte and the largest request.
  case smallestRequestBytes(Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .pageUnits(let units): "a page of \(units) units is outside 2...65536"
    case .pageBytes(let bytes, let unit): "a page of \(bytes) bytes is no multiple of \(unit) bytes"
    case .smallestBlockUnits(let units, let page):
      "a smallest block of \(units) units is outside 1...\(page - 1)"
    case .largestBlockUnits(let units):
      "a largest block of \(units) units is below the smallest block or above a page"
    case .unitBytes(let bytes): "a unit of \(bytes) bytes is outside 1...65536"
    case .headerBytes(let bytes): "a header of \(bytes) bytes does not fit the smallest block"
    case .smallestRequestBytes(let bytes):
      "a smallest request of \(bytes) bytes is below 1 or above the largest request"
    }
  }
}

extension PoolGeometry {
  /// The sizes of a version of the kernel, or of a part of its requests.
  ///
  /// - Parameters:
  ///   - profile: the version.
  ///   - requestBytes: the requests of the contest; all small ones if nil.
  /// - Throws: ``GeometryError`` where no request of the kernel's small blocks lies in the range.
  public init(
    profile: Profile, requestBytes: ClosedRange<Int>? = nil
  ) throws(GeometryError) {
    let limit = Int(profile.largestSmallRequest)
    let range = requestBytes ?? 1...limit
    guard (1...limit).contains(range.lowerBound) else {
      throw .smallestRequestBytes(range.lowerBound)
    }
    func units(_ bytes: Int) -> Int { Int(profile.units(forRequest: UInt64(bytes))) }
    try self.init(
      pageUnits: Int(profile.unitsPerPage), smallestBlockUnits: units(range.lowerBound),
      largestBlockUnits: units(min(range.upperBound, limit)), unitBytes: Int(profile.unitBytes),
      headerBytes: Int(profile.header.bytes))
  }
}

extension PlacementRules {
  /// The rules of a version of the kernel.
  public init(profile: Profile) {
    self.init(
      remainderOrder: profile.remainderEnd == .tail ? .tail : .head,
      exactFit: profile.firstList == .exactFit ? .taken : .never,
      freedOrder: profile.freedEnd == .head ? .head : .tail)
  }
}
