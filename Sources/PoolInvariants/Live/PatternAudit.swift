import typealias KernelPool.Address
import struct KernelPool.PoolView

// The contents of live memory: whatever its owner did not write over still shows the pattern that
// the replay filled it with.

extension PoolAudit {
  /// Bytes that a cheap audit reads at each end of a live block: what links and headers would hit.
  static let edgeBytes: UInt64 = 16

  /// Compares the bytes of an allocation with its pattern; reports the first that differs.
  mutating func auditPattern(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation, _ depth: PageWalk.Depth
  ) {
    guard let seed = allocation.patternSeed else { return }
    let pattern = FillPattern(seed: seed)
    let bytes = allocation.requestedBytes
    guard depth == .cheap, bytes > Self.edgeBytes &* 2 else {
      _ = comparePattern(view, address, pattern, allocation, from: 0, to: bytes)
      return
    }
    if comparePattern(view, address, pattern, allocation, from: 0, to: Self.edgeBytes) {
      let last = (bytes &- Self.edgeBytes) & ~7
      _ = comparePattern(view, address, pattern, allocation, from: last, to: bytes)
    }
  }

  /// Compares a range, less what the owner has written; false where a byte differs.
  private mutating func comparePattern(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ allocation: LiveAllocation,
    from: UInt64, to: UInt64
  ) -> Bool {
    let before = min(to, allocation.writtenFrom)
    let after = max(from, allocation.writtenTo)
    if allocation.writtenTo == 0 { return compare(view, address, pattern, from, to) }
    return (from >= before || compare(view, address, pattern, from, before))
      && (after >= to || compare(view, address, pattern, after, to))
  }

  private mutating func compare(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ from: UInt64, _ to: UInt64
  ) -> Bool {
    var position = from
    while position < to {
      if position & 7 == 0, to &- position >= 8 {
        guard let word = view.word64(address &+ position) else {
          return reportPattern(view, address &+ position, pattern, position)
        }
        if word == pattern.word(at: position &>> 3) {
          position &+= 8
          continue
        }
      }
      guard view.byte(address &+ position) == pattern.byte(at: position) else {
        return reportPattern(view, address &+ position, pattern, position)
      }
      position &+= 1
    }
    return true
  }

  private mutating func reportPattern(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ position: UInt64
  ) -> Bool {
    findings.report(
      .livePattern, at: address, expected: UInt64(pattern.byte(at: position)),
      found: view.byte(address).map(UInt64.init) ?? .max,
      "byte \(position) of a live allocation")
    return false
  }
}
