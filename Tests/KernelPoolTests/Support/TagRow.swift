import KernelPool
import PoolTestSupport
import Testing

/// A row of the tag table: allocations, frees and bytes of either pool.
struct TagRow: Equatable {
  var nonPaged: [UInt64]
  var paged: [UInt64]
}

extension TestPool {
  /// The row's slot and contents by the documented offsets; nil where no slot has the tag.
  func trackerSlot(_ tag: PoolTag) throws -> UInt64? {
    for slot in 0..<view.variables.trackerRows {
      let key = try word32(view.variables.trackerTable + slot * (word == 8 ? 40 : 28))
      if key == tag.word { return slot }
    }
    return nil
  }

  func trackerRow(_ tag: PoolTag) throws -> TagRow? {
    guard let slot = try trackerSlot(tag) else { return nil }
    let row = view.variables.trackerTable + slot * (word == 8 ? 40 : 28)
    func columns(_ offsets: [UInt64]) throws -> [UInt64] {
      [
        UInt64(try word32(row + offsets[0])), UInt64(try word32(row + offsets[1])),
        try pointer(row + offsets[2]),
      ]
    }
    return word == 8
      ? TagRow(nonPaged: try columns([4, 8, 0x10]), paged: try columns([0x18, 0x1C, 0x20]))
      : TagRow(nonPaged: try columns([4, 8, 0xC]), paged: try columns([0x10, 0x14, 0x18]))
  }
}
