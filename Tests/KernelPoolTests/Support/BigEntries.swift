import KernelPool
import PoolTestSupport
import Testing

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
    let isNew = profile.name.contains("-7-") || profile.name.contains("-8-")
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
