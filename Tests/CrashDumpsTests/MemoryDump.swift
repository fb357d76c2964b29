/// A dump of a machine's physical memory made by hand, in each of the forms that are read.
///
/// Memory is pages 1 to 8 of a machine: page tables for one page of the pool at 0xFFFFFA8001B10000
/// (x64) or 0x81B10000, a page in transition behind it, one that was paged out, one of a large page.
struct MemoryDump {
  enum Form: CaseIterable {
    case full, bitmapFull, bitmapKernel, listed, full32, pae32
  }

  static let lastPage: UInt64 = 8
  let form: Form
  var pages: [UInt64: SmallDump] = [:]

  var isWide: Bool { form != .full32 && form != .pae32 }
  var poolAddress: UInt64 { isWide ? 0xFFFF_FA80_01B1_0000 : 0x81B1_0000 }
  /// Mapped as a large page, whose last small page is in the dump.
  var largeAddress: UInt64 { isWide ? 0xFFFF_FA80_01C0_0000 : 0x81C0_0000 }

  init(_ form: Form) {
    self.form = form
    for page in 1...Self.lastPage { pages[page] = SmallDump(byteCount: 0x1000) }
    pages[5]?.put("pool page", at: 0)
    pages[6]?.put("in transition", at: 0)
    pages[8]?.put("a large page's", at: 0x20)
    switch form {
    case .full32: link(levels: [22, 12], entryBytes: 4, tables: [1, 4], indexBits: [10, 10])
    case .pae32:
      link(levels: [30, 21, 12], entryBytes: 8, tables: [1, 2, 4], indexBits: [2, 9, 9])
    default:
      link(
        levels: [39, 30, 21, 12], entryBytes: 8, tables: [1, 2, 3, 4], indexBits: [9, 9, 9, 9])
    }
  }

  private mutating func link(
    levels: [UInt64], entryBytes: Int, tables: [UInt64], indexBits: [UInt64]
  ) {
    func index(_ address: UInt64, _ level: Int) -> Int {
      Int(address >> levels[level] & ((1 << indexBits[level]) - 1)) * entryBytes
    }
    let (pool, large) = (poolAddress, largeAddress)
    for level in 0..<levels.count - 1 {
      pages[tables[level]]?.put(
        tables[level + 1] << 12 | 0x63, at: index(pool, level), bytes: entryBytes)
    }
    let leaf = levels.count - 1
    let table = tables[leaf]
    pages[table]?.put(5 << 12 | 0x63, at: index(pool, leaf), bytes: entryBytes)
    pages[table]?.put(6 << 12 | 0x860, at: index(pool + 0x1000, leaf), bytes: entryBytes)
    pages[table]?.put(0x8080, at: index(pool + 0x2000, leaf), bytes: entryBytes)
    pages[table]?.put(0x7_0C00, at: index(pool + 0x3000, leaf), bytes: entryBytes)
    pages[table]?.put(99 << 12 | 0x63, at: index(pool + 0x4000, leaf), bytes: entryBytes)
    // A large page begins at physical 0; bit 12 says how it is cached and is no address.
    pages[tables[leaf - 1]]?.put(
      0x10E3, at: index(large, leaf - 1), bytes: entryBytes)
  }

  var bytes: [UInt8] {
    let headerBytes = isWide ? 0x2000 : 0x1000
    let numbers = (1...Self.lastPage).filter { form != .bitmapKernel || $0 != 7 }
    var head = SmallDump(byteCount: headerBytes)
    head.put(isWide ? "PAGEDU64" : "PAGEDUMP", at: 0)
    head.put(0x1000 | (isWide ? 0x5 : 0), at: 0x10, bytes: isWide ? 8 : 4)
    head.put(isWide ? 0x8664 : 0x14C, at: isWide ? 0x30 : 0x20, bytes: 4)
    if !isWide { head.put(form == .pae32 ? 1 : 0, at: 0x5C, bytes: 1) }
    let kind: UInt64 =
      switch form {
      case .full, .full32, .pae32: 1
      case .bitmapFull: 5
      case .bitmapKernel: 6
      case .listed: 9
      }
    head.put(kind, at: isWide ? 0xF98 : 0xF88, bytes: 4)
    // Two runs, the second before the first.
    let word = isWide ? 8 : 4
    let runs = isWide ? 0x88 : 0x64
    head.put(2, at: runs, bytes: 4)
    head.put(Self.lastPage, at: runs + word, bytes: word)
    for (place, value) in [4, 5, 1, 3].enumerated() {
      head.put(UInt64(value), at: runs + 2 * word + word * place, bytes: word)
    }
    switch form {
    case .full, .full32, .pae32:
      return ([4, 5, 6, 7, 8, 1, 2, 3] as [UInt64]).reduce(head.bytes) {
        $0 + (pages[$1]?.bytes ?? [])
      }
    case .bitmapFull, .bitmapKernel:
      var map = SmallDump(byteCount: 0x1000)
      map.put(form == .bitmapFull ? "FDMPDUMP" : "SDMPDUMP", at: 0)
      map.put(0x3000, at: 0x20, bytes: 8)
      map.put(UInt64(numbers.count), at: 0x28, bytes: 8)
      map.put(Self.lastPage + 1, at: 0x30, bytes: 8)
      map.put(numbers.reduce(0) { $0 | 1 << $1 } | 0xFE00, at: 0x38, bytes: 2)
      return numbers.reduce(head.bytes + map.bytes) { $0 + (pages[$1]?.bytes ?? []) }
    case .listed:
      var list = SmallDump(byteCount: 0x60)
      list.put(0x40, at: 0, bytes: 4)
      list.put("RDMPDUMP", at: 4)
      list.put(0x40, at: 0x10, bytes: 8)
      list.put(0x2060, at: 0x18, bytes: 8)
      list.put(1, at: 0x30, bytes: 8)
      list.put(Self.lastPage, at: 0x38, bytes: 8)
      return numbers.reduce(head.bytes + list.bytes) { $0 + (pages[$1]?.bytes ?? []) }
    }
  }
}
