import KernelPool

/// Knows a page of small blocks by its chain of headers: each size leads to the next header, each
/// previous size leads back, and the last block ends with the page.
///
/// Two headers that agree are found by chance in one page of 2^27 on x86 and of 2^24 on x64; a page
/// of the pool never has a single block, since what a request leaves over is one. A block in use has
/// letters for a tag, or there are three blocks at least.
struct ChainOfHeaders {
  private let header: HeaderLayout
  private let unitBytes: Int
  private let profile: Profile

  init(_ profile: Profile) {
    self.profile = profile
    header = profile.header
    unitBytes = Int(profile.unitBytes)
  }

  /// The pool to which a page belongs by the types in its headers; nil where it is no page of small
  /// blocks.
  func pool(of page: UnsafeRawBufferPointer) -> PoolKind? {
    guard page.count == 0x1000 else { return nil }
    var offset = 0
    var previous: UInt32 = 0
    var blocks = 0
    var readable = 0
    var kinds = (nonPaged: 0, paged: 0, session: 0)
    while offset < 0x1000 {
      let word = page.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let units = header.blockSize.get(word)
      guard units > 0, header.previousSize.get(word) == previous,
        offset + Int(units) * unitBytes <= 0x1000
      else { return nil }
      let stored = header.poolType.get(word)
      if stored != 0 {
        let tag = page.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        if Self.isReadable(tag) { readable += 1 }
        let type = profile.type(stored: stored)
        if !type.isPaged {
          kinds.nonPaged += 1
        } else if type.contains(.session) {
          kinds.session += 1
        } else {
          kinds.paged += 1
        }
      }
      blocks += 1
      previous = units
      offset += Int(units) * unitBytes
    }
    guard blocks > 2 || blocks == 2 && readable > 0 else { return nil }
    if kinds.session > kinds.paged + kinds.nonPaged { return .session }
    return kinds.paged > kinds.nonPaged ? .paged : .nonPaged
  }

  /// Four characters, the highest bit of the last being the mark of a protected block.
  private static func isReadable(_ tag: UInt32) -> Bool {
    (0..<4).allSatisfy { (0x20...0x7E).contains(tag >> UInt32(8 * $0) & ($0 == 3 ? 0x7F : 0xFF)) }
  }

  /// True where a page has at least three places that look like headers of blocks in use, without a
  /// chain: what pages of a segment heap look like, whose own structures are encoded.
  static func looksLikeSegmentHeap(_ page: UnsafeRawBufferPointer) -> Bool {
    var places = 0
    var offset = 0
    while offset + 16 <= page.count {
      defer { offset += 16 }
      let word = page.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      // No previous size, no index, a size within the page, a type in use.
      guard word & 0xFFFF == 0, word >> 24 & 2 != 0, word >> 24 & 0x92 == 2 else { continue }
      let bytes = Int(word >> 16 & 0xFF) * 16
      let tag = page.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      guard bytes > 0, offset + bytes <= page.count, isReadable(tag) else { continue }
      places += 1
      if places == 3 { return true }
    }
    return false
  }
}
