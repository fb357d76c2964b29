import KernelPool
import PoolOracles
import PropertyTesting

/// Letters of tiny traces that show most of what a pool can do: plain allocations just past the
/// lookaside classes and just past half a page, of which two never share a page, and, for each, one
/// of exactly what it leaves of a fresh page.
enum TinyAlphabets {
  typealias Alphabet = TryTinyTraces<PoolSetup, PoolOperation>.Alphabet

  /// The alphabets for a trace, the smaller one first.
  static func all(of trace: PoolFuzzTrace) -> [Alphabet] {
    let profile = trace.configuration.configuration.pool.profile
    let header = UInt64(profile.header.bytes)
    /// The least request that comes to so many units.
    func bytes(_ units: UInt64) -> UInt64 {
      let most = units &* profile.unitBytes
      return most >= header &+ profile.unitBytes ? most &- header &- profile.unitBytes &+ 1 : 0
    }
    let halves = [profile.lookasideClasses + 1, profile.unitsPerPage / 2 + 1]
    let complements = halves.map { profile.unitsPerPage - $0 }
    var others: [PoolOperation] = [.free(slot)]
    if let last = trace.operations.last, last.operationKind != .alloc,
      last.operationKind != .free
    {
      others.append(last.renamingSlots { _ in slot })
    }
    let few = halves.map { allocation(bytes($0)) } + others
    let more = (halves + complements).map { allocation(bytes($0)) } + others
    return [Alphabet(few, executionLimit: 32), Alphabet(more, executionLimit: 16), pages(trace)]
      .compactMap { $0 }
  }

  /// Traces of more operations are stuck: no small step makes them shorter.
  private static let stuckTrace = 12

  /// For a stuck trace that pages decide, as nothing of a few blocks does: more than a page of the
  /// pool that its last allocation was from.
  private static func pages(_ trace: PoolFuzzTrace) -> Alphabet? {
    guard trace.operations.count > stuckTrace else { return nil }
    let types = trace.operations.compactMap { operation -> PoolType? in
      guard case .alloc(_, let type, _, _) = operation.operation else { return nil }
      return type.subtracting([.quota, .cacheAligned])
    }
    guard let type = types.last else { return nil }
    let bytes = trace.configuration.configuration.pool.profile.pageBytes + 1
    return Alphabet(
      [.alloc(slot, type, bytes: bytes, tag: PoolOperation.plainTag), .free(slot)],
      executionLimit: 12)
  }

  private static let slot = PropertyTesting.Slot(0)

  private static func allocation(_ bytes: UInt64) -> PoolOperation {
    .alloc(slot, .nonPaged, bytes: bytes, tag: PoolOperation.plainTag)
  }
}
