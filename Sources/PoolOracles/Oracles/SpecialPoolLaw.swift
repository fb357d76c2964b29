import KernelPool
import PoolTrace

/// What callers hold of special pool, and what an operation on it must come to (Microsoft, "Special
/// Pool" and bug checks 0xC1, 0xD5, 0xD6).
///
/// It claims what the published rules say in every case: which code stops the kernel, and its first
/// parameter. The reference allocator says the rest. Nothing of special pool is in the pool that the
/// other oracles look at.
struct SpecialPoolLaw {
  private let configuration: PoolConfiguration
  private let pages: Range<Address>
  private let pageBytes: UInt64
  /// The bytes that were asked for, by address.
  private(set) var held: [Address: UInt64] = [:]
  /// What the pool keeps of the page for a block, the process of a charged one included.
  private var reserved: [Address: UInt64] = [:]
  private var heldPages: Set<Address> = []
  private var usedPages: Set<Address> = []
  /// For a block the bytes beside it that hold another value than the pattern: its free must stop the
  /// kernel.
  private(set) var damage: [Address: Set<Address>] = [:]

  /// The law for a machine; nil where special pool is off.
  init?(_ configuration: PoolConfiguration) {
    guard configuration.specialPool != .none else { return nil }
    self.configuration = configuration
    pageBytes = configuration.profile.pageBytes
    pages = configuration.specialPoolBase..<configuration.profile.contiguousBase
  }

  /// Whether an address lies in special pool or its guard pages.
  func contains(_ address: Address) -> Bool { pages.contains(address) }

  /// Whether special pool serves a request, as far as its pages go.
  func serves(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> Bool {
    UInt64(held.count) < configuration.specialPoolPages
      && configuration.specialPoolBytes(type, bytes: bytes, tag: tag) != nil
  }

  /// What an operation must come to; nil where it is not about special pool.
  func verdict(
    on operation: PoolTrace.Operation, _ replayer: borrowing Replayer, level: UInt32
  ) -> Verdict? {
    switch operation {
    case .alloc(let name, let type, let bytes, let tag):
      guard replayer.slots[name]?.state != .holds,
        configuration.specialPoolBytes(type, bytes: bytes, tag: tag) != nil
      else { return nil }
      if level > (type.isPaged ? 1 : 2) { return corruption(UInt64(level)) }
      return serves(type, bytes: bytes, tag: tag) ? .harmless : nil
    case .free(let name, _):
      guard let slot = replayer.slots[name], slot.state == .holds, contains(slot.address)
      else { return nil }
      return free(slot.address, slot.type, level)
    case .freeAt(let expression, _):
      guard let address = replayer.resolve(expression), contains(address) else { return nil }
      return level > 1 ? .unspecified : free(address, .nonPaged, 0)
    case .fill(let name):
      guard let slot = replayer.slots[name], slot.state == .holds, contains(slot.address)
      else { return nil }
      return held[slot.address] == nil ? .unspecified : .harmless
    case .write(let name, let offset, let bytes):
      guard let slot = replayer.slots[name], slot.address != 0, slot.state != .null
      else { return nil }
      return store(slot.address &+ UInt64(bitPattern: offset), bytes.count)
    case .writeAt(let expression, let bytes):
      return replayer.resolve(expression).flatMap { store($0, bytes.count) }
    default: return nil
    }
  }

  private func corruption(_ first: UInt64) -> Verdict {
    .bugCheck(code: BugCheck.specialPoolCorruption, first: first)
  }

  private func free(_ address: Address, _ type: PoolType, _ level: UInt32) -> Verdict {
    guard held[address] != nil else { return corruption(address) }
    if level > (type.isPaged ? 1 : 2) { return corruption(UInt64(level)) }
    return damage[address] == nil ? .harmless : corruption(address)
  }

  private func page(of address: Address) -> Address { address & ~(pageBytes &- 1) }

  private func isGuard(_ page: Address) -> Bool {
    (page &- pages.lowerBound) / pageBytes % 2 == 1
  }

  /// The block of the page that holds all of a store, if the record of its size and tag is not touched:
  /// eight bytes at the end of the page that the block is not at.
  private func block(ofStoreTo address: Address, _ count: Int) -> Address? {
    let page = page(of: address)
    let end = address &+ UInt64(count)
    guard end <= page &+ pageBytes,
      configuration.specialPoolEdge == .tail
        ? address &- page >= 8 : end <= page &+ pageBytes &- 8
    else { return nil }
    return held.keys.first { self.page(of: $0) == page }
  }

  /// Takes note of a store; what stands beside a block then is looked at when it is freed.
  mutating func stored(_ bytes: [UInt8], at address: Address) {
    guard contains(address), let start = block(ofStoreTo: address, bytes.count),
      let own = reserved[start]
    else { return }
    for (place, byte) in zip(address..., bytes) where place < start || place &- start >= own {
      if byte == PoolConfiguration.specialPoolPattern {
        damage[start]?.remove(place)
      } else {
        damage[start, default: []].insert(place)
      }
    }
    if damage[start]?.isEmpty == true { damage[start] = nil }
  }

  /// A store to a page that a caller holds goes on, wherever in the page it is: what lies beside the
  /// block shows at the free. One to its record comes to whatever it does; any other stops the kernel.
  private func store(_ address: Address, _ count: Int) -> Verdict? {
    guard contains(address), count > 0 else { return nil }
    if block(ofStoreTo: address, count) != nil { return .harmless }
    var place = address
    let end = address &+ UInt64(count)
    while place < end {
      let page = page(of: place)
      guard contains(place) else { return .unspecified }
      if isGuard(page), heldPages.contains(page &- pageBytes) {
        return .bugCheck(code: BugCheck.faultBeyondAllocation, first: place)
      }
      if !heldPages.contains(page) {
        let own = isGuard(page) ? page &- pageBytes : page
        return usedPages.contains(own)
          ? .bugCheck(code: BugCheck.faultInFreedSpecialPool, first: place) : .fault
      }
      place = page &+ pageBytes
    }
    return .unspecified
  }

  /// Takes note of an allocation; what is wrong with its place.
  mutating func allocated(
    _ address: Address, _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> PoolFailure? {
    let start = page(of: address)
    held[address] = max(bytes, 1)
    reserved[address] = configuration.specialPoolBytes(type, bytes: bytes, tag: tag)
    heldPages.insert(start)
    usedPages.insert(start)
    let end = address &+ max(bytes, 1)
    // A charged request keeps its process behind the caller's bytes.
    let most = 4 &* configuration.profile.wordBytes
    let isAtEdge =
      configuration.specialPoolEdge == .head
      ? address == start : end <= start &+ pageBytes && start &+ pageBytes &- end < most
    return isAtEdge && !isGuard(start)
      ? nil : .oracle(.region, "\(bytes) bytes of special pool do not lie at the edge of a page")
  }

  /// Takes note of a free.
  mutating func freed(_ address: Address) {
    guard held.removeValue(forKey: address) != nil else { return }
    damage[address] = nil
    reserved[address] = nil
    heldPages.remove(page(of: address))
  }
}
