import KernelPool

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of the host that costs nothing until it is touched.
///
/// A region of many gigabytes is reserved as addresses; the system commits and zeroes each of its
/// pages on the first access. A reservation that the machine refuses is a value, not a crash.
public enum MappedMemory {
  /// Reserves zeroed bytes, or returns nil where the system refuses.
  public static func reserve(_ byteCount: Int) -> ReservedBytes? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let length = max(byteCount, 1)
    guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED
    else { return nil }
    return ReservedBytes(
      base: base, byteCount: byteCount, release: .used { base, _ in munmap(base, length) })
  }

  /// Gives memory back that `reserve` gave.
  static func giveBack(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    munmap(base, byteCount)
  }
}
