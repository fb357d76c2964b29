/// What an operation filled with an allocation's pattern as the last thing that it did.
///
/// The fill is the one store whose bytes an audit knows before it reads them. Until the next store
/// they show the pattern, wherever they lie, so that an audit between the two need not read them: it
/// holds the place of the bytes that it would compare against the place of those that were filled.
/// Whoever hands one to an audit vouches that nothing was stored in between.
public struct FilledMemory {
  /// The seed of the pattern.
  public let seed: UInt64
  /// Where the pattern's first byte lies; nil before anything was filled.
  private var host: UnsafeRawPointer?
  /// How many bytes from there on were filled without a gap.
  private var byteCount: UInt64 = 0

  /// Nothing filled yet with the pattern of this seed.
  public init(seed: UInt64) { self.seed = seed }

  /// Notes that the pattern's bytes from `offset` on were stored to `piece`. Pieces come in the order
  /// of their offsets; those behind a gap, in the pattern or in the host's memory, do not count.
  public mutating func add(_ piece: UnsafeMutableRawBufferPointer, at offset: UInt64) {
    guard let base = piece.baseAddress, offset == byteCount else { return }
    let start = host ?? UnsafeRawPointer(base)
    guard start + Int(offset) == UnsafeRawPointer(base) else { return }
    host = start
    byteCount &+= UInt64(piece.count)
  }

  /// True where the bytes before `end` of what lies at `host` were filled with the pattern of a seed.
  @inline(__always)
  func covers(_ host: UnsafeRawPointer, before end: UInt64, seed: UInt64) -> Bool {
    self.host == host && self.seed == seed && end <= byteCount
  }
}
