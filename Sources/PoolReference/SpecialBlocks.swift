import typealias KernelPool.Address
import struct KernelPool.BugCheck
import struct KernelPool.PoolConfiguration
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

/// Special pool by its published rules: who holds which page, and what was stored beside the blocks.
struct SpecialBlocks: Sendable {
  /// A block that a caller holds.
  private struct Block: Sendable {
    let address: Address
    let bytes: UInt64
    let isPaged: Bool
    let tag: PoolTag
    /// Bytes beside it that were stored to, by their offset in the page.
    var stored: [UInt64: UInt8] = [:]
  }

  private let base: Address
  private let pageBytes: UInt64
  private let alignment: UInt64
  private let isAtEnd: Bool
  private let count: UInt64
  /// By the number of the page, guard pages not counted.
  private var held: [UInt64: Block] = [:]
  /// Pages that were ever handed out.
  private var used: Set<UInt64> = []
  /// The page that is looked at first.
  private var turn: UInt64 = 0

  init?(_ configuration: PoolConfiguration) {
    guard configuration.specialPool != .none else { return nil }
    base = configuration.specialPoolBase
    pageBytes = configuration.profile.pageBytes
    alignment = 2 * configuration.profile.wordBytes
    isAtEnd = configuration.specialPoolEdge == .tail
    count = configuration.specialPoolPages
  }

  /// Whether an address is one of its pages or guard pages.
  func contains(_ address: Address) -> Bool {
    address >= base && address - base < 2 * count * pageBytes
  }

  /// The page of an address, and whether it is the guard page behind that.
  private func page(of address: Address) -> (number: UInt64, isGuard: Bool) {
    let number = (address - base) / pageBytes
    return (number / 2, number % 2 == 1)
  }

  private func start(_ page: UInt64) -> Address { base + 2 * page * pageBytes }

  private func place(_ bytes: UInt64) -> UInt64 {
    isAtEnd ? pageBytes - (bytes + alignment - 1) / alignment * alignment : 0
  }

  /// The address of a block, or nil where all pages are taken.
  mutating func allocate(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> Address? {
    guard held.count < Int(count) else { return nil }
    while held[turn] != nil { turn = (turn + 1) % count }
    let address = start(turn) + place(bytes)
    held[turn] = Block(address: address, bytes: bytes, isPaged: type.isPaged, tag: tag)
    used.insert(turn)
    turn = (turn + 1) % count
    return address
  }

  /// Frees a block, or says how the kernel stops instead.
  mutating func free(_ address: Address, level: UInt32) throws(Outcome) {
    let (number, isGuard) = page(of: address)
    guard !isGuard, let block = held[number] else { throw stop(address, 0, 0, 0x20) }
    let size = record(block, 0) & 0x7FFF_FFFF
    let isPaged = record(block, 0) >> 31 == 1
    if level > (isPaged ? 1 : 2) {
      throw stop(UInt64(level), isPaged ? 1 : 0, address, 0x31)
    }
    let isSize = size > 0 && size <= pageBytes - 8
    guard isSize, start(number) + place(size) == address else {
      throw stop(address, size, start(number) + pageBytes - address, 0x21)
    }
    let own = address - start(number)
    let damaged = block.stored.keys.sorted().first { offset in
      !isRecord(offset) && (offset < own || offset >= own + size)
        && block.stored[offset] != PoolConfiguration.specialPoolPattern
    }
    // A size that was made smaller uncovers bytes of the block, which hold whatever they do.
    if size < block.bytes { throw .open(.damaged) }
    if let damaged, let byte = block.stored[damaged] {
      let isOneBit = (byte ^ PoolConfiguration.specialPoolPattern).nonzeroBitCount == 1
      let type: UInt64 = isOneBit ? 0x32 : damaged < own ? 0x23 : 0x24
      throw stop(address, start(number) + damaged, 0, type)
    }
    held[number] = nil
  }

  private func stop(
    _ first: UInt64, _ second: UInt64, _ third: UInt64, _ type: UInt64
  ) -> Outcome {
    .bugCheck(BugCheck.specialPoolCorruption, first, second, third, type)
  }

  // MARK: What stands beside the blocks

  private func isRecord(_ offset: UInt64) -> Bool {
    let first = isAtEnd ? 0 : pageBytes - 8
    return offset >= first && offset < first + 8
  }

  /// A word of a block's record of size and tag, as stores have left it.
  private func record(_ block: Block, _ word: UInt64) -> UInt64 {
    let first = (isAtEnd ? 0 : pageBytes - 8) + 4 * word
    let written =
      word == 0 ? block.bytes | (block.isPaged ? 1 << 31 : 0) : UInt64(block.tag.word)
    return (0..<4 as Range<UInt64>).reduce(UInt64(0)) { value, index in
      let byte = block.stored[first + index].map(UInt64.init) ?? (written >> (8 * index) & 0xFF)
      return value | byte << (8 * index)
    }
  }

  /// Takes note of a store that begins in special pool; how the kernel stops, or nil where it does not.
  mutating func store(_ bytes: [UInt8], at address: Address) -> Outcome? {
    for (index, byte) in bytes.enumerated() {
      let place = address &+ UInt64(index)
      guard contains(place) else { return .open(.damaged) }
      let (number, isGuard) = page(of: place)
      guard !isGuard, var block = held[number] else {
        return fault(place, page: number, isGuard: isGuard)
      }
      if place >= block.address, place - block.address < block.bytes { continue }
      block.stored[place - start(number)] = byte
      held[number] = block
    }
    return nil
  }

  /// A driver's access to memory that is not there: beyond a block that is held, or to what was freed.
  private func fault(_ address: Address, page: UInt64, isGuard: Bool) -> Outcome {
    if isGuard, held[page] != nil {
      return .bugCheck(BugCheck.faultBeyondAllocation, address, 1)
    }
    return used.contains(page)
      ? .bugCheck(BugCheck.faultInFreedSpecialPool, address, 1) : .stopped(.fault(address))
  }
}

extension ReferencePool {
  /// What special pool makes of a request; nil where the ordinary pool serves it.
  mutating func specialAllocation(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Outcome) -> Address? {
    guard special != nil, silence == nil, configuration.specialPool.contains(tag),
      !type.contains(.mustSucceed)
    else { return nil }
    // A charged request has room for its process where the version keeps it in the block.
    let isLonger =
      type.contains(.quota) && bytes <= sizes.page - sizes.unit - sizes.word
      && (profile.quotaPointer.isInBlock || profile.header.processBilledOffset == nil)
    let request = max(bytes, 1) + (isLonger ? sizes.word : 0)
    guard request <= sizes.largestSmall else { return nil }
    if level > (type.isPaged ? 1 : 2) {
      throw .bugCheck(
        BugCheck.specialPoolCorruption, UInt64(level), UInt64(type.rawValue), bytes, 0x30)
    }
    return special?.allocate(type, bytes: request, tag: tag)
  }

  /// Frees what lies in special pool; false where the address is none of it.
  mutating func specialFree(_ address: Address) throws(Outcome) -> Bool {
    guard special?.contains(address) == true else { return false }
    try special?.free(address, level: level)
    return true
  }

  /// Whether an address lies in special pool or its guard pages.
  public func isInSpecialPool(_ address: Address) -> Bool { special?.contains(address) == true }

  /// What a store that begins in special pool comes to; nil where it begins elsewhere or does nothing
  /// but what a store does.
  public mutating func storeInSpecialPool(_ bytes: [UInt8], at address: Address) -> Prediction? {
    guard special?.contains(address) == true, silence == nil else { return nil }
    return special?.store(bytes, at: address).map { settle($0) }
  }
}
