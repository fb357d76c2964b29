import KernelPool
import PoolOracles
import PropertyTesting

extension PoolOperation {
  /// One allocation instead of two: as large as both blocks together on a machine, or as the larger
  /// request alone.
  static func merging(
    _ kept: PoolOperation, _ dropped: PoolOperation, _ setup: PoolSetup
  ) -> [PoolOperation] {
    guard case .alloc(let name, let type, let bytes, let tag) = kept.operation,
      case .alloc(_, let otherType, let more, _) = dropped.operation, type == otherType
    else { return [] }
    guard bytes < 1 << 40, more < 1 << 40 else { return [] }
    let profile = setup.configuration.pool.profile
    let facts = [bytes, more].map { RequestFacts(type, bytes: $0, profile) }
    let taken = facts.map {
      $0.isLarge ? $0.pages * profile.pageBytes : $0.units * profile.unitBytes
    }
    let header = facts.contains { $0.isLarge } ? 0 : UInt64(profile.header.bytes)
    let both = taken[0] + taken[1] - header
    return (more > bytes ? [both, more] : [both]).map { size in
      PoolOperation(normal: .alloc(name, type, bytes: size, tag: tag))
    }
  }
}
