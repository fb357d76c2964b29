import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolType
import struct KernelPool.PoolView

/// Where the blocks of each page of small blocks start, and what they are: four bits for each unit.
///
/// A record is what the last look at a page found. It is enough to take a page's old share out of
/// the cache, and to find the block that a changed line belongs to without walking the page.
struct PageRecords: ~Copyable {
  /// The maps of a record, one bit for each unit.
  enum Map: Int {
    /// A block starts here.
    case starts = 0
    /// The block that starts here is in use.
    case inUse = 1
    /// A caller holds it.
    case live = 2
    /// It is charged to the process.
    case charged = 3
  }

  /// The number of each page's record, or -1.
  private var numbers: FlatArray<Int32>
  private var words = FlatArray<UInt64>()
  private var unused = FlatArray<Int32>()
  private let units: Int
  private let stride: Int

  init(pages: Int, unitsPerPage: UInt64) {
    numbers = FlatArray(repeating: -1, count: pages)
    units = Int(unitsPerPage)
    stride = 1 + 4 * ((units + 63) / 64)
  }

  /// The record of a page, or nil.
  @inline(__always) func number(of page: Int) -> Int? {
    let number = Int(numbers[page])
    return number < 0 ? nil : number
  }

  /// Makes an empty record of a page that has none.
  mutating func make(_ page: Int, descriptor: Int, firstUnit: Int) -> Int {
    let number: Int
    if unused.count > 0 {
      number = Int(unused.removeLast())
    } else {
      number = words.count / stride
      for _ in 0..<stride { words.append(0) }
    }
    let place = words.base + number * stride
    for word in 0..<stride { place[word] = 0 }
    place[0] = UInt64(descriptor) | UInt64(firstUnit) << 16
    numbers[page] = Int32(number)
    return number
  }

  /// Forgets a page.
  mutating func drop(_ page: Int) {
    guard let number = number(of: page) else { return }
    numbers[page] = -1
    unused.append(Int32(number))
  }

  /// Position of the page's descriptor.
  @inline(__always) func descriptor(_ number: Int) -> Int {
    Int(words[number &* stride] & 0xFFFF)
  }

  /// Units before the first block: 0, or where the `Frag` header behind a large allocation lies.
  @inline(__always) func firstUnit(_ number: Int) -> Int {
    Int(words[number &* stride] &>> 16)
  }

  /// The bits of a record; valid until another is made.
  @inline(__always) func bits(_ number: Int) -> Bits {
    Bits(words: words.base + (number &* stride &+ 1), units: units)
  }

  /// The bits of a page's blocks where they lie, the four words of 64 units beside each other: a walk
  /// asks for several of a unit, and finding the record for each showed in its time.
  struct Bits {
    fileprivate let words: UnsafeMutablePointer<UInt64>
    fileprivate let units: Int

    @inline(__always)
    private func word(_ map: Map, _ unit: Int) -> UnsafeMutablePointer<UInt64> {
      words + ((unit &>> 6) &<< 2 | map.rawValue)
    }

    /// One bit of a map.
    @inline(__always) func bit(_ map: Map, _ unit: Int) -> Bool {
      word(map, unit).pointee &>> UInt64(unit & 63) & 1 != 0
    }

    @inline(__always) func set(_ map: Map, _ unit: Int) {
      word(map, unit).pointee |= 1 &<< UInt64(unit & 63)
    }

    /// Clears the bits of a unit in every map.
    @inline(__always) func clear(_ unit: Int) {
      let mask = ~(UInt64(1) &<< UInt64(unit & 63))
      let first = word(.starts, unit)
      for map in 0..<4 { first[map] &= mask }
    }

    /// The last block's start at or before a unit, or nil.
    @inline(__always) func start(atOrBefore unit: Int) -> Int? {
      var place = word(.starts, unit)
      var first = unit & ~63
      var bits = place.pointee & (UInt64.max &>> UInt64(63 &- (unit & 63)))
      while bits == 0 {
        guard first > 0 else { return nil }
        first &-= 64
        place -= 4
        bits = place.pointee
      }
      return first &+ 63 &- bits.leadingZeroBitCount
    }

    /// The next block's start behind a unit, or the page's end.
    @inline(__always) func start(after unit: Int) -> Int {
      let from = unit &+ 1
      guard from < units else { return units }
      var place = word(.starts, from)
      var first = from & ~63
      var bits = place.pointee & (UInt64.max &<< UInt64(from & 63))
      while bits == 0 {
        first &+= 64
        guard first < units else { return units }
        place += 4
        bits = place.pointee
      }
      return first &+ bits.trailingZeroBitCount
    }

    /// True where a block in use starts anywhere.
    @inline(__always) func hasInUse() -> Bool {
      var any: UInt64 = 0
      var first = 0
      while first < units {
        any |= word(.inUse, first).pointee
        first &+= 64
      }
      return any != 0
    }
  }
}

// Blocks in use: each is a caller's, with the size, type, tag and contents that go with it, or it
// waits.

extension IncrementalAudit {
  /// Checks a block that a caller holds.
  mutating func auditHeld(
    _ view: PoolView, _ live: LiveAllocations, _ position: Int, _ page: ExaminedPage,
    _ block: FoundBlock, _ address: Address, _ changed: ChangedBytes
  ) {
    let allocation = live.allocation(at: position)
    let offset = UInt64(UInt32(bitPattern: block.unit)) &<< facts.unitShift
    if facts.isPlain(allocation) {
      auditPlain(allocation, page, block, offset)
    } else {
      // Rare types have rules of their own, which the complete audit knows.
      let header = page.base &+ offset
      guard let fields = facts.fields(view, at: header) else { return fallBack() }
      complete.findings = Findings()
      complete.auditLiveBlock(
        view, allocation,
        HeldBlock(header: header, fields: fields, address: address, descriptor: page.descriptor),
        .touched)
      if !complete.findings.violations.isEmpty { fallBack() }
    }
    guard fallback == nil, allocation.patternSeed != nil, !isRebuilding else { return }
    let inPage = address & facts.pageMask
    let from = max(changed.from, inPage) &- inPage
    let end = min(changed.to, inPage &+ allocation.requestedBytes)
    guard end > inPage &+ from else { return }
    let shows = allocation.showsPattern(
      page.host + Int(inPage), from: from, to: end &- inPage, filled: filled)
    if !shows { fallBack() }
  }

  @inline(__always)
  private mutating func auditPlain(
    _ allocation: LiveAllocation, _ page: ExaminedPage, _ block: FoundBlock, _ offset: UInt64
  ) {
    let word = page.host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    let tag = page.host.loadUnaligned(
      fromByteOffset: Int(offset &+ HeaderLayout.tagOffset), as: UInt32.self)
    let found = HeldHeader(
      units: UInt64(UInt32(bitPattern: block.units)), type: facts.header.poolType.get(word),
      tag: tag, pool: descriptors[page.descriptor].kind)
    if facts.header(of: allocation) != found { fallBack() }
  }

  /// True where a block in use that no caller holds waits, with the link, size and type that a
  /// waiting block has.
  @inline(__always)
  func isWaitingSound(_ page: ExaminedPage, _ unit: Int, _ units: Int, _ body: Address) -> Bool {
    guard let block = waiting[body] else { return false }
    let offset = UInt64(unit) &<< facts.unitShift
    let word = page.host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    let looksFree = facts.header.poolType.get(word) == 0
    guard facts.pointer(page.host, offset &+ facts.headerBytes) == block.next else {
      return false
    }
    return block.isDeferred
      ? looksFree == constants.deferredLooksFree
      : !looksFree && units == Int(block.units)
  }
}
