/// All states seen so far, in the order in which they were found, each with the state it came from.
///
/// A record is four bytes for the predecessor, one for the number of pages, and the bytes of the
/// pages (two or four for the layout, one for each listed run's place in its list), filled up to a
/// multiple of four. Records are named by their position in units of four bytes, so 32 bits name 16 GiB of
/// them. An open table of such names finds a state again; a byte of the hash beside each name
/// spares most of the comparisons. Nothing is approximate: equal means equal bytes.
struct StateStore: ~Copyable {
  private static let chunkBytes = 1 << 26
  private static let header = 5

  private var chunks: [UnsafeMutableRawPointer] = []
  private(set) var end: UInt32 = 0
  private(set) var count = 0
  private var table: UnsafeMutablePointer<UInt32>
  private var tags: UnsafeMutablePointer<UInt8>
  private var tableBits = 12
  private let layouts: PageLayouts
  private let format: PageKeys
  private let isWide: Bool
  private let longestRecord: Int

  init(layouts: PageLayouts, format: PageKeys) {
    self.layouts = layouts
    self.format = format
    isWide = layouts.count > 1 << 16
    longestRecord = Self.header + PageStates.mostPages * (4 + layouts.mostListedRuns) + 3
    (table, tags) = Self.emptyTable(bits: tableBits)
  }

  deinit {
    for chunk in chunks { chunk.deallocate() }
    table.deallocate()
    tags.deallocate()
  }

  /// Bytes that records and table take.
  var bytes: Int { Int(end) << 2 + 5 << tableBits }

  /// Adds a state of `pages` sorted keys unless it is known; true if it is new. Nil when 32 bits
  /// cannot name any more records.
  mutating func insert(
    _ keys: UnsafePointer<UInt64>, pages: Int, from predecessor: UInt32
  ) -> Bool? {
    let hash = Self.hash(keys, pages)
    let mask = 1 << tableBits - 1
    let tag = UInt8(truncatingIfNeeded: hash >> 56) | 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while tags[slot] != 0 {
      if tags[slot] == tag, isEqual(table[slot], keys, pages) { return false }
      slot = (slot &+ 1) & mask
    }
    guard let name = append(keys, pages, predecessor) else { return nil }
    table[slot] = name
    tags[slot] = tag
    count &+= 1
    if count &* 4 > 3 << tableBits { growTable() }
    return true
  }

  /// Reads the record called `name` into `keys`; gives its pages and the name of the next record.
  func read(_ name: UInt32, into keys: UnsafeMutablePointer<UInt64>) -> (pages: Int, next: UInt32) {
    var bytes = pointer(to: name) + 4
    let pages = Int(bytes.load(as: UInt8.self))
    bytes += 1
    for page in 0..<pages {
      let layout = takeLayout(&bytes)
      var key = UInt64(layout) << format.layoutShift
      let listed = Int(layouts.listedCounts[layout])
      for run in 0..<listed {
        key |= UInt64(bytes.load(fromByteOffset: run, as: UInt8.self)) << format.shift(run)
      }
      bytes += listed
      keys[page] = key
    }
    let length = bytes - UnsafeRawPointer(pointer(to: name))
    return (pages, following(name, length: length))
  }

  /// The state from which the record called `name` was found.
  func predecessor(of name: UInt32) -> UInt32 { pointer(to: name).load(as: UInt32.self) }

  private func pointer(to name: UInt32) -> UnsafeRawPointer {
    let offset = Int(name) << 2
    return UnsafeRawPointer(chunks[offset / Self.chunkBytes] + offset % Self.chunkBytes)
  }

  /// Records never straddle chunks: one that would not fit for certain begins the next chunk.
  private func following(_ name: UInt32, length: Int) -> UInt32 {
    let next = Int(name) << 2 + (length + 3) & ~3
    let left = Self.chunkBytes - next % Self.chunkBytes
    let start = left < longestRecord ? next + left : next
    return UInt32(truncatingIfNeeded: start >> 2)
  }

  /// Reads a layout and goes on behind it.
  private func takeLayout(_ bytes: inout UnsafeRawPointer) -> Int {
    defer { bytes += isWide ? 4 : 2 }
    return isWide
      ? Int(bytes.loadUnaligned(as: UInt32.self)) : Int(bytes.loadUnaligned(as: UInt16.self))
  }

  private func place(_ key: UInt64, _ run: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: key >> format.shift(run) & format.offList)
  }

  private mutating func append(
    _ keys: UnsafePointer<UInt64>, _ pages: Int, _ predecessor: UInt32
  ) -> UInt32? {
    let name = end
    let offset = Int(name) << 2
    if offset / Self.chunkBytes >= 255 { return nil }
    if offset / Self.chunkBytes == chunks.count {
      chunks.append(.allocate(byteCount: Self.chunkBytes, alignment: 16))
    }
    let start = chunks[offset / Self.chunkBytes] + offset % Self.chunkBytes
    start.storeBytes(of: predecessor, as: UInt32.self)
    start.storeBytes(of: UInt8(pages), toByteOffset: 4, as: UInt8.self)
    var bytes = start + Self.header
    for page in 0..<pages {
      let key = keys[page]
      let layout = Int(key >> format.layoutShift)
      if isWide {
        bytes.storeBytes(of: UInt32(layout), as: UInt32.self)
      } else {
        bytes.storeBytes(of: UInt16(layout), as: UInt16.self)
      }
      bytes += isWide ? 4 : 2
      let listed = Int(layouts.listedCounts[layout])
      for run in 0..<listed {
        bytes.storeBytes(of: place(key, run), toByteOffset: run, as: UInt8.self)
      }
      bytes += listed
    }
    end = following(name, length: bytes - start)
    return name
  }

  private func isEqual(_ name: UInt32, _ keys: UnsafePointer<UInt64>, _ pages: Int) -> Bool {
    var bytes = pointer(to: name) + 4
    if Int(bytes.load(as: UInt8.self)) != pages { return false }
    bytes += 1
    for page in 0..<pages {
      let key = keys[page]
      let layout = takeLayout(&bytes)
      if layout != Int(key >> format.layoutShift) { return false }
      let listed = Int(layouts.listedCounts[layout])
      for run in 0..<listed
      where bytes.load(fromByteOffset: run, as: UInt8.self) != place(key, run) { return false }
      bytes += listed
    }
    return true
  }

  private mutating func growTable() {
    table.deallocate()
    tags.deallocate()
    tableBits += 1
    (table, tags) = Self.emptyTable(bits: tableBits)
    let mask = 1 << tableBits - 1
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 256) { scratch in
      guard let keys = scratch.baseAddress else { return }
      var name: UInt32 = 0
      while name < end {
        let (pages, next) = read(name, into: keys)
        let hash = Self.hash(keys, pages)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while tags[slot] != 0 { slot = (slot &+ 1) & mask }
        table[slot] = name
        tags[slot] = UInt8(truncatingIfNeeded: hash >> 56) | 1
        name = next
      }
    }
  }

  private static func emptyTable(
    bits: Int
  ) -> (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt8>) {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 1 << bits)
    let tags = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << bits)
    tags.initialize(repeating: 0, count: 1 << bits)
    return (table, tags)
  }

  private static func hash(_ keys: UnsafePointer<UInt64>, _ pages: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: pages) &* 0x9e37_79b9_7f4a_7c15
    for page in 0..<pages {
      hash = (hash ^ keys[page]) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
    }
    hash = hash &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 29
  }
}
