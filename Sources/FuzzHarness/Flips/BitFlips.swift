import KernelPool
import PoolInvariants
import PoolWalk

/// Flips each bit of what a small pool relies on, one at a time, and asks every rule about it.
///
/// What it relies on is headers, links, tables, bitmaps and descriptors; the bytes that callers own and
/// the rest of free blocks are not among it. Where no rule notices a flip, ``harmless`` must have a
/// reason for it.
public struct BitFlips: ~Copyable {
  /// What became of the flips of one field.
  public struct Tally: Sendable {
    /// Bits that were flipped.
    public var bits = 0
    /// How many of them a rule noticed.
    public var noticed = 0
    /// The rules that noticed one.
    public var rules: Set<String> = []
    /// The first that none noticed: its address, and the bit of the byte.
    public var firstUnnoticed: (address: Address, bit: Int)?
  }

  var pool: KernelPool
  var live = LiveAllocations()
  /// Never nil behind the start: another audit takes it over as what it may lack.
  var audit: IncrementalAudit?
  private var slots: UInt32 = 0
  private let view: PoolView
  /// What became of each field, by its name.
  public private(set) var tallies: [String: Tally] = [:]

  private static let tag = PoolTag("Flip")

  /// A small machine of a version after some traffic: blocks in every state, large allocations, kept
  /// and free runs. Throws where such a machine cannot be.
  public init(_ profile: Profile) throws(ConfigurationError) {
    pool = try KernelPool.boot(Self.configuration(profile))
    view = pool.view
    audit = IncrementalAudit(view, journal: nil)
    makeTraffic()
  }

  /// The sizes of the machine.
  static func configuration(_ profile: Profile) -> PoolConfiguration {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = 64
    configuration.pagedPages = 64
    configuration.sessionPages = 16
    configuration.contiguousPages = 16
    configuration.trackerEntries = 64
    configuration.bigTableEntries = 64
    configuration.initialisation = .none
    if profile.nonPagedPages == .bitmap, profile.wordBytes == 4 {
      // The maps of this version's nonpaged pool end where the session pool would start.
      configuration.profile.sessionBase = 0x9C00_0000
    }
    return configuration
  }

  // MARK: Traffic

  private mutating func makeTraffic() {
    var types: [PoolType] = [.nonPaged, .paged]
    if pool.profile.hasSessionPool { types.append([.paged, .session]) }
    if pool.profile.hasNoExecutePool { types.append(.noExecute) }
    types.append(.quota)
    for type in types {
      var held: [Address] = []
      for round in 0..<24 {
        if let address = allocate(type, UInt64(24 + round * 56 % 900)) { held.append(address) }
      }
      for index in stride(from: 0, to: held.count, by: 3) { free(held[index]) }
      var large: [Address] = []
      for bytes: UInt64 in [0x1000, 0x1800, 0x2000, 0x3010] {
        if let address = allocate(type, bytes) { large.append(address) }
      }
      for address in large.dropFirst(2) { free(address) }
    }
  }

  private mutating func allocate(_ type: PoolType, _ bytes: UInt64) -> Address? {
    guard case .address(let address) = pool.allocate(type, bytes: bytes, tag: Self.tag) else {
      return nil
    }
    slots += 1
    let allocation = LiveAllocation(
      slot: slots, requestedBytes: bytes, type: type, tag: Self.tag, patternSeed: nil,
      isContiguous: false)
    live.insert(address, allocation)
    audit?.recordAllocation(view, at: address, allocation)
    return address
  }

  private mutating func free(_ address: Address) {
    guard let slot = live.remove(address) else { return }
    let allocation = live[slot: slot].allocation
    _ = pool.free(address, tag: nil)
    audit?.recordFree(view, at: address, allocation)
  }

  /// Addresses of what is allocated, in order.
  var heldAddresses: [Address] {
    var held: [Address] = []
    live.forEach { address, _ in held.append(address) }
    return held.sorted()
  }

  // MARK: Fields

  /// Some bits with a name.
  public struct Field: Sendable {
    /// The name: what it is, and of what.
    public let name: String
    /// Where its first byte lies.
    public let address: Address
    /// Its bytes.
    public let byteCount: UInt64
    /// Which bits of the little-endian word are its own.
    public var mask = UInt64.max
  }

  /// Everything that the pool relies on, in no particular order; no bit twice.
  public var fields: [Field] {
    blockFields + runFields + tableFields + mapFields + descriptorFields
  }

