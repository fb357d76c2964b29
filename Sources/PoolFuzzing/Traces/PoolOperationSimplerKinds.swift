import KernelPool
import PropertyTesting

extension PoolOperation {
  /// A plain allocation for contiguous memory, a plain free for one by address.
  public var simplerKinds: [PoolOperation] {
    switch operation {
    case .contiguous(let name, let bytes, _):
      [.nonPaged, .cacheAligned].map {
        PoolOperation(normal: .alloc(name, $0, bytes: bytes, tag: Self.plainTag))
      }
    case .alloc(let name, let type, let bytes, let tag) where type.contains(.quota):
      // Quota takes a pointer's bytes of the block: as many more keep it as large.
      [0, 4, 8].map {
        PoolOperation(
          normal: .alloc(name, type.subtracting(.quota), bytes: bytes &+ $0, tag: tag))
      }
    case .freeAt(.slot(let name, 0), _): [PoolOperation(normal: .free(name, tag: nil))]
    default: []
    }
  }
}
