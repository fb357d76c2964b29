import KernelPool

#if canImport(Glibc)
  import Glibc
#endif

/// A reserver whose memory a test can look at while a pool owns it, and after.
final class WatchedMemory {
  private(set) var base: UnsafeMutableRawPointer
  /// Bytes that the last pool asked for.
  private(set) var byteCount = 0
  /// Pools that had it.
  private(set) var uses = 0
  private let capacity: Int

  init(capacity: Int = 16 << 20) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 4096)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
  }

  deinit { base.deallocate() }

  /// Hands the one block out, to be cleared by its owner.
  func reserve(_ count: Int) -> ReservedBytes? {
    guard count <= capacity else { return nil }
    byteCount = count
    uses += 1
    return ReservedBytes(base: base, byteCount: count, release: .cleared { _, _ in })
  }

  /// True where every byte is zero.
  var isClear: Bool {
    memcmp(base, base + 1, capacity - 1) == 0 && base.load(as: UInt8.self) == 0
  }

  /// True where the bytes of two pools, marks included, are the same.
  func holdsTheSame(as other: WatchedMemory) -> Bool {
    byteCount == other.byteCount && memcmp(base, other.base, byteCount) == 0
  }
}
