import KernelPool
import PoolInvariants

/// Ordinary traffic: requests of all kinds and sizes, and frees, in an order that a seed fixes.
struct RandomWorkload {
  private var random: SplitMix
  private let profile: Profile
  private let types: [PoolType]
  private let tags: [PoolTag] = [
    "Abcd", "Ef", "Irp", "MmCm", "Tst1", PoolTag(word: 0xF469_7244), "Pool",
  ]
  private var held: [Address] = []
  private let mostHeld: Int

  init(seed: UInt64, _ profile: Profile, mostHeld: Int = 60) {
    random = SplitMix(seed: seed)
    self.profile = profile
    self.mostHeld = mostHeld
    types = [
      .nonPaged, .paged, .cacheAligned, .quota, [.paged, .quota], [.paged, .cacheAligned],
      .session.union(.paged), .noExecute, [.noExecute, .quota],
    ]
  }

  private mutating func size() -> UInt64 {
    let limit = profile.largestSmallRequest
    switch Int.random(in: 0..<10, using: &random) {
    case 0...3: return UInt64.random(in: 0...min(limit, 200), using: &random)
    case 4...6: return UInt64.random(in: 0...limit, using: &random)
    case 7:
      return UInt64.random(in: (limit - 4)...(limit + profile.wordBytes * 4), using: &random)
    default: return UInt64.random(in: limit...(profile.pageBytes * 4 + 1), using: &random)
    }
  }

  /// Runs one operation.
  mutating func step(_ audited: inout AuditedPool) {
    if !held.isEmpty, held.count >= mostHeld || Int.random(in: 0..<100, using: &random) < 45 {
      let place = Int.random(in: 0..<held.count, using: &random)
      audited.free(held.remove(at: place))
      return
    }
    let bytes = size()
    let address: Address?
    if Int.random(in: 0..<20, using: &random) == 0 {
      let highest: UInt64 = Bool.random(using: &random) ? .max : 0x3FFF_FFFF
      address = audited.contiguous(bytes, highest: highest)
    } else {
      let type = types.randomElement(using: &random) ?? .nonPaged
      let tag = tags.randomElement(using: &random) ?? "Abcd"
      address = audited.allocate(type, bytes, tag)
    }
    if let address { held.append(address) }
  }

  /// Frees everything that is held.
  mutating func drain(_ audited: inout AuditedPool) {
    while let address = held.popLast() { audited.free(address) }
  }
}
