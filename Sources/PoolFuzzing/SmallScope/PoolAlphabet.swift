import KernelPool
import PoolTrace
import PropertyTesting

/// The operations that an enumeration of small pool traces chooses from.
///
/// One size of each kind that a machine treats in its own way stands for all others: a request that
/// a lookaside list serves, the smallest that none does, a half of a page, the largest that leaves
/// a remainder, one and two pages.
public struct PoolAlphabet: Sendable, Equatable {
  /// The operations, each on slot 0: allocations of each type and size, then a free.
  public private(set) var operations: [PoolOperation]

  /// Allocations of those types and sizes, and frees.
  public init(types: [PoolType], sizes: [UInt64]) {
    let tag = PoolOperation.plainTag
    operations = types.flatMap { type in
      sizes.map { .alloc(Slot(0), type, bytes: $0, tag: tag) }
    }
    operations.append(.free(Slot(0)))
  }

  /// The sizes that a machine treats each in its own way, by ascending size.
  public static func sizes(of setup: PoolSetup) -> [UInt64] {
    let profile = setup.configuration.pool.profile
    let header = UInt64(profile.header.bytes)
    let lookaside = profile.lookasideClasses * profile.unitBytes
    let half = profile.pageBytes / 2 - header + 1
    let sizes = [
      0, lookaside > header ? lookaside - header + 1 : 1, half, profile.largestSmallRequest,
      profile.largestSmallRequest + 1, profile.pageBytes + 1,
    ]
    return Set(sizes).sorted()
  }

  /// Adds what a trace does and the alphabet has not, on slot 0.
  public mutating func add(_ trace: PoolFuzzTrace) {
    for operation in trace.operations {
      let letter = operation.renamingSlots { _ in Slot(0) }
      if !operations.contains(letter) { operations.append(letter) }
    }
  }

  /// All traces of this alphabet up to a length on a machine.
  public func scope(
    _ setup: PoolSetup, operationLimit: Int, executionLimit: Int = .max
  ) -> SmallScope<PoolSetup, PoolOperation> {
    SmallScope(
      configuration: setup, templates: operations, operationLimit: operationLimit,
      executionLimit: executionLimit)
  }
}
