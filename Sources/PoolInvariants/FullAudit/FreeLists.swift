import typealias KernelPool.Address
import struct KernelPool.DescriptorRoot
import struct KernelPool.PoolView
import struct PoolWalk.RingWalk

/// The free blocks with room for links that the page walks found.
struct FreeBlocks {
  /// What a walk says of one.
  struct Block {
    var units: UInt64
    var descriptor: Int
    var isListed: Bool
  }

  private var index = AddressIndex()
  /// Blocks that were found on a list.
  private(set) var listedCount = 0
  private static let listedBit: UInt32 = 1 << 31

  /// How many there are.
  var count: Int { index.count }

  /// Adds a block by its header. Units have 16 bits at most, descriptors are fewer than 256.
  @inline(__always) mutating func insert(_ header: Address, units: UInt64, descriptor: Int) {
    index.set(
      header,
      UInt32(truncatingIfNeeded: units & 0xFFFF) | UInt32(truncatingIfNeeded: descriptor & 0xFF)
        &<< 16)
  }

  /// The block with its header at an address, or nil.
  @inline(__always) subscript(header: Address) -> Block? {
    index[header].map { Self.block($0) }
  }

  private static func block(_ value: UInt32) -> Block {
    Block(
      units: UInt64(value & 0xFFFF), descriptor: Int((value &>> 16) & 0xFF),
      isListed: value & listedBit != 0)
  }

  /// Notes that a block is on a list.
  mutating func list(_ header: Address) {
    guard let value = index[header], value & Self.listedBit == 0 else { return }
    listedCount += 1
    index.set(header, value | Self.listedBit)
  }

  /// Calls `report` for every block that is on no list.
  func forEachUnlisted(_ report: (Address, Block) -> Void) {
    index.forEach { header, value in
      if value & Self.listedBit == 0 { report(header, Self.block(value)) }
    }
  }

  /// Takes everything out.
  mutating func removeAll() {
    index.removeAll()
    listedCount = 0
  }
}

// The lists of free blocks: a ring for each size in units, through the blocks' first two pointers
// and the head in the descriptor (ReactOS ExpCheckPoolLinks; Mandt 2011).

extension PoolAudit {
  /// Walks every list; afterwards no free block may be left over.
  mutating func auditLists(_ view: PoolView) {
    descriptorsWithLists = 0
    for (number, descriptor) in view.descriptors.enumerated() {
      // Nearly all lists are empty: a profile of small pools showed two thirds of an audit's time
      // in loading their heads word by word.
      let bytes = facts.unitsPerPage &* facts.wordBytes &* 2
      let heads = view.bytes(at: descriptor.listHeads, count: bytes)
      var units: UInt64 = 1
      while units <= facts.unitsPerPage {
        if let heads {
          units = firstUsed(heads, descriptor.listHeads, from: units)
          if units > facts.unitsPerPage { break }
        }
        descriptorsWithLists |= 1 &<< UInt64(number)
        auditList(view, descriptor, number, units: units)
        units += 1
      }
    }
    guard free.listedCount != free.count else { return }
    var unlisted: [(header: Address, block: FreeBlocks.Block)] = []
    free.forEachUnlisted { unlisted.append(($0, $1)) }
    for (header, block) in unlisted.sorted(by: { $0.header < $1.header }) {
      findings.report(
        .listMembership, at: header, expected: 1, found: 0,
        "lists that hold a free block of \(block.units) units")
    }
  }

  /// The first list, from one of so many units on, of which not both links of the head say that it is
  /// empty, in the version's encoding; one more than there are where all are.
  private func firstUsed(
    _ heads: UnsafeRawPointer, _ address: Address, from units: UInt64
  ) -> UInt64 {
    let count = Int(facts.unitsPerPage)
    let first = Int(units) &- 1
    let link = address | facts.linkBit
    let found =
      facts.wordBytes == 8
      ? Self.firstUsed(isWide: true, heads, link, first, count)
      : Self.firstUsed(isWide: false, heads, link, first, count)
    return UInt64(found) &+ 1
  }

