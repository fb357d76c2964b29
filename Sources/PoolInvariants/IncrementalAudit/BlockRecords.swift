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
  let mapWords: Int
  private let units: Int
  private var stride: Int { 1 + 4 * mapWords }

  init(pages: Int, unitsPerPage: UInt64) {
    numbers = FlatArray(repeating: -1, count: pages)
    units = Int(unitsPerPage)
    mapWords = (units + 63) / 64
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

  @inline(__always) private func map(_ number: Int, _ map: Map) -> UnsafeMutablePointer<UInt64> {
    words.base + (number &* stride &+ 1 &+ map.rawValue &* mapWords)
  }

  /// One bit of a map.
  @inline(__always) func bit(_ number: Int, _ kind: Map, _ unit: Int) -> Bool {
    map(number, kind)[unit &>> 6] &>> UInt64(unit & 63) & 1 != 0
  }

  @inline(__always) func set(_ number: Int, _ kind: Map, _ unit: Int) {
    map(number, kind)[unit &>> 6] |= 1 &<< UInt64(unit & 63)
  }

  /// Clears the bits of a unit in every map.
  @inline(__always) func clear(_ number: Int, _ unit: Int) {
    let mask = ~(UInt64(1) &<< UInt64(unit & 63))
    let first = map(number, .starts) + (unit &>> 6)
    for index in 0..<4 { first[index &* mapWords] &= mask }
  }

  /// The last block's start at or before a unit, or nil.
  @inline(__always) func start(_ number: Int, atOrBefore unit: Int) -> Int? {
    let starts = map(number, .starts)
    var word = unit &>> 6
    var bits = starts[word] & (UInt64.max &>> UInt64(63 &- (unit & 63)))
    while bits == 0 {
      guard word > 0 else { return nil }
      word &-= 1
      bits = starts[word]
    }
    return word &<< 6 &+ 63 &- bits.leadingZeroBitCount
  }

  /// The next block's start behind a unit, or the page's end.
  @inline(__always) func start(_ number: Int, after unit: Int) -> Int {
    let from = unit &+ 1
    guard from < units else { return units }
    let starts = map(number, .starts)
    var word = from &>> 6
    var bits = starts[word] & (UInt64.max &<< UInt64(from & 63))
    while bits == 0 {
      word &+= 1
      guard word < mapWords else { return units }
      bits = starts[word]
    }
    return word &<< 6 &+ bits.trailingZeroBitCount
  }

  /// True where a block in use starts at a unit from `first` on.
  @inline(__always) func hasInUse(_ number: Int) -> Bool {
    let inUse = map(number, .inUse)
    var any: UInt64 = 0
    for word in 0..<mapWords { any |= inUse[word] }
    return any != 0
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
