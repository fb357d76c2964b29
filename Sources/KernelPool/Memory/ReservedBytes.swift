/// Zeroed bytes of the host machine that back a region of simulated memory.
///
/// The model itself calls no operating system. A caller that wants gigabytes passes a reserver
/// that commits pages on first touch; small pools use `zeroed`.
public struct ReservedBytes {
  /// The first byte, aligned for any access.
  public let base: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let byteCount: Int
  /// What becomes of the bytes when the pool goes.
  public let release: Release

  /// Gives bytes back.
  public enum Release {
    /// In whatever state they are.
    case used((UnsafeMutableRawPointer, Int) -> Void)
    /// All zero again, for the next pool: what the pool touched is cleared first. Clearing a few
    /// dozen pages costs less than asking the system for fresh ones.
    case cleared((UnsafeMutableRawPointer, Int) -> Void)
  }

  /// Bytes that `release` will be called for once.
  public init(base: UnsafeMutableRawPointer, byteCount: Int, release: Release) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  /// Gives bytes back that nothing has touched.
  func giveBack() {
    switch release {
    case .used(let release), .cleared(let release): release(base, byteCount)
    }
  }

  /// Reserves zeroed bytes, or returns nil where the machine has not enough.
  public typealias Reserver = (_ byteCount: Int) -> ReservedBytes?

  /// Bytes that are written, and so committed, at once.
  public static func zeroed(_ byteCount: Int) -> ReservedBytes? {
    let base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 16), alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return ReservedBytes(
      base: base, byteCount: byteCount, release: .used { base, _ in base.deallocate() })
  }
}