  /// Not generic over the width: a debug build would ask the word's type for every step.
  @inline(__always)
  private static func firstUsed(
    isWide: Bool, _ heads: UnsafeRawPointer, _ link: Address, _ first: Int, _ count: Int
  ) -> Int {
    let stride = isWide ? 16 : 8
    /// The links of an empty head: one of 64 bits, which both are, or both of 32 bits.
    @inline(__always) func empty(_ index: Int) -> UInt64 {
      let own = link &+ UInt64(truncatingIfNeeded: index &* stride)
      return isWide ? own : own &<< 32 | own & 0xFFFF_FFFF
    }
    // 64 bytes at a time, 16 side by side: only where one of their heads is used is it asked which.
    let headsPerStep = 64 / stride
    let step = SIMD2<UInt64>(repeating: isWide ? 16 : 16 &<< 32 | 16)
    var index = first
    var own = SIMD2<UInt64>(empty(index), empty(isWide ? index : index &+ 1))
    var place = heads + index &* stride
    while index &+ headsPerStep <= count {
      var difference = SIMD2<UInt64>()
      for _ in 0..<4 {
        difference |= place.loadUnaligned(as: SIMD2<UInt64>.self) ^ own
        own &+= step
        place += 16
      }
      if difference[0] | difference[1] != 0 { break }
      index &+= headsPerStep
    }
    while index < count {
      let head = heads + index &* stride
      var difference = head.loadUnaligned(as: UInt64.self) ^ empty(index)
      if isWide { difference |= (head + 8).loadUnaligned(as: UInt64.self) ^ empty(index) }
      if difference != 0 { break }
      index &+= 1
    }
    return index
  }

  private mutating func auditList(
    _ view: PoolView, _ descriptor: DescriptorRoot, _ number: Int, units: UInt64
  ) {
    let head = descriptor.listHeads &+ (units &- 1) &* (facts.wordBytes &* 2)
    guard var ring = RingWalk(view, head: head, linkBit: facts.linkBit) else {
      findings.report(.listLinks, at: head, expected: head, found: 0, "a head that is not mapped")
      return
    }
    auditEncoding(head, ring.links)
    if ring.isClosed, ring.lastOfHead == head { return }
    while let entry = ring.next() {
      // One more than there are free blocks proves a loop past the head.
      guard ring.count <= free.count + 1 else {
        findings.report(
          .listLinks, at: head, expected: head, found: entry.address, "a list without an end")
        return
      }
      guard auditEntry(view, entry, number, units: units) else { return }
    }
    findings.require(
      .listLinks, at: head, expected: ring.last, found: ring.lastOfHead,
      "the last entry of a list head")
  }

  /// Checks an entry of a list; false where the walk cannot go on.
  private mutating func auditEntry(
    _ view: PoolView, _ entry: RingWalk.Entry, _ descriptor: Int, units: UInt64
  ) -> Bool {
    let header = entry.address &- facts.headerBytes
    guard let links = entry.links else {
      findings.report(
        .listLinks, at: entry.previous, expected: 0, found: entry.address,
        "a link to memory that is not there")
      return false
    }
    guard let block = free[header] else {
      reportNoFreeBlock(view, header, entry)
      return false
    }
    if block.isListed {
      findings.report(
        .listMembership, at: header, expected: 1, found: 2, "lists or places that hold a free block"
      )
      return false
    }
    free.list(header)
    auditEncoding(entry.address, links)
    findings.require(
      .listLinks, at: entry.address, expected: entry.previous,
      found: links.storedBack & ~facts.linkBit, "the link back from a list's entry")
    findings.require(
      .listSize, at: header, expected: units, found: block.units,
      "units of a free block on the list")
    findings.require(
      .listPool, at: header, expected: UInt64(block.descriptor), found: UInt64(descriptor),
      "place of the descriptor that lists a free block")
    return true
  }

  private mutating func reportNoFreeBlock(
    _ view: PoolView, _ header: Address, _ entry: RingWalk.Entry
  ) {
    let fields = facts.fields(view, at: header)
    let isOrphan =
      fields.map { $0.type == 0 && $0.units != 0 && $0.units < facts.profile.smallestListedUnits }
      ?? false
    if isOrphan, spaces.page(of: header) != nil {
      findings.report(
        .orphanUnlisted, at: header, expected: 0, found: 1,
        "lists that hold a block without room for links")
    } else {
      findings.report(
        .listMembership, at: entry.previous, expected: 0, found: entry.address,
        "a link to something that is no free block")
    }
  }

  /// Links must have, or not have, bit 0 as the version writes it.
  private mutating func auditEncoding(_ at: Address, _ links: RingWalk.Links) {
    let isNextEncoded = facts.isEncoded(links.storedNext)
    guard isNextEncoded, facts.isEncoded(links.storedBack) else {
      let wrong = isNextEncoded ? links.storedBack : links.storedNext
      findings.report(
        .listLinks, at: at, expected: (wrong & ~1) | facts.linkBit, found: wrong,
        "a link in the version's encoding")
      return
    }
  }
}
