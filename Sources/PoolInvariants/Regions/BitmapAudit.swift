import typealias KernelPool.Address
import struct KernelPool.PageBitmap
import struct KernelPool.PageMarks
import struct KernelPool.PoolView

// Pools whose pages come from a bitmap: paged and session pool, and nonpaged pool from Vista on
// (ReactOS MiAllocatePoolPages; Mandt 2011).

extension PoolAudit {
  /// One bit of a map; nil where the map is not mapped.
  func bit(_ view: PoolView, _ map: Address, _ index: UInt64) -> Bool? {
    view.byte(map &+ index &>> 3).map { $0 &>> UInt8(index & 7) & 1 != 0 }
  }

  /// The bits of one allocation: all ones in the allocation map, and in the end map, where there
  /// is one, a one for its last page only.
  mutating func auditBits(
    _ view: PoolView, _ bitmap: PageBitmap, _ space: PageSpaces.Space, firstBit: Int, _ count: Int
  ) {
    for index in firstBit..<(firstBit &+ count) {
      let address = space.base &+ UInt64(index) &<< facts.pageShift
      requireBit(
        .bitmapAllocated, bit(view, bitmap.allocationMap, UInt64(index)), true, address)
      guard space.kind != .nonPaged else { continue }
      requireBit(
        .bitmapEnd, bit(view, bitmap.endMap, UInt64(index)), index == firstBit &+ count &- 1,
        address)
      requireMapped(view, address, true)
    }
  }

  /// A page that nobody claimed: its bit is clear if its page table is open, else set; it ends no
  /// allocation, and a paged one is not mapped.
  mutating func auditFreeBit(
    _ view: PoolView, _ bitmap: PageBitmap, _ space: PageSpaces.Space, bit index: UInt64,
    _ address: Address
  ) {
    requireBit(
      .bitmapAllocated, bit(view, bitmap.allocationMap, index), index >= bitmap.openPages, address)
    guard space.kind != .nonPaged else { return }
    requireBit(.bitmapEnd, bit(view, bitmap.endMap, index), false, address)
    requireMapped(view, address, false)
  }

  private mutating func requireBit(
    _ invariant: Invariant, _ found: Bool?, _ expected: Bool, _ address: Address
  ) {
    findings.require(
      invariant, at: address, expected: expected ? 1 : 0, found: found.map { $0 ? 1 : 0 } ?? .max,
      invariant == .bitmapAllocated ? "the allocation map's bit of a page" : "the end map's bit")
  }

  private mutating func requireMapped(_ view: PoolView, _ address: Address, _ expected: Bool) {
    let isMapped = view.marks(ofPageAt: address)?.contains(.mapped) ?? false
    findings.require(
      .marksMapped, at: address, expected: expected ? 1 : 0, found: isMapped ? 1 : 0,
      "whether a page is mapped")
  }

  /// Hints and growth stay within the maps.
  mutating func auditBitmapVariables(_ view: PoolView) {
    let variables = view.variables
    for bitmap in [variables.pagedBitmap, variables.sessionBitmap, variables.nonPagedBitmap] {
      if bitmap.openPages > bitmap.pages {
        findings.report(
          .bitmapHint, at: bitmap.base, expected: bitmap.pages, found: bitmap.openPages,
          "open pages, at most")
      }
      if bitmap.hint > bitmap.pages {
        findings.report(
          .bitmapHint, at: bitmap.base, expected: bitmap.pages, found: bitmap.hint,
          "bit at which a search starts, at most")
      }
    }
  }
}
