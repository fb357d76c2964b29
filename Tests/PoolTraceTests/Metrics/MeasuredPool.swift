import KernelPool
import PoolTestSupport
import PoolTrace
import Testing

/// A pool whose live usage is kept as a replayer keeps it.
struct MeasuredPool: ~Copyable {
  var pool: KernelPool
  private(set) var usage: LiveUsage
  private var blocks: [Address: LiveBlock] = [:]

  struct Failed: Error {}

  init(
    _ profile: Profile, initialisation: Initialisation = .none,
    _ change: (inout PoolConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = PoolConfiguration.small(profile, nonPagedPages: 256)
    configuration.lookasideDepth = 0
    configuration.initialisation = initialisation
    change(&configuration)
    pool = try KernelPool.boot(configuration)
    usage = LiveUsage(pool.view)
  }

  var metrics: PoolMetrics { PoolMetrics(pool.view, usage) }

  mutating func allocate(
    _ bytes: UInt64, _ tag: PoolTag = PoolTag("Test"), _ type: PoolType = .nonPaged,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Address {
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    guard case .address(let address) = outcome,
      let block = LiveBlock(pool.view, at: address, type, tag: tag, requestedBytes: bytes)
    else {
      Issue.record("\(bytes) bytes: \(outcome)", sourceLocation: sourceLocation)
      throw Failed()
    }
    blocks[address] = block
    usage.allocated(block)
    return address
  }

  mutating func free(_ address: Address, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(pool.free(address, tag: nil) == .freed, sourceLocation: sourceLocation)
    guard let block = blocks.removeValue(forKey: address) else {
      Issue.record("nothing lives at \(address)", sourceLocation: sourceLocation)
      return
    }
    usage.freed(block)
  }
}

extension PoolMetrics {
  /// A count by name; a missing one is a failed test.
  func count(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> UInt64 {
    guard case .count(let count)? = self[name] else {
      Issue.record("no count \(name)", sourceLocation: sourceLocation)
      throw MeasuredPool.Failed()
    }
    return count
  }
}
