/// The pointer width of the system that a listing comes from, as its addresses show it: eight
/// digits or sixteen.
public enum PointerWidth: Sendable, Hashable {
  /// x86: block headers of 8 bytes, sizes in multiples of 8.
  case bits32
  /// x64: block headers of 16 bytes, sizes in multiples of 16.
  case bits64

  /// The size of a block header and the multiple of every block size, in bytes (Mandt 2011).
  public var unitBytes: UInt64 { self == .bits32 ? 8 : 16 }
}
