#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of the host, by the page.
public enum HostMemory {
  /// Reserves zeroed bytes that cost nothing until they are touched; nil where the system refuses.
  public static func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let base = mmap(nil, max(byteCount, 1), PROT_READ | PROT_WRITE, flags, -1, 0)
    return base == MAP_FAILED ? nil : base
  }

  /// Gives memory back that ``reserve(_:)`` or ``share(_:_:)`` gave.
  public static func release(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    munmap(base, max(byteCount, 1))
  }

  /// Maps the content of a file that processes share; nil where the system refuses.
  public static func share(_ descriptor: Int32, _ byteCount: Int) -> UnsafeMutableRawPointer? {
    let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    return base == MAP_FAILED ? nil : base
  }
}
