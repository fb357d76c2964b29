import KernelPool
import Platform
import Synchronization

/// Memory that the pools of short traces hand on to each other.
///
/// Mapping fresh memory for every trace costs two system calls and a page fault for each page that
/// the trace touches, several times what the trace itself costs. Here a pool that goes clears what
/// it touched, and the next one, of whatever configuration, starts on memory that is all zero.
/// Large pools get fresh memory as ever: they live long, and what they leave is given back to the
/// system at once.
public enum RecycledMemory {
  /// Bytes of each block that is handed on: room for the machines of the trace language's defaults
  /// and of the generators.
  public static let blockBytes = 16 << 20
  /// The most blocks that wait, each with what its largest user touched still in memory.
  public static let mostWaiting = 8

  /// Blocks that are all zero, by their addresses.
  private static let waiting = Mutex<[UInt]>([])

  /// Reserves zeroed bytes, or returns nil where the system refuses.
  public static func reserve(_ byteCount: Int) -> ReservedBytes? {
    guard byteCount <= blockBytes else { return MappedMemory.reserve(byteCount) }
    let known = waiting.withLock { $0.popLast() }
    guard
      let base = known.flatMap(UnsafeMutableRawPointer.init(bitPattern:))
        ?? HostMemory.reserve(blockBytes)
    else { return nil }
    return ReservedBytes(
      base: base, byteCount: byteCount, release: .cleared { base, _ in hand(on: base) })
  }

  private static func hand(on base: UnsafeMutableRawPointer) {
    let isKept = waiting.withLock { waiting in
      guard waiting.count < mostWaiting else { return false }
      waiting.append(UInt(bitPattern: base))
      return true
    }
    if !isKept { HostMemory.release(base, blockBytes) }
  }
}

/// Memory of the host that costs nothing until it is touched.
///
/// A region of many gigabytes is reserved as addresses; the system commits and zeroes each of its
/// pages on the first access. A reservation that the machine refuses is a value, not a crash.
public enum MappedMemory {
  /// Reserves zeroed bytes, or returns nil where the system refuses.
  public static func reserve(_ byteCount: Int) -> ReservedBytes? {
    guard let base = HostMemory.reserve(byteCount) else { return nil }
    return ReservedBytes(
      base: base, byteCount: byteCount,
      release: .used { base, _ in HostMemory.release(base, byteCount) })
  }
}
