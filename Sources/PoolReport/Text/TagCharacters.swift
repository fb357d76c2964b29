import KernelPool

extension PoolTag {
  /// The tag as debuggers print it: bytes that cannot be printed become dots, the mark of a
  /// protected block is taken off.
  var characters: String {
    let bytes = unprotected.bytes
    return String(
      decoding: [bytes.0, bytes.1, bytes.2, bytes.3].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}
