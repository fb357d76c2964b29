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
    case .freeAt(.slot(let name, 0), _): [PoolOperation(normal: .free(name, tag: nil))]
    default: []
    }
  }
}
