import KernelPool
import PoolTestSupport
import Testing

/// What a pool keeps outside of its memory, as text to compare.
func poolRoots(_ pool: borrowing KernelPool) -> [String] {
  let view = pool.view
  var roots = ["\(view.variables)", "\(pool.halted as Any)"]
  roots += view.descriptors.map { "\($0)" }
  for owner in 0..<view.lookasideOwners {
    for kind in PoolKind.allCases {
      for units in 1...view.profile.lookasideClasses {
        roots.append("\(view.lookaside(owner: owner, kind: kind, units: units))")
      }
    }
  }
  return roots
}

/// An entry of the big-page table in use, read by the documented offsets.
struct BigEntry: Equatable {
  var slot: UInt64
  var address: Address
  var tag: UInt32
  /// Pages up to Windows 2003, bytes from Vista on.
  var size: UInt64
}

extension TestPool {
  /// The entries in use in table order.
  func bigEntries() throws -> [BigEntry] {
    let variables = view.variables
    let isNew = profile.nonPagedPages == .bitmap
    let entryBytes: UInt64 =
      word == 8 ? 24 : profile.name.contains("xp") || profile.name.contains("2000") ? 12 : 16
    var entries: [BigEntry] = []
    for slot in 0..<variables.bigTableEntries {
      let place = variables.bigTable + slot * entryBytes
      let address = try pointer(place)
      if address & 1 != 0 { continue }
      let size =
        isNew ? try pointer(place + word + 8) : UInt64(try word32(place + word + 4))
      entries.append(
        BigEntry(slot: slot, address: address, tag: try word32(place + word), size: size))
    }
    return entries
  }
}

/// A run of free nonpaged pages, read by the recorded offsets.
struct FreeRun: Equatable {
  var address: Address
  var pages: UInt64
}

extension TestPool {
  /// The runs of a list in search order: 1, 2 or 3 pages, or with 4 those of four and more.
  func freeRuns(_ list: UInt64) throws -> [FreeRun] {
    let head = view.variables.freeRunHeads + (list - 1) * 2 * word
    var runs: [FreeRun] = []
    var entry = try pointer(head)
    while entry != head, runs.count < 1000 {
      runs.append(FreeRun(address: entry, pages: UInt64(try word32(entry + 2 * word))))
      entry = try pointer(entry)
    }
    return runs
  }

  /// The signature and the owner that a page of a free run carries.
  func stamp(_ page: Address) throws -> [UInt64] {
    [UInt64(try word32(page + 2 * word + 4)), try pointer(page + 2 * word + 8)]
  }

  /// Marks of a page.
  func marks(_ page: Address) -> PageMarks { view.marks(ofPageAt: page) ?? [] }
}

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
