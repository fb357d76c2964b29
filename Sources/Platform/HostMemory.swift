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

  /// Gives memory back that ``reserve(_:)`` gave.
  public static func release(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    munmap(base, max(byteCount, 1))
  }

  /// Reserves addresses that nobody can read or write; nil where the system refuses.
  public static func reserveClosed(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let base = mmap(nil, max(byteCount, 1), PROT_NONE, flags, -1, 0)
    return base == MAP_FAILED ? nil : base
  }

  /// Puts a file's first bytes where closed addresses were reserved: pages that are read are the file's, those
  /// that are written a copy. They are still closed. False where the system refuses.
  public static func coverByFile(
    _ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ byteCount: Int
  ) -> Bool {
    mmap(base, byteCount, PROT_NONE, MAP_PRIVATE | MAP_FIXED, descriptor, 0) != MAP_FAILED
  }

  /// Lets whole pages be read and written, or no longer; false where the system refuses.
  public static func setOpen(
    _ isOpen: Bool, _ base: UnsafeMutableRawPointer, _ byteCount: Int
  ) -> Bool {
    byteCount <= 0 || mprotect(base, byteCount, isOpen ? PROT_READ | PROT_WRITE : PROT_NONE) == 0
  }

  /// Maps the content of a file that processes share, a page that nobody can touch on either side: who
  /// runs over the end of memory beside it ends there. Nil where the system refuses.
  public static func share(_ descriptor: Int32, _ byteCount: Int) -> UnsafeMutableRawPointer? {
    let (page, whole) = guarded(byteCount)
    guard let closed = reserveClosed(whole) else { return nil }
    let base = mmap(
      closed + page, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0)
    if base == MAP_FAILED {
      release(closed, whole)
      return nil
    }
    return base
  }

  /// Unmaps what ``share(_:_:)`` mapped, with the pages beside it.
  public static func releaseShared(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    let (page, whole) = guarded(byteCount)
    release(base - page, whole)
  }

  /// Bytes of a page, and of all pages of a shared area with one before and one behind.
  private static func guarded(_ byteCount: Int) -> (page: Int, whole: Int) {
    let page = Int(getpagesize())
    return (page, (byteCount + page - 1) / page * page + 2 * page)
  }
}

/// The resident memory of this process, read without asking for memory.
///
/// Anonymous memory is what an allocator gets from the system; files and what processes share are not
/// its doing. Linux only: elsewhere every answer is 0.
public struct ResidentSet {
  private let exact: Int32
  private let rough: Int32
  private let buffer: UnsafeMutablePointer<UInt8>
  private static let bufferBytes = 2048

  /// Opens what the system tells it by.
  public init() {
    exact = open("/proc/self/smaps_rollup", O_RDONLY)
    rough = open("/proc/self/statm", O_RDONLY)
    buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.bufferBytes)
  }

  /// Resident anonymous bytes to the page; takes tens of microseconds. Where the system does not
  /// tell, all resident bytes.
  public func bytes() -> UInt64 {
    let count = pread(exact, buffer, Self.bufferBytes, 0)
    var index = 0
    while index + Self.name.utf8CodeUnitCount < count {
      let found = memcmp(buffer + index, Self.name.utf8Start, Self.name.utf8CodeUnitCount) == 0
      if found { return number(from: index + Self.name.utf8CodeUnitCount, count) * 1024 }
      index += 1
    }
    return roughBytes()
  }

  private static let name: StaticString = "\nAnonymous:"

  /// Bytes of address space in use.
  public func addressSpaceBytes() -> UInt64 {
    let count = pread(rough, buffer, Self.bufferBytes, 0)
    return number(from: 0, count) * Machine.pageBytes
  }

  /// Resident bytes to some dozens of pages; takes about a microsecond.
  public func roughBytes() -> UInt64 {
    let count = pread(rough, buffer, Self.bufferBytes, 0)
    var index = 0
    while index < count, buffer[index] != 0x20 { index += 1 }
    return number(from: index, count) * Machine.pageBytes
  }

  /// The same without what files and other processes have a part in.
  public func roughPrivateBytes() -> UInt64 {
    let count = pread(rough, buffer, Self.bufferBytes, 0)
    var index = 0
    while index < count, buffer[index] != 0x20 { index += 1 }
    let resident = number(from: index, count)
    index += 1
    while index < count, buffer[index] != 0x20 { index += 1 }
    let shared = number(from: index, count)
    return (resident > shared ? resident - shared : 0) * Machine.pageBytes
  }

  private func number(from start: Int, _ count: Int) -> UInt64 {
    var index = start
    while index < count, buffer[index] == 0x20 || buffer[index] == 0x09 { index += 1 }
    var value: UInt64 = 0
    while index < count, buffer[index] >= 0x30, buffer[index] <= 0x39 {
      value = value &* 10 &+ UInt64(buffer[index] - 0x30)
      index += 1
    }
    return value
  }
}
