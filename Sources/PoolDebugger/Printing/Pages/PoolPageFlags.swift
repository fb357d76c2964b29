/// The flags of `!pool` (Microsoft, `!pool`).
public struct PoolPageFlags: OptionSet, Sendable {
  /// The bits as a debugger takes them.
  public let rawValue: UInt32
  /// Flags from their bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The first words of every block's body as well.
  public static let contents = PoolPageFlags(rawValue: 1)
  /// Only the block that contains the address.
  public static let onlyTheBlock = PoolPageFlags(rawValue: 2)
  /// No descriptions of tags.
  public static let withoutDescriptions = PoolPageFlags(rawValue: 0x8000_0000)
}
