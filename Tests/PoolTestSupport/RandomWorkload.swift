import KernelPool
import PoolInvariants
import PropertyTesting

/// Ordinary traffic: requests of all kinds and sizes, and frees, in an order that a seed fixes.
package struct RandomWorkload {
  /// Which sizes are asked for.
  package enum Style: CaseIterable {
    /// Small and large ones.
    case mixed
    /// Mostly whole pages, enough of them to fill and resize the big-page table.
    case large
    /// Few different small ones, so that lists, lookasides and exact fits are busy.
    case small
  }

  private var random: SplitMix64
  private let profile: Profile
  private let types: [PoolType]
  private let tags: [PoolTag] = [
    "Abcd", "Ef", "Irp", "MmCm", "Tst1", PoolTag(word: 0xF469_7244), "Pool", "BIG",
    PoolTag(word: 0), PoolTag(word: 0x8000_0000), "Ovfl",
  ]
  private var held: [Address] = []
  private let style: Style
  private var mostHeld: Int { style == .mixed ? 60 : 150 }

  package init(seed: UInt64, _ profile: Profile, _ style: Style = .mixed) {
    random = SplitMix64(seed: seed)
    self.style = style
    self.profile = profile
    types = [
      .nonPaged, .paged, .cacheAligned, .quota, [.paged, .quota], [.paged, .cacheAligned],
      .session.union(.paged), .noExecute, [.noExecute, .quota],
    ]
  }

  private mutating func size() -> UInt64 {
    let limit = profile.largestSmallRequest
    let choices: Range<Int>
    switch style {
    case .mixed: choices = 0..<10
    case .large: choices = 6..<12
    case .small: return min(limit, [16, 24, 100, 300][Int.random(in: 0..<4, using: &random)])
    }
    switch Int.random(in: choices, using: &random) {
    case 0...3: return UInt64.random(in: 0...min(limit, 200), using: &random)
    case 4...6: return UInt64.random(in: 0...limit, using: &random)
    case 7:
      return UInt64.random(in: (limit - 4)...(limit + profile.wordBytes * 4), using: &random)
    default: return UInt64.random(in: limit...(profile.pageBytes * 4 + 1), using: &random)
    }
  }

  /// Runs one operation.
  package mutating func step(_ audited: inout AuditedPool) {
    let processors = audited.pool.configuration.processors
    if processors > 1 {
      audited.pool.run(onProcessor: Int.random(in: 0..<processors, using: &random))
    }
    if Int.random(in: 0..<64, using: &random) == 0 { audited.pool.tick(seconds: 1) }
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
  package mutating func drain(_ audited: inout AuditedPool) {
    while let address = held.popLast() { audited.free(address) }
  }
}