  private var wordBytes: UInt64 { view.profile.wordBytes }

  private var blockFields: [Field] {
    let walker = PoolWalker(view)
    var fields: [Field] = []
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        switch use {
        case .smallBlocks(let page):
          for block in walker.blocks(ofPage: page).blocks { fields += headerFields(block) }
        case .large(let allocation):
          for block in walker.tail(of: allocation)?.blocks ?? [] { fields += headerFields(block) }
        case .kept(let address, _):
          fields.append(Field(name: "kept run, link", address: address, byteCount: wordBytes))
        case .table: break
        }
      }
    }
    return fields
  }

  private func headerFields(_ block: PoolBlock) -> [Field] {
    let layout = view.profile.header
    let kind = "\(block.state) block"
    var fields = [
      ("previous size", layout.previousSize), ("pool index", layout.poolIndex),
      ("size", layout.blockSize), ("type", layout.poolType),
    ].map { name, field in
      Field(
        name: "\(kind), \(name)", address: block.address, byteCount: 4,
        mask: UInt64(field.mask << field.shift))
    }
    fields.append(
      Field(name: "\(kind), tag", address: block.address + HeaderLayout.tagOffset, byteCount: 4))
    if let offset = layout.processBilledOffset {
      fields.append(
        Field(
          name: "\(kind), process", address: block.address + UInt64(offset), byteCount: wordBytes))
    }
    let body = block.address + UInt64(layout.bytes)
    let links: UInt64 =
      switch block.state {
      case .free: 2
      case .lookaside, .deferred: 1
      case .allocated, .orphan, .fragment: 0
      }
    if links > 0 {
      fields.append(Field(name: "\(kind), links", address: body, byteCount: links * wordBytes))
    }
    return fields
  }

  /// Heads and entries of the lists of free nonpaged runs.
  private var runFields: [Field] {
    let heads = view.variables.freeRunHeads
    guard heads != 0, view.profile.nonPagedPages == .runLists else { return [] }
    var fields: [Field] = []
    for list in 0..<4 as Range<UInt64> {
      let head = heads + list * wordBytes * 2
      fields.append(Field(name: "free run head", address: head, byteCount: wordBytes * 2))
      guard var ring = RingWalk(view, head: head) else { continue }
      while let run = ring.next(), ring.count < 64 {
        let parts: [(String, UInt64, UInt64)] = [
          ("links", 0, wordBytes * 2), ("pages", wordBytes * 2, 4),
          ("signature", wordBytes * 2 + 4, 4), ("owner", wordBytes * 2 + 8, wordBytes),
        ]
        fields += parts.map {
          Field(name: "free run, \($0.0)", address: run.address + $0.1, byteCount: $0.2)
        }
      }
    }
    return fields
  }

  private var tableFields: [Field] {
    var fields: [Field] = []
    let rowBytes = view.profile.trackerRowBytes
    let (tags, tagBytes) = KernelTable.tags.extent(in: view)
    for row in stride(from: tags, to: tags + tagBytes, by: Int(rowBytes)) {
      let hasCounts = stride(from: row + 4, to: row + rowBytes, by: 4).contains {
        view.word32($0) != 0
      }
      let kind =
        hasCounts ? "tag row" : view.word32(row) != 0 ? "tag row without counts" : "free tag row"
      fields.append(Field(name: "\(kind), tag", address: row, byteCount: 4))
      for offset in stride(from: 4, to: rowBytes, by: 4) {
        fields.append(
          Field(name: "\(kind), \(column(offset))", address: row + offset, byteCount: 4))
      }
    }
    let (entries, entryBytes) = KernelTable.bigPages.extent(in: view)
    for entry in stride(
      from: entries, to: entries + entryBytes, by: Int(view.profile.bigEntryBytes))
    {
      let kind = (BigPageEntry(view, at: entry) == nil ? "free " : "") + "big-page entry"
      fields.append(Field(name: "\(kind), address", address: entry, byteCount: wordBytes))
      fields.append(Field(name: "\(kind), tag", address: entry + wordBytes, byteCount: 4))
      for offset in stride(from: wordBytes + 4, to: view.profile.bigEntryBytes, by: 4) {
        // From Vista on a type and a count of bytes, before that a count of pages and a process.
        let keepsType = view.profile.storedPoolType == .orTwo
        let isFirst = offset == wordBytes + 4
        let name = keepsType ? (isFirst ? "type" : "size") : (isFirst ? "size" : "process")
        fields.append(Field(name: "\(kind), \(name)", address: entry + offset, byteCount: 4))
      }
    }
    return fields
  }

  /// What a column of a tag row is.
  private func column(_ offset: UInt64) -> String {
    for isPaged in [false, true] {
      let columns = TagColumns(isPaged: isPaged, wordBytes: wordBytes)
      if offset == columns.allocations { return "allocations" }
      if offset == columns.frees { return "frees" }
      if offset >= columns.bytes, offset < columns.bytes + wordBytes { return "bytes" }
    }
    return "padding"
  }

  private var mapFields: [Field] {
    let variables = view.variables
    var fields: [Field] = []
    for map in [variables.nonPagedBitmap, variables.pagedBitmap, variables.sessionBitmap]
    where map.pages != 0 && view.byte(map.allocationMap) != nil {
      for page in 0..<map.pages {
        let bit = UInt64(1) << (page & 7)
        let isOpen = page < map.openPages ? "open" : "closed"
        fields.append(
          Field(
            name: "allocation map, \(isOpen) page", address: map.allocationMap + page >> 3,
            byteCount: 1, mask: bit))
        let isUsed = view.bit(page, ofMapAt: map.allocationMap) ? "used" : "free"
        fields.append(
          Field(
            name: "end map, \(isOpen) and \(isUsed) page", address: map.endMap + page >> 3,
            byteCount: 1, mask: bit))
      }
    }
    return fields
  }

  private var descriptorFields: [Field] {
    let layout = view.profile.descriptor
    var fields: [Field] = []
    for root in view.descriptors where view.byte(root.address) != nil {
      var parts: [(String, UInt64, UInt64)] = [
        ("type", layout.poolType, 4), ("index", layout.poolIndex, 4),
        ("allocations", layout.runningAllocations, 4), ("frees", layout.runningFrees, 4),
        ("pages", layout.totalPages, 4), ("big pages", layout.totalBigPages, 4),
        ("pending frees", layout.pendingFrees, wordBytes),
        ("pending depth", layout.pendingFreeDepth, 4),
        ("list heads", layout.listHeads, view.profile.unitsPerPage * wordBytes * 2),
      ]
      if let bytes = layout.totalBytes { parts.append(("bytes", bytes, wordBytes)) }
      var covered = Set<UInt64>()
      for (name, offset, count) in parts {
        fields.append(
          Field(name: "descriptor, \(name)", address: root.address + offset, byteCount: count))
        covered.formUnion(offset..<offset + count)
      }
      for offset in 0..<layout.listHeads where !covered.contains(offset) {
        fields.append(
          Field(name: "descriptor, padding", address: root.address + offset, byteCount: 1))
      }
    }
    return fields
  }

  // MARK: Flips

  /// Flips every `step`-th bit, beginning with the one of number `first`.
  public mutating func run(every step: Int = 1, from first: Int = 0) {
    var number = 0
    for field in fields {
      for index in 0..<field.byteCount {
        for bit in 0..<8
        where field.byteCount > 8 || field.mask >> (index * 8 + UInt64(bit)) & 1 != 0 {
          defer { number += 1 }
          guard number % step == first % step else { continue }
          flip(field, field.address + index, bit)
        }
      }
    }
  }

  private mutating func flip(_ field: Field, _ address: Address, _ bit: Int) {
    guard let byte = view.byte(address) else { return }
    store(byte ^ (1 << UInt8(bit)), at: address)
    let violations = audit?.full(view, live) ?? []
    store(byte, at: address)
    var tally = tallies[field.name] ?? Tally()
    tally.bits += 1
    if violations.isEmpty {
      if tally.firstUnnoticed == nil { tally.firstUnnoticed = (address, bit) }
    } else {
      tally.noticed += 1
      tally.rules.formUnion(violations.map(\.invariant.rawValue))
    }
    tallies[field.name] = tally
  }

  private mutating func store(_ byte: UInt8, at address: Address) {
    _ = withUnsafeBytes(of: byte) { pool.write(address, $0) }
  }

  /// What every rule says of the machine as it is: nothing, for nobody has harmed it.
  public mutating func violations() -> [Violation] {
    audit?.full(view, live) ?? []
  }
}
