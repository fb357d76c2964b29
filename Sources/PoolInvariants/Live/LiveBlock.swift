import typealias KernelPool.Address
import struct PoolWalk.HeaderFields

/// A small block that a caller holds, as the walk of its page found it.
struct LiveBlock {
  /// The header that the page's chain knows.
  let header: Address
  /// Its fields.
  let fields: HeaderFields
  /// The address that the caller has.
  let address: Address
  /// Position of the page's descriptor.
  let descriptor: Int?
}
