/// `!pool`'s line for an allocation in special pool, as the debugger of Windows XP prints it.
///
/// That debugger prints eight bytes too few, so that four bytes appear as fffffffc (samples 050 to
/// 052), and the end of the page instead of the block.
public struct SpecialPoolLine: Sendable, Hashable {
  /// The address as printed.
  public var address: UInt64
  /// The size as printed, in bytes.
  public var printedSizeBytes: UInt64
  /// The tag.
  public var tag: ListedTag

  /// The size of the allocation in bytes: the printed one and the eight that are missing.
  public var sizeBytes: UInt64 { (printedSizeBytes &+ 8) & 0xFFFF_FFFF }
}
